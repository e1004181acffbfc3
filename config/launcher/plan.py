"""Decide what has to run for a command: which services, with which environment."""

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from config.launcher import environment, homes, wheels
from config.launcher.child import Service, Voice
from config.launcher.embedded import SUPERUSER, Postgres, Valkey
from config.launcher.environment import ROOT
from config.launcher.probes import answers_http
from config.launcher.problems import free_port

LOGINS = {
    "DATABASE_URL": "modeloptix_app",
    "DATABASE_OWNER_URL": "modeloptix_owner",
    "DATABASE_JOBS_URL": "modeloptix_jobs",
    "DATABASE_LEDGER_URL": "modeloptix_ledger",
}
MODEL_HOST = "127.0.0.1"
# As many requests touch the database at once in one web process.
WEB_POOL_SIZE = "10"
# For streams under way; who sits at a terminal does not want to wait for long.
STREAMS_GRACE_S = "3"
# After it granian ends what hangs, and after that we do.
SETTLE_S, MARGIN_S = 3, 0.5
# A celery task is handed out again.
JOBS_GRACE_S, DATA_GRACE_S = 3.0, 2.5
# Celery warns at each start as root; the start itself is as safe as its user's.
ROOT_IS_FINE = "ignore:You're running the worker with superuser privileges"
# Requests end first, the data last.
FRONT, QUEUE, STORE = 0, 1, 2


@dataclass(frozen=True)
class Options:
    """What the command line asked for."""

    host: str = "127.0.0.1"
    port: int = 8000
    has_local_model: bool = True
    is_test: bool = False


@dataclass(frozen=True)
class Plan:
    """Everything decided: the folders, the embedded parts, the environment."""

    data: Path
    options: Options
    postgres: Postgres | None
    valkey: Valkey | None
    model_port: int | None
    environment: Mapping[str, str]

    @property
    def superuser_url(self) -> str | None:
        return self.postgres.url(SUPERUSER, "postgres") if self.postgres else None

    @property
    def doomed(self) -> list[Path]:
        """The folders that go when this ends: those of a test."""
        if not self.options.is_test:
            return []
        inside = [p.sockets for p in (self.postgres, self.valkey) if p]
        outside = [self.postgres.home] if self.postgres else []
        return [*inside, *outside, self.data]

    @property
    def demo(self) -> Path:
        return self.data / "demo.json"

    @property
    def local_model_url(self) -> str:
        return _model_url(self.model_port) if self.model_port else ""


def make_plan(data: Path, options: Options) -> Plan:
    """Decide; nothing is started, and a database that is given is not replaced."""
    given = environment.sealed() if options.is_test else environment.inherited()
    postgres = None if given.get("DATABASE_URL") else _postgres(data, options)
    valkey = None if given.get("REDIS_URL") else _valkey(data)
    model_port = None
    is_given = bool(given.get("LOCAL_MODEL_URL"))
    if options.has_local_model and not is_given and wheels.model_file():
        model_port = free_port(MODEL_HOST)
    made = environment.base(data, given) | environment.site(
        options.host, options.port, given
    )
    if postgres:
        made |= {name: postgres.url(login) for name, login in LOGINS.items()}
    if valkey:
        made["REDIS_URL"] = valkey.url
    if model_port:
        made[_model_variable(options)] = _model_url(model_port)
    return Plan(data, options, postgres, valkey, model_port, made)


def _model_variable(options: Options) -> str:
    """Tests decide one by one whether they want a real model's answer."""
    return "MODELOPTIX_TEST_LOCAL_MODEL" if options.is_test else "LOCAL_MODEL_URL"


def _model_url(port: int) -> str:
    return f"http://{MODEL_HOST}:{port}/v1"


def _postgres(data: Path, options: Options) -> Postgres:
    account = homes.lesser_account()
    home = homes.postgres_home(data)
    sockets = homes.socket_folder(home / "socket", account)
    return Postgres(home, sockets, account, is_durable=not options.is_test)


