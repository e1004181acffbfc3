"""Set the scene, break everything in turn, and tell what held."""

import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Final

import aiohttp
from rich.console import Console

from apps.providers.fake import FakeProvider
from bench import machine
from bench.database import Store, database, run_python
from bench.faults.providers import leaving_cases, provider_cases
from bench.faults.scene import ATTEMPT_S, BACKUP_USD, DEADLINE_S, Finding, Scene
from bench.faults.services import (
    kill_cases,
    pool_cases,
    postgres_cases,
    valkey_cases,
)
from bench.limits.run import run as run_limits
from bench.prompts import HOST
from bench.report import WIDTH
from bench.servers import servers
from bench.stage import Stage, Target
from config.launcher.homes import forget_abandoned
from config.launcher.problems import free_port

type Cases = Callable[[Scene], AsyncIterator[Finding]]

CASES: Final[tuple[Cases, ...]] = (
    provider_cases,
    leaving_cases,
    kill_cases,
    valkey_cases,
    pool_cases,
    postgres_cases,
)


def run(json_path: Path | None, *, with_limits: bool, only: str = "") -> int:
    """Try every case; 1 when a promise does not hold."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)
    home = Path(tempfile.mkdtemp(prefix="modeloptix-bench-"))
    everywhere = machine.everywhere()
    with servers(home) as started, database(started, home, everywhere.others) as store:
        store.environment |= {
            "REQUEST_DEADLINE_S": str(DEADLINE_S),
            "ATTEMPT_TIMEOUT_S": str(ATTEMPT_S),
            "RATE_LIMIT_MAX": "1000000000",
            "DATABASE_POOL_SIZE": "10",
        }
        stage, port = Stage(started, home, everywhere), free_port()
        with console.status("Starting Postgres, Valkey and the product"):
            web = stage.ours(Target("fake", port, 0), store)
            _add_backup(port, store)
        cases = [case for case in CASES if only in case.__name__]
        show = partial(_show, console=console)
        findings = asyncio.run(
            _all(
                partial(Scene, stage=stage, store=store, web=web, token=web.key),
                port,
                cases,
                show,
            )
        )
        if not all(finding.holds for finding in findings):
            _keep_logs(home, console)
    forget_abandoned()
    if json_path:
        json_path.write_text(json.dumps([asdict(f) for f in findings], indent=2))
    code = 0 if all(finding.holds for finding in findings) else 1
    missed = sum(not finding.holds for finding in findings)
    console.print(f"{len(findings)} promises, {missed} missed")
    if with_limits:
        console.print("R15 to R18:")
        code |= run_limits(None)
    return code


def _add_backup(port: int, store: Store) -> None:
    """An offer elsewhere, for what is wrong with a provider's key."""
    input_usd, output_usd = BACKUP_USD
    run_python(
        store,
        *("manage.py", "add_provider", "backup"),
        f"--base-url=http://{HOST}:{port}/v1",
        *("--model=bench-backup", "--context=128000"),
        *(f"--input-price={input_usd}", f"--output-price={output_usd}"),
        problem="No backup could be added",
    )


async def _all(
    make_scene: Callable[..., Scene],
    port: int,
    cases: list[Cases],
    show: Callable[[Finding], None],
) -> list[Finding]:
    findings = []
    limitless = aiohttp.TCPConnector(limit=0)
    patient = aiohttp.ClientTimeout(total=60)
    async with (
        FakeProvider.running(port) as fake,
        aiohttp.ClientSession(connector=limitless, timeout=patient) as http,
    ):
        scene = make_scene(fake=fake, http=http)
        for case in cases:
            async for finding in case(scene):
                show(finding)
                findings.append(finding)
    return findings


def _show(finding: Finding, console: Console) -> None:
    word = "[green]holds [/]" if finding.holds else "[red]MISSED[/]"
    console.print(word, finding.case, finding.promise)
    console.print(f"       {finding.found}", markup=False)


def _keep_logs(home: Path, console: Console) -> None:
    """Save what the processes said: their folder goes with the run."""
    kept = Path(tempfile.mkdtemp(prefix="modeloptix-faults-"))
    for log in home.glob("*.log"):
        shutil.copy(log, kept)
    console.print(f"The logs are in {kept}.", markup=False)
