"""Take secrets out of an error before it is stored and shown."""

import re
from collections.abc import Iterator
from typing import Any, Final

from django.conf import settings

MASK: Final = "[redacted]"
MOST_CHARACTERS: Final = 2000
# Shorter ones are words of a message rather than secrets.
SHORTEST_SECRET: Final = 8

_NAMED: Final = re.compile(
    r"""(?ix) (\b (?: authorization | (?:x-)? api[-_]?key | \w*secret\w* | \w*token |
        passw(?:or)?d | pwd | cookie | credentials? | signature ) ["']? \s* [:=] \s*
        ["']? (?: bearer \s+ | basic \s+ )? ) [^\s"',;&)}\]]+"""
)
_BEARER: Final = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}")
_IN_URL: Final = re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+@")
# Keys whose shape gives them away: ours, the providers', GitHub's, Stripe's, JWTs.
_SHAPED: Final = re.compile(
    r"\b(?:mx_(?:live|test)_|sk-|sk_|rk_|pk_|whsec_|gsk_|xai-|AIza|gh[opsu]_|re_|AKIA)"
    r"[\w-]{8,}|\beyJ[\w-]+\.[\w-]+\.[\w-]+"
)


def describe(error: BaseException) -> str:
    """The error as one text to store: its type and words, without secrets."""
    words = str(error).strip()
    name = type(error).__name__
    return redact(f"{name}: {words}" if words else name)


def redact(text: str) -> str:
    """The text, bounded in length, without what looks like or is a secret."""
    for secret in _own_secrets():
        text = text.replace(secret, MASK)
    text = _IN_URL.sub(rf"\1{MASK}@", text)
    text = _NAMED.sub(rf"\1{MASK}", text)
    text = _BEARER.sub(rf"\1 {MASK}", text)
    text = _SHAPED.sub(MASK, text)
    # Postgres stores no NUL in a text.
    return text.replace("\0", "")[:MOST_CHARACTERS]


def _own_secrets() -> Iterator[str]:
    values: list[Any] = [settings.SECRET_KEY, settings.KEY_PEPPER]
    values += [database["PASSWORD"] for database in settings.DATABASES.values()]
    yield from {v for v in values if isinstance(v, str) and len(v) >= SHORTEST_SECRET}
