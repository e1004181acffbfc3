"""What a key's restrictions may say; pages and the API clean their input here."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from apps.accounts.keys import Caller
from apps.accounts.networks import network

MOST_ENTRIES: Final = 50
MOST_REQUESTS: Final = 1_000_000
MOST_TOKENS: Final = 1_000_000_000
MOST_TAGS: Final = 8
# A word, or a name and a value such as `team:search`. The ledger keeps a key's tags
# between spaces, so there is none within.
_TAG: Final = re.compile(r"[a-z0-9][a-z0-9._/-]*(:[a-z0-9._/-]+)?", re.ASCII)
# An id (`openai/gpt-5`), or a glob of ids with `*` and `?`; brackets are no part of
# any id, so they stay out of the patterns too.
_PATTERN: Final = re.compile(r"[a-z0-9*?][a-z0-9._:@+*?/-]*", re.ASCII)


def clean_models(patterns: Iterable[str]) -> list[str]:
    """Ids and globs without doubles, in lower case; raises ValueError."""
    cleaned = list(dict.fromkeys(text.strip().lower() for text in patterns))
    for text in cleaned:
        if not _PATTERN.fullmatch(text) or len(text) > 200:
            raise ValueError(f"{text!r} is no model id, and no pattern such as a/b-*.")
    return _few(cleaned)


def clean_tags(texts: Iterable[str]) -> list[str]:
    """Tags in order, in lower case and without doubles; raises ValueError."""
    cleaned = sorted({text.strip().lower() for text in texts})
    for text in cleaned:
        if not _TAG.fullmatch(text) or len(text) > 64:
            raise ValueError(
                f"{text!r} is no tag: write a word or a pair such as team:search, "
                "of letters, digits and . _ / -, 64 characters at most."
            )
    if len(cleaned) > MOST_TAGS:
        raise ValueError(f"A key has {MOST_TAGS} tags at most.")
    return cleaned


def clean_networks(texts: Iterable[str]) -> list[str]:
    """Address ranges in their usual spelling, without doubles; raises ValueError."""
    cleaned = []
    for text in texts:
        try:
            cleaned.append(str(network(text)))
        except ValueError:
            raise ValueError(
                f"{text!r} is no address and no range such as 192.0.2.0/24."
            ) from None
    return _few(list(dict.fromkeys(cleaned)))


def _few(entries: list[str]) -> list[str]:
    if len(entries) > MOST_ENTRIES:
        raise ValueError(f"Give {MOST_ENTRIES} entries at most.")
    return entries


def exceeds(
    caller: Caller,
    *,
    is_test: bool,
    scopes: Iterable[str] = (),
    allowed_models: Sequence[str] = (),
    allowed_ips: Sequence[str] = (),
    limits: Sequence[int | None] = (None, None),
) -> str:
    """What a key would have beyond the key that makes or changes it; empty if nothing.

    `limits` are requests and tokens a minute. A managing key gives away no more than
    it has, or whoever finds it could make one that is free of all its restrictions.
    """
    if missing := sorted(set(scopes) - caller.scopes):
        return f"This key lacks {missing[0]} itself."
    if caller.is_test and not is_test:
        return "A test key can only make test keys."
    if caller.allowed_models and not _is_part(allowed_models, caller.allowed_models):
        return "This key may only allow models that it may use itself."
    if caller.networks and not _is_within(allowed_ips, caller):
        return "This key may only allow addresses that it may be used from itself."
    own = (caller.requests_per_minute, caller.tokens_per_minute)
    for limit, most in zip(limits, own, strict=True):
        if most is not None and (limit is None or limit > most):
            return "This key may give no higher limits than its own."
    return ""


def _is_part(patterns: Sequence[str], of: Sequence[str]) -> bool:
    return bool(patterns) and set(patterns) <= set(of)


def _is_within(texts: Sequence[str], caller: Caller) -> bool:
    return bool(texts) and all(
        any(
            inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]  # of one version
            for outer in caller.networks
        )
        for inner in map(network, texts)
    )
