"""Set four processes up, try every promise, and tell."""

import json
import shutil
import sys
import tempfile
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from bench import machine
from bench.database import (
    DATA_RANK,
    Store,
    database,
    plain_environment,
    run_python,
)
from bench.limits.checks import Finding, Scene, all_checks
from bench.limits.clients import Manager
from bench.report import WIDTH
from bench.servers import Servers, servers
from bench.stage import Stage
from config.launcher.embedded import Valkey
from config.launcher.homes import forget_abandoned, socket_folder

PROCESSES: Final = 4


def run(json_path: Path | None) -> int:
    """Try every promise; 1 when one does not hold."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    home = Path(tempfile.mkdtemp(prefix="modeloptix-bench-"))
    # Everything shares all cores: this measures what holds, not what it costs.
    everywhere = machine.everywhere()
    with servers(home) as started, database(started, home, everywhere.others) as store:
        stage = Stage(started, home, everywhere)
        with console.status("Starting Postgres, Valkey, the mock and four processes"):
            mock = stage.mock()
            targets = [stage.ours(mock, store)]
            targets += [stage.another(store) for _ in range(PROCESSES - 1)]
        manager = Manager(targets[0], _manager_key(store))
        restart = partial(_restart_valkey, started, home)
        scene = Scene(targets, manager, store, restart)
        findings = []
        with console.status("Trying every promise, about two minutes"):
            findings = list(all_checks(scene))
    forget_abandoned()
    _show(findings, console)
    if json_path:
        json_path.write_text(json.dumps([asdict(f) for f in findings], indent=2))
    return 0 if all(finding.holds for finding in findings) else 1


def _restart_valkey(started: Servers, home: Path) -> None:
    """What the run began with, empty."""
    server = Valkey(home / "valkey", socket_folder(home / "sockets", None))
    shutil.rmtree(server.home)
    server.create()
    cores = machine.everywhere().others
    started.start(
        "valkey-again",
        server.command(),
        cores=cores,
        env=plain_environment(),
        rank=DATA_RANK,
    )
    started.wait_for("valkey-again", server.is_ready)


def _manager_key(store: Store) -> str:
    module = "bench.limits.django_side"
    said = run_python(store, "-m", module, "key", problem="No key could be made")
    return said.strip()


def _show(findings: list[Finding], console: Console) -> None:
    table = Table(box=None, show_header=False)
    for finding in findings:
        word = "[green]holds[/]" if finding.holds else "[red]MISSED[/]"
        table.add_row(word, finding.promise, finding.found)
    console.print(table)
