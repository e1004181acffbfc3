"""What a full sync of the catalog takes: seconds and memory, from a made-up market.

A database of its own with the shipped seed; then the list of models and all their
endpoints over loopback HTTP: for the first time, again with nothing new, and after a
twentieth of the prices moved.
"""

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import market
from bench.database import Store, database, run_python
from bench.servers import servers

# The product's own bars (docs/catalog.md).
MOST_SECONDS = 20.0
MOST_MB = 300.0


@dataclass(frozen=True, slots=True)
class Options:
    """How large the market is, and where the figures go."""

    models: int = market.MODELS
    endpoints: int = market.ENDPOINTS
    json_path: Path | None = None


QUICK = Options(models=40, endpoints=130)


def run(options: Options) -> int:
    """Measure and print; 1 when a bar is not held."""
    figures = _measure(options, Path(tempfile.mkdtemp(prefix="modeloptix-bench-")))
    if options.json_path:
        options.json_path.write_text(json.dumps(figures, indent=2))
    for step in figures["steps"]:
        print(f"{step['step']:<22} {step['seconds']:6.1f} s  {step['said']}")
    total = sum(s["seconds"] for s in figures["steps"] if s["step"].startswith("first"))
    print(
        f"\nA full first sync of {options.models} models and {options.endpoints} "
        f"endpoints: {total:.1f} s, peak {figures['peak_mb']:.0f} MB."
    )
    return int(total > MOST_SECONDS or figures["peak_mb"] > MOST_MB)


def _measure(options: Options, home: Path) -> dict[str, Any]:
    shop = market.Market(options.models, options.endpoints)
    cores = frozenset(range(os.cpu_count() or 1))
    with servers(home) as run_, database(run_, home, cores) as store:
        _child(store, "prepare")
        with market.serving(shop) as url:
            store.environment["OPENROUTER_URL"] = url
            figures: dict[str, Any] = json.loads(_child(store, "sync"))
    return figures


def _child(store: Store, what: str) -> str:
    problem = "The sync could not be measured"
    return run_python(store, "-m", "bench.catalog_syncs", what, problem=problem)
