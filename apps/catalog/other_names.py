"""Names of one set of weights that no rule of spelling leads to, each with its reason.

The list is shipped (`seed/other_names.jsonl`), checked by hand against the makers' own
pages. The first name of a group that is in the catalog gets what is said of the others.
"""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).parent / "seed" / "other_names.jsonl"


def names_of(slugs: Iterable[str]) -> dict[str, str]:
    """Each listed name that is not in the catalog, to the one of its group that is."""
    known = set(slugs)
    found = {}
    for names in groups():
        ours = [name for name in names if name in known]
        if ours:
            found.update({name: ours[0] for name in names if name not in known})
    return found


@cache
def groups() -> tuple[tuple[str, ...], ...]:
    """The names of each set of weights."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return tuple(tuple(json.loads(line)["names"]) for line in lines)