def _valkey(data: Path) -> Valkey:
    sockets = homes.socket_folder(data / "socket", account=None)
    return Valkey(data / "valkey", sockets)


def data_services(plan: Plan) -> list[Service]:
    services: list[Service] = []
    if plan.postgres:
        services.append(_postgres_service(plan.postgres))
    if plan.valkey:
        services.append(_valkey_service(plan.valkey))
    # Tests provoke errors on purpose.
    voice = Voice.NONE if plan.options.is_test else Voice.WARNINGS
    return [replace(service, voice=voice) for service in services]


def _postgres_service(postgres: Postgres) -> Service:
    return Service(
        "postgres",
        postgres.command(),
        {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath},
        is_ready=postgres.is_ready,
        before=postgres.clear_leftovers,
        stop_signal=signal.SIGINT,
        grace_s=DATA_GRACE_S,
        rank=STORE,
        folder=Path("/"),
        account=postgres.account,
    )


def _valkey_service(valkey: Valkey) -> Service:
    return Service(
        "valkey",
        valkey.command(),
        {"PATH": os.defpath},
        is_ready=valkey.is_ready,
        before=valkey.create,
        grace_s=DATA_GRACE_S,
        rank=QUEUE,
        folder=valkey.home.parent,
    )


def model_service(plan: Plan) -> Service | None:
    port = plan.model_port
    if not port:
        return None
    return replace(
        _python(plan, "local model", ["config.launcher.local_model", str(port)]),
        is_ready=lambda: answers_http(MODEL_HOST, port, "/health"),
        voice=Voice.WARNINGS,
    )


def prepare_service(plan: Plan, flags: list[str]) -> Service:
    module = ["config.launcher.prepare", *flags]
    return _python(plan, "database", module)


def web_service(plan: Plan) -> Service:
    host, port = plan.options.host, plan.options.port
    made = {"DATABASE_POOL_SIZE": WEB_POOL_SIZE, "SHUTDOWN_GRACE_S": STREAMS_GRACE_S}
    ours = made | dict(plan.environment)
    kill_after_s = _seconds(ours["SHUTDOWN_GRACE_S"]) + SETTLE_S
    module = [
        *("granian", "--interface", "asgi", "--loop", "uvloop", "--no-ws"),
        *("--workers", "1", "--workers-kill-timeout", str(kill_after_s)),
        *("--host", host, "--port", str(port), "--log-level", "warning"),
        *("--static-path-route", "/static", "--static-path-mount", "static"),
        "config.asgi:application",
    ]
    return replace(
        _python(plan, "web", module),
        environment=ours,
        grace_s=kill_after_s + MARGIN_S,
        is_ready=lambda: answers_http(host, port, "/health"),
    )


def _seconds(text: str) -> int:
    """What is no number stops the web process itself, which says so."""
    return int(text) if text.isdecimal() else int(STREAMS_GRACE_S)


def job_services(plan: Plan) -> list[Service]:
    """Return the worker and the beat; threads, because forking is trouble on macOS."""
    celery = ["celery", "--quiet", "--app", "config.celery"]
    pool = ["--pool", "threads", "--concurrency", "4"]
    lone = ["--without-gossip", "--without-mingle"]
    level = ["--loglevel", "WARNING"]
    schedule = ["--schedule", str(plan.data / "beat-schedule"), "--pidfile="]
    worker = [*celery, "worker", *pool, *lone, *level]
    beat = [*celery, "beat", *schedule, *level]
    ours = replace(
        _python(plan, "worker", worker),
        environment={"PYTHONWARNINGS": ROOT_IS_FINE, **plan.environment},
    )
    return [ours, _python(plan, "beat", beat)]


def _python(plan: Plan, name: str, module: list[str]) -> Service:
    return Service(
        name,
        [sys.executable, "-m", *module],
        plan.environment,
        grace_s=JOBS_GRACE_S,
        rank=FRONT,
        folder=ROOT,
    )
