"""How callers spell a model's name, beside its slug and its bare name."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

# Of Anthropic's models the short name means one dated snapshot, and the other way
# round; of other makers' the same would be another set of weights.
_DATED: Final = re.compile(r"^((?:anthropic/)?claude-.+?)[-@](?:20\d{6}|latest)$")
_DOTTED: Final = re.compile(r"(?<=\d)\.(?=\d)")
_DASHED: Final = re.compile(r"(?<=\d)-(?=\d{1,2}(?!\d))")


def find[Found](names: Mapping[str, Found], name: str) -> Found | None:
    """What a name stands for, also under another spelling of it."""
    found = names.get(name)
    if found is None and "claude-" in name:
        known = (names[other] for other in spellings(name) if other in names)
        return next(known, None)
    return found


def spellings(name: str) -> Iterator[str]:
    """Other spellings of one of Anthropic's models, the nearest first."""
    yield _DOTTED.sub("-", name)
    yield _DASHED.sub(".", name)
    if dated := _DATED.match(name):
        short = dated[1]
        yield short
        yield _DOTTED.sub("-", short)
        yield _DASHED.sub(".", short)
