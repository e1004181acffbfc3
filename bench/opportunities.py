"""What the advisor's look at every use case takes: seconds and memory, stored.

A database of its own with the shipped catalog, 10,000 use cases of 100 organizations
on ten models. Then the nightly job for the first time and again, and one model's price
changed: what that touches is looked at, and nothing else.
"""

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.database import database, run_python
from bench.servers import servers

# The product's own bars (docs/opportunities.md).
MOST_SECONDS = 60.0
MOST_MB = 500.0
MOST_TOUCHED_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Options:
    """How large the portfolio is, and where the figures go."""

    orgs: int = 100
    use_cases: int = 10_000
    json_path: Path | None = None


QUICK = Options(orgs=10, use_cases=1_000)


def run(options: Options) -> int:
    """Measure and print; 1 when a bar is not held."""
    figures = _measure(options, Path(tempfile.mkdtemp(prefix="modeloptix-bench-")))
    if options.json_path:
        options.json_path.write_text(json.dumps(figures, indent=2))
    for step in figures["steps"]:
        print(
            f"{step['step']:<24} {step['seconds']:6.2f} s  "
            f"{step['cpu_seconds']:6.2f} s of one core  {step['said']}"
        )
    print(
        f"\n{figures['use_cases']:,} use cases x {figures['models']:,} models: "
        f"{figures['pairs']:,} pairs, {figures['stored']:,} opportunities stored, "
        f"peak {figures['peak_mb']:.0f} MB."
    )
    return int(not _holds(figures))


def _holds(figures: dict[str, Any]) -> bool:
    seconds = {step["step"]: step["seconds"] for step in figures["steps"]}
    touched = seconds.get("1,000 touched", 0.0)
    return bool(
        seconds["first night"] <= MOST_SECONDS
        and seconds["second night"] <= MOST_SECONDS
        and touched <= MOST_TOUCHED_SECONDS
        and figures["peak_mb"] <= MOST_MB
        and figures["doubled"] == 0
    )


def _measure(options: Options, home: Path) -> dict[str, Any]:
    cores = frozenset(range(os.cpu_count() or 1))
    with servers(home) as run_, database(run_, home, cores) as store:
        said = run_python(
            store,
            "-m",
            "bench.opportunity_nights",
            str(options.orgs),
            str(options.use_cases),
            problem="The use cases could not be looked at",
        )
    figures: dict[str, Any] = json.loads(said.strip().splitlines()[-1])
    return figures
