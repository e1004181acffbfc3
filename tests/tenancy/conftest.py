"""Ways to the same database: direct, Django's pool, pgbouncer in transaction mode."""

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.conf import settings
from django.db import connections

from apps.accounts.models import Organization
from tests.database import close_all
from tests.factories import make_key, make_org

BOUNCER_PORT = 6543


@pytest.fixture
def orgs(transactional_db: None) -> list[Organization]:
    """Twenty organizations, each with one key that is named after it."""
    made = [make_org(f"Org {number}") for number in range(20)]
    for org in made:
        make_key(org, name=str(org.id))
    return made


@pytest.fixture(params=["direct", "pool", "pgbouncer"])
def way(
    request: pytest.FixtureRequest, orgs: list[Organization], tmp_path: Path
) -> Iterator[str]:
    """Every new connection of the web login goes this way."""
    kind: str = request.param
    database = settings.DATABASES["default"]
    close_all()
    before = {**database, "OPTIONS": dict(database["OPTIONS"])}
    if kind == "pool":
        database["CONN_HEALTH_CHECKS"] = True
        database["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 8, "timeout": 10}
    bouncer = _start_bouncer(tmp_path) if kind == "pgbouncer" else None
    if bouncer:
        database.update(HOST=str(tmp_path), PORT=str(BOUNCER_PORT))
    yield kind
    close_all()
    if kind == "pool":
        default: Any = connections["default"]
        default.close_pool()
    database.update(before)
    if bouncer:
        bouncer.terminate()
        bouncer.wait(10)


def _start_bouncer(folder: Path) -> "subprocess.Popen[bytes]":
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("pgbouncer is not installed")
    command = [program, str(_configuration(folder))]
    if os.geteuid() == 0:
        # It refuses to run as root.
        command[1:1] = ["-u", "nobody"]
        nobody = pwd.getpwnam("nobody")
        _make_reachable(folder, nobody.pw_uid)
    bouncer = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    _wait_until_listening(folder)
    return bouncer


def _configuration(folder: Path) -> Path:
    database = settings.DATABASES["default"]
    users = folder / "users.txt"
    users.write_text(f'"{database["USER"]}" "{database["PASSWORD"]}"\n')
    server = f"host={database['HOST']} port={database['PORT'] or 5432}"
    path = folder / "pgbouncer.ini"
    path.write_text(
        f"""
[databases]
* = {server}
[pgbouncer]
pool_mode = transaction
default_pool_size = 3
max_client_conn = 100
listen_addr =
unix_socket_dir = {folder}
listen_port = {BOUNCER_PORT}
auth_type = trust
auth_file = {users}
ignore_startup_parameters = extra_float_digits
"""
    )
    return path


def _make_reachable(folder: Path, uid: int) -> None:
    for path in (folder, *folder.iterdir()):
        os.chown(path, uid, -1)
    for parent in folder.parents:
        if parent.stat().st_uid == os.geteuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)


def _wait_until_listening(folder: Path) -> None:
    database = settings.DATABASES["default"]
    until = time.monotonic() + 10
    while True:
        try:
            psycopg.connect(
                host=str(folder),
                port=BOUNCER_PORT,
                dbname=database["NAME"],
                user=database["USER"],
            ).close()
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


@pytest.fixture
def stamp() -> Callable[[], UUID | None]:
    """What Postgres sees as the organization of a statement."""

    def read() -> UUID | None:
        with connections["default"].cursor() as cursor:
            cursor.execute(
                "SELECT nullif(current_setting('app.org_id', true), '')::uuid"
            )
            found: UUID | None = cursor.fetchone()[0]
            return found

    return read
