"""Where a cost or a wait stands among others: 1 is the least, 0 the most.

On a log scale, because on a linear one a single dear model makes all others look
equally cheap: GPT-4o and its small sister differ sixteenfold, and would stand four
points of a hundred apart.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from apps.opportunities.engine.table import Floats

# A free offer stands one decade below the cheapest that costs something: a true log
# scale would put it infinitely far away and flatten all prices above it.
FREE_BELOW: Final = 10.0
type Scale = Callable[[Floats, Floats], tuple[Floats, Floats]]


def log_scale(values: Floats, own: Floats) -> tuple[Floats, Floats]:
    """Place candidates (a row a use case) and the current models (a column)."""
    together = np.concatenate([values, own], axis=1)
    positive = np.where(together > 0, together, np.nan)
    least = np.fmin.reduce(positive, axis=1, keepdims=True)
    most = np.fmax.reduce(positive, axis=1, keepdims=True)
    has_free = (together == 0).any(axis=1, keepdims=True)
    low = np.log(np.where(has_free, least / FREE_BELOW, least))
    # Nothing costs anything, or all the same: all stand at the better end.
    width = np.where(np.isfinite(low), np.log(most) - low, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        place = (np.log(positive) - low) / width
    place = np.where(width > 0, place, 0.0)
    place = np.where(together == 0, 0.0, place)
    score = np.where(np.isnan(together), np.nan, np.clip(1 - place, 0.0, 1.0))
    return score[:, :-1], score[:, -1:]
