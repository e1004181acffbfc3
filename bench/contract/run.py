"""Start the product over a provider that always answers, and send it everything."""

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from bench import machine
from bench.contract.hostile import attack_bodies
from bench.contract.report import Report
from bench.contract.traffic import Amount, Target, attack
from bench.database import Store, database, plain_environment, run_python
from bench.prompts import HOST
from bench.report import WIDTH
from bench.servers import servers
from bench.stage import MOCK_RANK, Stage
from bench.stage import Target as Served
from config.launcher.homes import forget_abandoned
from config.launcher.probes import answers_http
from config.launcher.problems import free_port

# A round is about a thousand requests of each half; rounds go on until the wanted
# number is reached, each with examples of its own.
ROUND: Final = Amount(examples=15, chains=60, is_fixed=False)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asked for."""

    requests: int = 10_000
    json_path: Path | None = None


QUICK: Final = Options(requests=1_000)


def run(options: Options) -> int:
    """Send it all and tell; 1 when the contract was broken."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    home = Path(tempfile.mkdtemp(prefix="modeloptix-bench-"))
    everywhere = machine.everywhere()
    report = Report()
    with servers(home) as started, database(started, home, everywhere.others) as store:
        stage = Stage(started, home, everywhere)
        with console.status("Starting Postgres, a provider and the router"):
            provider = _provider(stage)
            served = stage.ours(provider, store)
            key, schema = _key_and_schema(store, provider)
        target = Target(
            f"http://{HOST}:{served.port}", {"Authorization": f"Bearer {key}"}
        )
        with console.status(f"Sending {options.requests:,} requests") as status:
            attack_bodies(schema, target, report, is_whole=True)
            while report.requests < options.requests:
                attack(schema, target, ROUND, report)
                status.update(f"{report.requests:,} of {options.requests:,} requests")
    forget_abandoned()
    _show(report, console)
    if options.json_path:
        options.json_path.write_text(json.dumps(report.as_json(), indent=2))
    return 1 if report.failures else 0


def _provider(stage: Stage) -> Served:
    """The fake provider, which speaks every protocol and never fails unasked."""
    port = free_port()
    process = stage.run.start(
        "provider",
        [sys.executable, "-m", "apps.providers.fake", f"--port={port}"],
        cores=stage.cores.others,
        env=plain_environment(),
        rank=MOCK_RANK,
    )
    stage.run.wait_for("provider", lambda: answers_http(HOST, port, "/_state"))
    return Served("provider", port, process.pid)


def _key_and_schema(store: Store, provider: Served) -> tuple[str, dict[str, Any]]:
    upstream = f"http://{HOST}:{provider.port}/v1"
    module = "bench.contract.django_side"
    said = run_python(store, "-m", module, upstream, problem="No key could be made")
    made = json.loads(said)
    return made["key"], made["schema"]


def _show(report: Report, console: Console) -> None:
    told = ", ".join(f"{n:,} × {s}" for s, n in sorted(report.statuses.items()))
    console.print(f"{report.requests:,} requests: {told}")
    console.print(
        f"{report.nobody_fits:,} were told that no model fits what they asked for (503)"
    )
    for failure, example in report.failures.items():
        console.print(f"[red]BROKEN[/] {failure}", soft_wrap=True)
        console.print(example, markup=False, soft_wrap=True)
    if not report.failures:
        console.print("[green]holds[/] no other status of 500 or more, no violation")
