"""Which of our models a provider's bill speaks of.

Bills name models in the provider's own words: an id, an id with its date, or a name
for people. All of these are brought to one spelling, exactly compared; a name that
two models share names none.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

# "-2025-08-07", "-20250514": a version of the same model, at the same price.
_VERSION: Final = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|latest)$")
_OTHER: Final = re.compile(r"[^a-z0-9]+")


def spelling(name: str) -> str:
    """The one spelling of a name: "Claude Haiku 4.5" and "claude-haiku-4-5" are one."""
    return _VERSION.sub("", _OTHER.sub("-", name.lower()).strip("-"))


def spellings(known: Iterable[tuple[str, Iterable[str]]]) -> Mapping[str, str]:
    """From each spelling of a model's names to its slug."""
    found: dict[str, str] = {}
    shared: set[str] = set()
    for slug, names in known:
        for name in {spelling(one) for one in _ways(slug, names)}:
            if found.setdefault(name, slug) != slug:
                shared.add(name)
    return {name: slug for name, slug in found.items() if name and name not in shared}


def _ways(slug: str, names: Iterable[str]) -> Iterable[str]:
    """A slug, without its author, and each name, also without "Author: "."""
    yield slug
    yield slug.rpartition("/")[2]
    for name in names:
        yield name
        yield name.rpartition(": ")[2]
        yield name.rpartition("/")[2]
