"""The embedded Postgres and Valkey: started, killed, recovered, for real."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
import redis

from config.launcher import homes
from config.launcher.child import Child, Service
from config.launcher.embedded import SUPERUSER, Postgres, Valkey
from config.launcher.plan import Options, Plan, data_services
from config.launcher.processes import kill_family, stop_in_order, wait_until


@pytest.fixture(scope="module")
def plan() -> Iterator[Plan]:
    with TemporaryDirectory(prefix="mx-") as folder:
        data = Path(folder)
        account = homes.lesser_account()
        home = homes.postgres_home(data)
        sockets = homes.socket_folder(home / "socket", account)
        postgres = Postgres(home, sockets, account)
        valkey = Valkey(data / "valkey", homes.socket_folder(data / "socket", None))
        postgres.create()
        yield Plan(data, Options(), postgres, valkey, None, {})
    homes.forget_abandoned()


@contextlib.contextmanager
def running(plan: Plan, name: str) -> Iterator[Child]:
    services = {service.name: service for service in data_services(plan)}
    child = start(services[name], plan.data)
    try:
        yield child
    finally:
        assert child.process
        stop_in_order([child.process])
        reap(child)


def start(service: Service, folder: Path) -> Child:
    child = Child(service, folder / f"{service.name}.log", lambda *_: None)
    child.start()
    assert wait_until(service.is_ready, seconds=20), list(child.tail)
    return child


def kill(child: Child) -> None:
    assert child.process
    os.kill(child.process.pid, signal.SIGKILL)
    reap(child)
    kill_family([child.process])


def reap(child: Child) -> None:
    assert child.popen
    child.popen.wait()


def query(plan: Plan, statement: str) -> list[tuple[object, ...]]:
    assert plan.superuser_url
    with psycopg.connect(plan.superuser_url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def test_postgres_keeps_what_it_confirmed_when_it_is_killed(plan: Plan) -> None:
    with running(plan, "postgres") as first:
        query(plan, "CREATE TABLE kept AS SELECT 1 AS one")
        kill(first)

        again = start(first.service, plan.data)

        assert query(plan, "SELECT one FROM kept") == [(1,)]
        assert again.process
        stop_in_order([again.process])
        reap(again)


def test_postgres_has_the_extensions_and_no_port(plan: Plan) -> None:
    with running(plan, "postgres"):
        for name in ("vector", "pg_trgm", "unaccent", "citext", "btree_gin"):
            query(plan, f"CREATE EXTENSION {name}")

        assert query(plan, "SHOW listen_addresses") == [("",)]
        assert query(plan, "SHOW server_encoding") == [("UTF8",)]


def test_stale_pid_file_with_a_strangers_number_does_not_stop_a_start(
    plan: Plan,
) -> None:
    assert plan.postgres
    lines = [str(os.getpid()), str(plan.postgres.cluster), "1", "5432", "", "", "", "x"]
    plan.postgres.pid_file.write_text("\n".join(lines) + "\n")

    with running(plan, "postgres"):
        assert query(plan, f"SELECT current_user = '{SUPERUSER}'") == [(True,)]


def test_interrupted_first_setup_is_made_again(tmp_path: Path) -> None:
    account = homes.lesser_account()
    home = homes.postgres_home(tmp_path)
    half = home / "making"
    half.mkdir()
    (half / "PG_VERSION").touch()

    Postgres(home, home / "socket", account, is_durable=False).create()

    assert (home / "cluster" / "PG_VERSION").read_text().strip() == "18"
    assert not half.exists()


def test_valkey_keeps_its_queue_when_it_is_killed(plan: Plan) -> None:
    assert plan.valkey
    with running(plan, "valkey") as first:
        with redis.Redis(unix_socket_path=str(plan.valkey.socket)) as caller:
            caller.rpush("queue", "task")
            # Appended within the second, as a broker's task must be.
            caller.execute_command("WAITAOF", 1, 0, 2000)
        kill(first)

        again = start(first.service, plan.data)

        with redis.Redis(unix_socket_path=str(plan.valkey.socket)) as caller:
            assert caller.lrange("queue", 0, -1) == [b"task"]
            policy = caller.config_get("maxmemory-policy")
            assert policy == {"maxmemory-policy": "noeviction"}
        assert again.process
        stop_in_order([again.process])
        reap(again)
