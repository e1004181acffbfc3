"""`./run bench jobs`: both tortures, and a verdict."""

import json
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from bench.torture.locks import LocksReport, torture_locks
from bench.torture.queue import QueueReport, torture_queue
from bench.torture.stage import staged


@dataclass(frozen=True, slots=True)
class Options:
    """How long and how hard."""

    minutes: float = 10.0
    # Between two faults, on the average.
    pause_s: float = 3.0
    lease_s: float = 1.0
    count: int = 1000
    kills: int = 20
    queue_s: float = 60.0
    is_fenced: bool = True
    json_path: Path | None = None


QUICK = Options(minutes=0.25, pause_s=1.0, count=100, kills=4, queue_s=8.0)


def run(options: Options) -> int:
    """Torture, show and write; 1 when anything was lost, doubled or left open."""
    signal.signal(signal.SIGTERM, _stop)
    console = Console()
    with staged(options.lease_s, is_fenced=options.is_fenced) as stage:
        console.print(
            f"Locks: {options.minutes:g} min of faults, lease {options.lease_s:g} s"
        )
        locks = torture_locks(
            stage,
            seconds=options.minutes * 60,
            pause_s=options.pause_s,
            lease_s=options.lease_s,
        )
        show_locks(locks, console)
        console.print(f"Queue: {options.count} messages and {options.count} tasks")
        queue = torture_queue(
            stage, count=options.count, kills=options.kills, seconds=options.queue_s
        )
        show_queue(queue, console)
    if options.json_path:
        result = {"locks": asdict(locks), "queue": asdict(queue)}
        options.json_path.write_text(json.dumps(result, indent=2) + "\n")
    return 0 if locks.found.is_clean and queue.is_clean else 1


def show_locks(report: LocksReport, console: Console) -> None:
    found = report.found
    faults = ", ".join(f"{n} × {name}" for name, n in sorted(report.faults.items()))
    console.print(f"  faults          {sum(report.faults.values())} ({faults})")
    console.print(
        f"  runs            {found.completed} completed, {found.lost} lost,"
        f" {found.failed} failed, {found.unfinished} without an end"
    )
    console.print(f"  writes          {found.writes}")
    console.print(f"  stale writes    {found.stale}")
    console.print(f"  doubled         {found.doubled}")
    console.print(f"  passes not whole {found.short}")


def show_queue(report: QueueReport, console: Console) -> None:
    found, kills = report.found, report.kills
    words = ", ".join(f"{n} × {name}" for name, n in sorted(kills.items()))
    console.print(f"  kill -9         {sum(kills.values())} ({words})")
    console.print(
        f"  messages        {report.count - found.messages} lost,"
        f" {found.doubled_messages} doubled"
    )
    console.print(
        f"  tasks           {report.count - found.tasks} lost,"
        f" {found.restarts} started again without a second effect"
    )


def _stop(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)
