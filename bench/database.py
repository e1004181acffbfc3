"""Give a run a Postgres database and a Valkey that nobody else uses.

The embedded ones, unless DATABASE_URL or REDIS_URL name a server: then the run has a
database of its own on that server and removes it at the end.
"""

import contextlib
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bench.servers import ROOT, Servers
from config.env import Env, with_user
from config.launcher.embedded import SUPERUSER, Postgres, Valkey
from config.launcher.homes import lesser_account, postgres_home, socket_folder
from config.launcher.prepare import OWNER, make_owner
from config.launcher.problems import LaunchError

PASSED_ON: Final = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH")
DATA_RANK: Final = 2  # ended after everything that writes to it


@dataclass(slots=True)
class Store:
    """The environment of the product's processes, and the database's own."""

    environment: dict[str, str]
    pids: list[int] = field(default_factory=list)
    # Of the run's own Valkey; None when REDIS_URL names one that is somebody's.
    valkey_pid: int | None = None


def plain_environment() -> dict[str, str]:
    """What processes see of this one's environment: no key of a real provider."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}


@contextlib.contextmanager
def database(run: Servers, home: Path, cores: frozenset[int]) -> Iterator[Store]:
    """Start what is embedded, and yield how to reach it."""
    store = Store(
        {
            **plain_environment(),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "SECRET_KEY": secrets.token_hex(),
            "KEY_PEPPER": secrets.token_hex(),
            # 43 letters of URL-safe base64: 32 bytes without their padding.
            "KEY_ENCRYPTION_KEYS": f"1:{secrets.token_urlsafe(32)}",
            "MODELOPTIX_DATA_DIR": str(home),
        }
    )
    _valkey(run, home, store, cores)
    given = Env().text("DATABASE_URL")
    if not given:
        _postgres(run, home, store, cores)
        yield store
        return
    store.environment |= _own_database(given)
    try:
        yield store
    finally:
        with contextlib.suppress(LaunchError):
            prepare(store, "--drop")


def _postgres(run: Servers, home: Path, store: Store, cores: frozenset[int]) -> None:
    account = lesser_account()
    place = postgres_home(home)
    server = Postgres(place, socket_folder(place / "sockets", account), account)
    server.create()
    process = run.start(
        "postgres",
        server.command(),
        cores=cores,
        env=plain_environment(),
        rank=DATA_RANK,
        account=account,
    )
    run.wait_for("postgres", server.is_ready)
    make_owner(server.url(SUPERUSER, SUPERUSER))
    store.pids.append(process.pid)
    store.environment |= {
        "DATABASE_URL": server.url("modeloptix_app"),
        "DATABASE_OWNER_URL": server.url(OWNER),
    }


def _valkey(run: Servers, home: Path, store: Store, cores: frozenset[int]) -> None:
    if given := Env().text("REDIS_URL"):
        store.environment["REDIS_URL"] = given
        return
    server = Valkey(home / "valkey", socket_folder(home / "sockets", None))
    server.create()
    process = run.start(
        "valkey", server.command(), cores=cores, env=plain_environment(), rank=DATA_RANK
    )
    run.wait_for("valkey", server.is_ready)
    store.pids.append(process.pid)
    store.valkey_pid = process.pid
    store.environment["REDIS_URL"] = server.url


def _own_database(given: str) -> dict[str, str]:
    """The given server's URLs, with a new database's name in place of theirs."""
    name = f"modeloptix_bench_{secrets.token_hex(4)}"
    owner = Env().text("DATABASE_OWNER_URL", with_user(given, "modeloptix_owner"))
    return {
        "DATABASE_URL": _renamed(given, name),
        "DATABASE_OWNER_URL": _renamed(owner, name),
    }


def _renamed(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def prepare(store: Store, argument: str) -> None:
    """Run `bench.prepare` in the run's environment."""
    problem = "The database could not be filled"
    run_python(store, "-m", "bench.prepare", argument, problem=problem)


def run_python(store: Store, *arguments: str, problem: str) -> str:
    """Run Python to its end in the run's environment; gives what it printed."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=store.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()[-15:]
        raise LaunchError(f"{problem}:\n" + "\n".join(words))
    return done.stdout
