"""Rate all models anew: results in, matches, the quality table, trust.

Runs inside a writer's transaction, after whatever it changed.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from apps.catalog import benchmark_seed, benchmark_store, quality
from apps.catalog.assessing import assess_all
from apps.catalog.services import DATABASE


@dataclass(frozen=True, slots=True)
class Rated:
    """How many rows each step wrote."""

    scores: int
    qualities: int
    trust: int

    @property
    def is_changed(self) -> bool:
        return bool(self.scores or self.qualities or self.trust)


def rate_models(folder: Path | None = None, *, on: date) -> Rated:
    """Load what is shipped in `folder` (None: nothing), then rate what is there."""
    loaded = benchmark_seed.load(folder, using=DATABASE, on=on) if folder else 0
    return Rated(
        scores=loaded + benchmark_store.rematch(using=DATABASE),
        qualities=quality.recompute(using=DATABASE, on=on),
        trust=assess_all(using=DATABASE, on=on),
    )
