"""What a request loses when it is said in another protocol, as it is reported."""

import re
from collections.abc import Iterable
from typing import Final

# They go into a header, and some hold a word of the caller's.
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_.:-]")
MOST_LENGTH: Final = 64
MOST_NOTES: Final = 20


def notes_of(losses: Iterable[str]) -> tuple[str, ...]:
    """Each loss once, as one word such as `dropped:top_k`."""
    fit = (_UNFIT.sub("_", loss)[:MOST_LENGTH] for loss in losses)
    return tuple(dict.fromkeys(fit))[:MOST_NOTES]
