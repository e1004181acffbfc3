"""Keep what a caller said out of what is kept of a failure.

Providers quote the request in their errors ("Invalid value: 'Dear Ms. …'"). The
caller may read that; the ledger holds no prompts, so there the quotes are cut out.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

CUT: Final = "[…]"
# A run of so many words of the request is a quote and no coincidence.
LEAST_WORDS: Final = 3
# Longer requests are not searched: their errors are kept without their words.
MOST_CHARACTERS: Final = 256 * 1024
_WORD: Final = re.compile(r"\w+")


def without_quotes(request: Any, message: str) -> str:
    """The message without the runs of words that stand in the request as well."""
    if not message:
        return message
    said = "\n".join(_texts(request)).lower()
    if len(said) > MOST_CHARACTERS:
        return ""
    known = f" {' '.join(_WORD.findall(said))} "
    kept, end = [], 0
    for start, stop in _quotes(message, known):
        kept += [message[end:start], CUT]
        end = stop
    return "".join([*kept, message[end:]])


def _quotes(message: str, known: str) -> Iterator[tuple[int, int]]:
    """Where the longest runs of known words begin and end."""
    words = list(_WORD.finditer(message))
    lower = [word[0].lower() for word in words]
    at = 0
    while at + LEAST_WORDS <= len(words):
        to = at + LEAST_WORDS
        if not _stands(lower[at:to], known):
            at += 1
            continue
        while to < len(words) and _stands(lower[at : to + 1], known):
            to += 1
        yield words[at].start(), words[to - 1].end()
        at = to


def _stands(words: list[str], known: str) -> bool:
    return f" {' '.join(words)} " in known


def _texts(value: Any) -> Iterator[str]:
    """Every text within a parsed JSON value, the names of its fields left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
