"""Show a run as a table, and keep it as JSON."""

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Final

import psutil
from rich.console import Console
from rich.table import Table

from bench.cases import (
    BURST,
    DELAYED,
    NOISE,
    OPEN,
    PACED,
    SATURATED,
    Measured,
    percentile,
)

Row = Mapping[str, Measured]  # by target: "direct", "bare", "ours"


@dataclass(frozen=True, slots=True)
class LedgerCheck:
    """What the clients were answered beside what the ledger holds of it."""

    answered: int
    rows: int
    ids: int
    foreign_rows: int  # rows whose answer did not come from the mock
    shipped_after_s: float

    @property
    def is_exact(self) -> bool:
        return self.answered == self.rows == self.ids and not self.foreign_rows


@dataclass(slots=True)
class Report:
    """Everything one run found out."""

    seconds: float
    cores_apart: bool
    rows: dict[str, Row] = field(default_factory=dict)
    rss_mib: dict[str, float] = field(default_factory=dict)
    # Answers so far, and the memory then, in MiB.
    soak: list[tuple[int, float]] = field(default_factory=list)
    ledger: LedgerCheck | None = None

    def as_json(self) -> dict[str, object]:
        rows = {
            case: {target: found.as_json() for target, found in row.items()}
            for case, row in self.rows.items()
        }
        return {
            "machine": _machine(),
            "seconds_per_case": self.seconds,
            "gateway_has_a_core_of_its_own": self.cores_apart,
            "cases": rows,
            "rss_mib": self.rss_mib,
            "soak": self.soak,
            "ledger": None if self.ledger is None else asdict(self.ledger),
            "measures": {bar.name: bar.value for bar in bars(self)},
        }


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure this run measured beside the one the product promises."""

    name: str
    value: float | None
    limit: float
    unit: str
    is_ceiling: bool = True

    @property
    def holds(self) -> bool | None:
        if self.value is None:
            return None
        return self.value <= self.limit if self.is_ceiling else self.value >= self.limit


def bars(report: Report) -> list[Bar]:
    """The promises of DESIGN.md section 9 that a short run can test."""
    rows = report.rows
    full, delayed = rows.get(SATURATED, {}), rows.get(DELAYED, {})
    burst, paced = rows.get(BURST, {}), rows.get(PACED, {})
    ours, bare = full.get("ours"), full.get("bare")
    share = (
        100 * ours.requests_per_s / bare.requests_per_s
        if ours and bare and bare.requests_per_s
        else None
    )
    cpu_ms = ours.cpu_us / 1000 if ours and ours.cpu_us else None
    chunks = burst["ours"].chunks_per_s if "ours" in burst else None
    return [
        Bar("CPU a request, 64 connections", cpu_ms, 0.30, "ms"),
        Bar("of the bare pass-through's rate", share, 40, "%", is_ceiling=False),
        Bar("added at the median, 50 ms upstream", added(delayed), 1.5, "ms"),
        Bar("streamed chunks a second", chunks, 25_000, "", is_ceiling=False),
        Bar("first token later than direct", added(paced, first_token=True), 3, "ms"),
        Bar("of 1,000 open streams, broken", _broken(rows.get(OPEN, {})), 0, ""),
        Bar("memory at the end", report.rss_mib.get("ours"), 200, "MiB"),
        *_soak_bars(report.soak),
    ]


def _broken(row: Row) -> float | None:
    return row["ours"].errors if "ours" in row else None


def _soak_bars(soak: list[tuple[int, float]]) -> list[Bar]:
    """Flat: what the last half adds to the memory is within its spread."""
    if len(soak) < 4:
        return []
    answered, last = soak[-1]
    middle = [mib for count, mib in soak if count <= answered / 2][-1]
    return [
        Bar(f"memory after {answered:,} requests", last, 200, "MiB"),
        Bar("added by the last half of them", last - middle, 0.05 * middle, "MiB"),
    ]


def added(row: Row, target: str = "ours", *, first_token: bool = False) -> float | None:
    """How much later than direct the median answer, or first token, came."""
    medians = []
    for name in (target, "direct"):
        if name not in row:
            return None
        load = row[name].load
        values = load.first_tokens if first_token else load.latencies
        medians.append(percentile(values, 50))
    through, direct = medians
    return None if through is None or direct is None else through - direct


def _machine() -> dict[str, object]:
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": psutil.cpu_count(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("granian", "aiohttp", "uvloop", "django")},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2] for line in lines if line.startswith("model name"))
    return next(names, platform.machine()).strip()


def write(report: Report, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report.as_json(), indent=1) + "\n")


COLUMNS: Final = (
    "req/s",
    "CPU µs",
    "p50 ms",
    "p99 ms",
    "+p50",
    "+token",
    "chunks/s",
    "others",
)
LEGEND: Final = (
    "CPU: the gateway's processes, per answer. +p50, +token: how much later than "
    "direct the median answer and first token came, in ms. others: cores that other "
    f"processes used; above {NOISE} (marked !) a row is not to be quoted."
)
# The table's width, for a pipe or a file, which have none of their own.
WIDTH: Final = 92


VERDICTS: Final = {
    True: "[green]holds [/]",
    False: "[red]missed[/]",
    None: "unsaid",
}


def show(report: Report, console: Console) -> None:
    """Print the cases, the measures and the ledger check."""
    table = Table(box=None, padding=(0, 1))
    table.add_column("", no_wrap=True)
    for column in COLUMNS:
        table.add_column(column, justify="right")
    for case, row in report.rows.items():
        table.add_row(f"[bold]{case}[/]")
        for target in row:
            table.add_row(f"  {target}", *_cells(row, target))
    console.print(table)
    console.print(LEGEND)
    _show_errors(report, console)
    _show_memory(report, console)
    _show_bars(report, console)
    _show_ledger(report, console)


def _cells(row: Row, target: str) -> list[str]:
    found = row[target]
    is_direct = target == "direct"
    latencies, tokens = found.load.latencies, found.load.first_tokens
    later = None if is_direct else added(row, target)
    token = added(row, target, first_token=True) if tokens and not is_direct else None
    return [
        f"{found.requests_per_s:,.0f}",
        "" if is_direct else _number(found.cpu_us, 0),
        _number(percentile(latencies, 50), 2),
        _number(percentile(latencies, 99), 2),
        _number(later, 2),
        _number(token, 2),
        f"{found.chunks_per_s:,.0f}" if found.load.chunks else "",
        f"{found.foreign_cores:.2f}{'!' if found.is_noisy else ' '}",
    ]


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def _show_errors(report: Report, console: Console) -> None:
    for case, row in report.rows.items():
        for target, found in row.items():
            if found.errors:
                what = f"{found.load.broken} broken, statuses {found.load.statuses}"
                console.print(f"[red]{case}, {target}: {what}[/]")


def _show_memory(report: Report, console: Console) -> None:
    sizes = ", ".join(f"{name} {mib} MiB" for name, mib in report.rss_mib.items())
    console.print(f"Memory at the end: {sizes}")
    if not report.cores_apart:
        console.print("One core only: everything shares it, so no figure is fair.")


def _show_bars(report: Report, console: Console) -> None:
    for bar in bars(report):
        verdict = VERDICTS[bar.holds]
        sign = "≤" if bar.is_ceiling else "≥"
        console.print(
            f"  {verdict}  {bar.name}: {_number(bar.value, 2)} {bar.unit}"
            f" (promised {sign} {bar.limit:,g} {bar.unit})"
        )


def _show_ledger(report: Report, console: Console) -> None:
    found = report.ledger
    if found is None:
        return
    verdict = "[green]exact[/]" if found.is_exact else "[red]wrong[/]"
    console.print(
        f"Ledger {verdict}: {found.answered:,} answers, {found.rows:,} rows, "
        f"{found.ids:,} of them different, {found.foreign_rows} not from the mock; "
        f"all there {found.shipped_after_s:.1f} s after the last answer"
    )
