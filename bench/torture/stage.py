"""A Postgres, a Valkey and workers of the run's own, each of which can be killed."""

import base64
import contextlib
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.database import plain_environment
from bench.servers import ROOT, Servers, servers
from bench.torture import tables
from config.launcher.embedded import SUPERUSER, Postgres, Valkey
from config.launcher.homes import (
    forget_abandoned,
    lesser_account,
    postgres_home,
    socket_folder,
)
from config.launcher.prepare import OWNER, make_owner
from config.launcher.problems import LaunchError
from config.launcher.processes import Process, birth_mark

# In this order they are ended.
WORK_RANK: Final = 0
QUEUE_RANK: Final = 1
DATA_RANK: Final = 2
ANY_CORE: Final = frozenset(range(os.cpu_count() or 1))


@dataclass(slots=True)
class Nursery:
    """A process that has Django loaded and forks a worker whenever it is asked."""

    process: "subprocess.Popen[str]"

    def fork(self) -> int:
        """A new worker's process id."""
        assert self.process.stdin is not None  # noqa: S101  # opened as a pipe below
        self.process.stdin.write("one\n")
        self.process.stdin.flush()
        return int(self.read())

    def close(self) -> None:
        """Fork no more; what was forked is ended with the run."""
        # Its pipes are closed with it.
        with self.process:
            pass

    def read(self) -> str:
        assert self.process.stdout is not None  # noqa: S101  # opened as a pipe below
        return self.process.stdout.readline().strip()


@dataclass(slots=True)
class Stage:
    """What stands, how to reach it, and how to break it."""

    run: Servers
    postgres: Postgres
    valkey: Valkey
    environment: dict[str, str]
    nursery: Nursery
    postmaster: "subprocess.Popen[bytes]"
    broker: "subprocess.Popen[bytes]"

    @property
    def owner_url(self) -> str:
        return self.environment["DATABASE_OWNER_URL"]

    def crash_postgres(self) -> None:
        """Kill the server in the middle of everything, and start it again."""
        self.postmaster.kill()
        self.postmaster.wait()
        self.postgres.clear_leftovers()
        self.postmaster = start_postgres(self.run, self.postgres)

    def crash_valkey(self) -> None:
        self.broker.kill()
        self.broker.wait()
        self.broker = start_valkey(self.run, self.valkey)

    def celery(self, name: str) -> "subprocess.Popen[bytes]":
        """A worker as `./run` starts it, that knows the torture's tasks too."""
        command = [
            *(sys.executable, "-W", "ignore", "-m", "celery", "--quiet"),
            *("--app", "config.celery", "worker", "--include", "bench.torture.tasks"),
            *("--pool", "threads", "--concurrency", "4", "--hostname", f"{name}@%h"),
            *("--without-gossip", "--without-mingle", "--loglevel", "WARNING"),
        ]
        return self._start(name, command)

    def poster(self, count: int, seconds: float) -> "subprocess.Popen[bytes]":
        module = ["-m", "bench.torture.poster", str(count), str(seconds)]
        return self._start("poster", [sys.executable, *module])

    def _start(self, name: str, command: list[str]) -> "subprocess.Popen[bytes]":
        return self.run.start(
            name, command, cores=ANY_CORE, env=self.environment, rank=WORK_RANK
        )


@contextlib.contextmanager
def staged(lease_s: float, *, is_fenced: bool = True) -> Iterator[Stage]:
    """Start the services with leases that are short enough to wait for."""
    home = Path(tempfile.mkdtemp(prefix="modeloptix-torture-"))
    with contextlib.ExitStack() as ending:
        # Last of all: under root the cluster lies outside of the folder.
        ending.callback(forget_abandoned)
        run = ending.enter_context(servers(home))
        account = lesser_account()
        place = postgres_home(home)
        postgres = Postgres(place, socket_folder(place / "sockets", account), account)
        postgres.create()
        valkey = Valkey(home / "valkey", socket_folder(home / "sockets", None))
        postmaster, broker = start_postgres(run, postgres), start_valkey(run, valkey)
        make_owner(postgres.url(SUPERUSER, SUPERUSER))
        environment = _environment(home, postgres, valkey, lease_s)
        nursery = _start_nursery(run, environment, is_fenced=is_fenced)
        ending.enter_context(contextlib.closing(nursery))
        tables.create(environment["DATABASE_OWNER_URL"])
        yield Stage(run, postgres, valkey, environment, nursery, postmaster, broker)


def start_postgres(run: Servers, postgres: Postgres) -> "subprocess.Popen[bytes]":
    """It notes when each row was committed, which tells a stale write for certain."""
    process = run.start(
        "postgres",
        [*postgres.command(), "--track_commit_timestamp=on"],
        cores=ANY_CORE,
        env=plain_environment(),
        rank=DATA_RANK,
        account=postgres.account,
    )
    run.wait_for("postgres", postgres.is_ready)
    return process


def start_valkey(run: Servers, valkey: Valkey) -> "subprocess.Popen[bytes]":
    valkey.create()
    process = run.start(
        "valkey",
        valkey.command(),
        cores=ANY_CORE,
        env=plain_environment(),
        rank=QUEUE_RANK,
    )
    run.wait_for("valkey", valkey.is_ready)
    return process


def _start_nursery(
    run: Servers, environment: dict[str, str], *, is_fenced: bool
) -> Nursery:
    flags = [] if is_fenced else ["--unfenced"]
    with (run.logs / "nursery.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.torture.worker", *flags],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    # Its forks live in its session, and are ended with it.
    run.entrust(Process("nursery", process.pid, birth_mark(process.pid)))
    nursery = Nursery(process)
    if nursery.read() != "ready":
        raise LaunchError(f"The workers did not start:\n{run.tail('nursery')}")
    return nursery


def _environment(
    home: Path, postgres: Postgres, valkey: Valkey, lease_s: float
) -> dict[str, str]:
    return {
        **plain_environment(),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRET_KEY": secrets.token_hex(),
        "KEY_PEPPER": secrets.token_hex(),
        "KEY_ENCRYPTION_KEYS": f"1:{_key()}",
        "MODELOPTIX_DATA_DIR": str(home),
        "DATABASE_URL": postgres.url("modeloptix_app"),
        "DATABASE_OWNER_URL": postgres.url(OWNER),
        "REDIS_URL": valkey.url,
        "JOB_HEARTBEAT_S": f"{lease_s / 5:g}",
        "JOB_LEASE_S": f"{lease_s:g}",
        # With the lease, how long Celery waits before it hands a task out again.
        "JOB_LIMIT_S": f"{5 * lease_s:g}",
        "OUTBOX_LEASE_S": f"{2 * lease_s:g}",
    }


def _key() -> str:
    """32 random bytes in base64."""
    return base64.b64encode(secrets.token_bytes(32)).decode()
