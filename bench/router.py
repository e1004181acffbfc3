"""Measure the router: the same load directly, through the bare relay, through ours.

Targets take turns, and each second round runs them in the other order, so that a
machine that grows slower or busier meanwhile does so for both.
"""

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import Final, NoReturn

from rich.console import Console

from bench import machine
from bench.cases import CASES, NAMED, PEERS_CASES, Case, Measured
from bench.database import Store, database, plain_environment
from bench.ledger import check
from bench.load import Load, Plan
from bench.prompts import Call
from bench.report import WIDTH, Report, show, write
from bench.servers import ROOT, servers
from bench.stage import Stage, Target
from config.launcher.homes import forget_abandoned

# The mock alone is steady, so it needs less time than what is compared.
DIRECT_SHARE: Final = 0.25
# Between two looks at the memory.
SOAK_STEP_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asked for."""

    seconds: float
    warm_s: float
    rounds: int
    json_path: Path | None
    # Measure LiteLLM as well, in a scratch environment.
    with_litellm: bool = False
    # So many requests more, to see what becomes of the memory.
    soak: int = 0


@dataclass(slots=True)
class Bench:
    """One run over a stage that stands."""

    options: Options
    cores: machine.Cores
    targets: Mapping[str, Target]
    store: Store
    console: Console
    seeds: Iterator[int] = field(default_factory=lambda: count(1))

    def measure(self, report: Report) -> None:
        for case in CASES:
            with self.console.status(f"{case.name} ..."):
                report.rows[case.name] = self._case(case)

    def _case(self, case: Case) -> dict[str, Measured]:
        seconds = self.options.seconds
        row = {"direct": self._load(case, "direct", seconds * DIRECT_SHARE)}
        row |= {"bare": Measured(), "ours": Measured()}
        names = ["bare", "ours"]
        if "litellm" in self.targets and case.name in PEERS_CASES:
            names.append("litellm")
            row["litellm"] = Measured()
        for number in range(self.options.rounds):
            turn = names if number % 2 == 0 else reversed(names)
            for name in turn:
                row[name].add(self._load(case, name, seconds / self.options.rounds))
        return row

    def soak(self) -> list[tuple[int, float]]:
        """Send many requests on; (answered so far, MiB of memory) every so often."""
        ours, seen, answered = self.targets["ours"], [], 0
        case = CASES[0]
        while answered < self.options.soak:
            with self.console.status(f"{answered:,} of {self.options.soak:,} ..."):
                answered += self._run_load(case, ours, SOAK_STEP_S).answered
            seen.append((answered, machine.rss_mib(ours.pid)))
        return seen

    def _load(self, case: Case, name: str, seconds: float) -> Measured:
        """Run one load and read every gauge before and after it."""
        target = self.targets[name]
        before = self._gauges(target)
        load = self._run_load(case, target, seconds)
        after = self._gauges(target)
        spent = {gauge: after[gauge] - before[gauge] for gauge in after}
        known = spent["target"] + spent["database"] + spent["mock"] + spent["own"]
        return Measured(
            load=load,
            target_cpu_s=spent["target"],
            database_cpu_s=spent["database"],
            load_cpu_s=spent["mock"] + spent["own"],
            foreign_s=spent["busy"] - known,
            wall_s=spent["wall"],
        )

    def _gauges(self, target: Target) -> dict[str, float]:
        gateways = [t for t in self.targets.values() if t.name != "direct"]
        used = {t.name: machine.cpu_s(t.pid) for t in gateways}
        return {
            "wall": machine.now_s(),
            "busy": machine.busy_s() - sum(used.values()) + used.get(target.name, 0.0),
            "target": used.get(target.name, 0.0),
            "database": sum(map(machine.cpu_s, self.store.pids)),
            "mock": machine.cpu_s(self.targets["direct"].pid),
            "own": machine.own_cpu_s(),
        }

    def _run_load(self, case: Case, target: Target, seconds: float) -> Load:
        model = NAMED if target.is_peer else case.model
        plan = Plan(
            call=Call(target.port, target.key, model, case.script, case.is_stream),
            connections=case.connections,
            seconds=seconds,
            warm_s=self.options.warm_s,
            spread_s=case.spread_s,
            seed=next(self.seeds),
        )
        with machine.held_on(self.cores.others):
            done = subprocess.run(
                [sys.executable, "-m", "bench.load"],
                cwd=ROOT,
                env=plain_environment(),
                input=json.dumps(asdict(plan)),
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
        return Load(**json.loads(done.stdout))


def run(options: Options) -> int:
    """Measure, show and write; 1 when an answer is missing from the ledger."""
    is_terminal = sys.stdout.isatty()
    console = Console(width=None if is_terminal else WIDTH)
    signal.signal(signal.SIGTERM, _stop)
    cores = machine.share_out()
    report = Report(options.seconds, cores.are_apart)
    home = Path(tempfile.mkdtemp(prefix="modeloptix-bench-"))
    with servers(home) as run, database(run, home, cores.others) as store:
        stage = Stage(run, home, cores)
        with console.status("Starting Postgres, the mock, the relay and the router"):
            mock = stage.mock()
            targets = [mock, stage.bare(mock), stage.ours(mock, store)]
            if options.with_litellm and (peer := stage.litellm(mock)):
                targets.append(peer)
        bench = Bench(
            options, cores, {target.name: target for target in targets}, store, console
        )
        bench.measure(report)
        report.rss_mib = {t.name: machine.rss_mib(t.pid) for t in targets[1:]}
        report.soak = bench.soak()
        answered = sum(row["ours"].load.answered for row in report.rows.values())
        answered += report.soak[-1][0] if report.soak else 0
        report.ledger = check(store.environment["DATABASE_OWNER_URL"], answered)
    forget_abandoned()
    show(report, console)
    if options.json_path:
        write(report, options.json_path)
        console.print(f"Written to {options.json_path}")
    return 0 if report.ledger.is_exact else 1


def _stop(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)
