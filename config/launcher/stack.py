"""Bring the services of a plan up, in order and with what each step needs."""

import json
from collections.abc import Sequence
from pathlib import Path

from config.launcher.child import Service
from config.launcher.console import Console
from config.launcher.environment import write_private
from config.launcher.fingerprint import STEP, fingerprint
from config.launcher.plan import Plan, data_services, model_service, prepare_service
from config.launcher.supervisor import Supervisor

DATA_READY_S = 60.0
MODEL_READY_S = 60.0


class Stack:
    """A plan with the supervisor that runs it."""

    def __init__(self, plan: Plan, supervisor: Supervisor, console: Console) -> None:
        self.plan = plan
        self.supervisor = supervisor
        self.console = console

    def start_data(self) -> None:
        postgres = self.plan.postgres
        if postgres and not postgres.cluster.exists():
            with self.console.step("Postgres, first time"):
                self._stamp.unlink(missing_ok=True)
                postgres.create()
        services = data_services(self.plan)
        for service in services:
            self.supervisor.start(service)
        for service in services:
            self._await(service, seconds=DATA_READY_S)

    def start_model(self) -> bool:
        """Start loading the local model; it takes its time beside the rest."""
        service = model_service(self.plan)
        if service:
            self.supervisor.start(service)
        return service is not None

    def await_model(self) -> None:
        service = model_service(self.plan)
        if service:
            self._await(service, seconds=MODEL_READY_S)

    def start(self, service: Service, *, seconds: float) -> None:
        self.supervisor.start(service)
        self._await(service, seconds=seconds)

    def _await(self, service: Service, *, seconds: float) -> None:
        with self.console.step(service.name.capitalize()):
            self.supervisor.wait_ready(service.name, seconds=seconds)

    @property
    def _stamp(self) -> Path:
        return self.plan.data / "prepared"

    def prepare(self) -> None:
        """Make the database ready, unless it is known to be.

        Only an embedded cluster is known: a database elsewhere may have been replaced.
        """
        wanted = fingerprint()
        is_known = self._stamp.exists() and self._stamp.read_text().strip() == wanted
        if is_known and self.plan.postgres and self.plan.demo.exists():
            self._refresh_demo()
            return
        self._run_preparation(["--demo", str(self.plan.demo)])
        write_private(self._stamp, wanted)

    def prepare_logins(self) -> None:
        self._run_preparation(["--logins-only"])

    def _run_preparation(self, more: Sequence[str]) -> None:
        superuser = self.plan.superuser_url
        flags = ["--superuser-url", superuser] if superuser else []
        service = prepare_service(self.plan, [*flags, *more])
        with self.console.step("Database") as retitle:

            def hear(_: str, line: str) -> None:
                if line.startswith(STEP):
                    retitle(line.removeprefix(STEP))

            self.supervisor.run_once(service, hear)

    def _refresh_demo(self) -> None:
        demo = json.loads(self.plan.demo.read_text())
        if demo.get("url") != self.plan.environment["SITE_URL"]:
            demo["url"] = self.plan.environment["SITE_URL"]
            write_private(self.plan.demo, json.dumps(demo, indent=2))
