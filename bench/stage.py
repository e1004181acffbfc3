"""Set the scene of a run: mock upstream, bare pass-through and the product."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from bench import peers
from bench.database import Store, plain_environment, prepare
from bench.machine import Cores
from bench.prompts import HOST
from bench.servers import Servers
from config.launcher.plan import WEB_POOL_SIZE
from config.launcher.probes import answers_http
from config.launcher.problems import free_port

_PRODUCT: Final = "config.asgi:application"
MOCK_RANK: Final = 1  # the gateways, at rank 0, are ended before their upstream


@dataclass(frozen=True, slots=True)
class Target:
    """Something that answers chat completions, and whose CPU that costs."""

    name: str
    port: int
    pid: int
    key: str = "none"
    # Knows the models by name, and no `auto`.
    is_peer: bool = False


@dataclass(slots=True)
class Stage:
    """Starts the targets, each where `cores` says."""

    run: Servers
    home: Path
    cores: Cores

    def mock(self) -> Target:
        port = free_port()
        command = [sys.executable, "-m", "bench.mock", str(port)]
        process = self.run.start(
            "mock",
            command,
            cores=self.cores.others,
            env=plain_environment(),
            rank=MOCK_RANK,
        )
        self.run.wait_for("mock", lambda: answers_http(HOST, port, "/health"))
        return Target("direct", port, process.pid)

    def bare(self, mock: Target) -> Target:
        upstream = {"BENCH_UPSTREAM": f"http://{HOST}:{mock.port}"}
        return self._serve("bare", "bench.relay:application", upstream)

    def ours(self, mock: Target, store: Store) -> Target:
        prepare(store, f"http://{HOST}:{mock.port}/v1")
        key = json.loads((self.home / "demo.json").read_text())["live_key"]
        return self._serve("ours", _PRODUCT, _environment(store), key)

    def litellm(self, mock: Target) -> Target | None:
        """The other gateway; None where it cannot be installed."""
        if (programs := peers.install_litellm(self.home)) is None:
            return None
        port = free_port()
        command = peers.litellm_command(
            programs,
            home=self.home,
            upstream=f"http://{HOST}:{mock.port}/v1",
            port=port,
        )
        process = self.run.start(
            "litellm",
            command,
            cores=self.cores.gateway,
            env=plain_environment() | peers.ENVIRONMENT,
        )
        ready = partial(answers_http, HOST, port, "/health/liveliness")
        self.run.wait_for("litellm", ready)
        return Target("litellm", port, process.pid, peers.KEY, is_peer=True)

    def another(self, store: Store) -> Target:
        """One more process of the product that `ours` has made ready."""
        return self._serve(
            f"ours-{len(self.run.started)}", _PRODUCT, _environment(store)
        )

    def _serve(
        self, name: str, application: str, env: Mapping[str, str], key: str = "none"
    ) -> Target:
        port = free_port()
        process = self.run.start(
            name,
            granian(application, port),
            cores=self.cores.gateway,
            env=plain_environment() | dict(env),
        )
        self.run.wait_for(name, lambda: answers_http(HOST, port, "/health"))
        return Target(name, port, process.pid, key)


def _environment(store: Store) -> dict[str, str]:
    return {
        **store.environment,
        "DATABASE_POOL_SIZE": WEB_POOL_SIZE,
        # Counted like any other limit, but never reached.
        "RATE_LIMIT_MAX": "1000000000",
    }


def granian(application: str, port: int) -> Sequence[str]:
    """One worker, served as `./run` serves it."""
    return [
        *(sys.executable, "-m", "granian", application),
        *("--interface", "asgi", "--host", HOST, "--port", str(port)),
        *("--workers", "1", "--loop", "uvloop", "--no-ws"),
        *("--workers-kill-timeout", "5", "--log-level", "warning"),
    ]
