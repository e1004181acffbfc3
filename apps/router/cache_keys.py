"""Which stored answer is a request's own, and whether it wants one."""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

import msgspec
from django.conf import settings

from apps.kit.errors import ValidationError
from apps.router.answer_cache import NO_ALIAS, Spot
from apps.router.arrivals import CACHE_HEADER, Arrival
from apps.router.semantic_cache import (
    Question,
    last_question,
    numbers_in,
    vector_text,
)
from apps.router.steering import Course

USUAL_TTL_S: Final = 3600
MOST_TTL_S: Final = 7 * 24 * 3600
# Changes with what is stored: an entry of another release is not understood.
FORMAT: Final = 1
# What a body may say without another answer being asked for.
_INDIFFERENT: Final = frozenset(
    {
        "cache",
        "metadata",
        "run_id",
        "session_id",
        "step",
        "store",
        "stream",
        "stream_options",
        "user",
    }
)


@dataclass(frozen=True, slots=True)
class Wish:
    """That an answer may come from memory, and how old it may be."""

    ttl_s: int


def wish_of(arrival: Arrival, course: Course, key_ttl_s: int) -> Wish | None:
    """What request, key and alias ask for, the nearest first; None is no cache."""
    asked, ttl_s = _asked(arrival)
    usual_s = course.rules.cache_ttl_s or key_ttl_s
    if arrival.options.is_private or asked is False:
        return None
    if asked is None and not usual_s:
        return None
    return Wish(min(ttl_s or usual_s or USUAL_TTL_S, MOST_TTL_S))


def _asked(arrival: Arrival) -> tuple[bool | None, int]:
    """Yes, no or nothing, and the seconds; the header goes before the body."""
    if header := arrival.options.cache:
        return _read_header(header)
    wished = arrival.typed.cache
    if wished is None or isinstance(wished, bool):
        return wished, 0
    return True, wished.ttl_s


@lru_cache(maxsize=256)
def _read_header(text: str) -> tuple[bool, int]:
    """`on`, `off` or `on; ttl=600`; raises ValidationError."""
    word, _, rest = (part.strip().lower() for part in text.partition(";"))
    name, _, number = (part.strip() for part in rest.partition("="))
    is_good = word in {"on", "off"} and (not rest or name == "ttl")
    if not is_good or (rest and not _is_ttl(number)):
        raise ValidationError(
            f"It is `on`, `off` or `on; ttl=600`: up to {MOST_TTL_S} seconds.",
            param=CACHE_HEADER,
        )
    return word == "on", int(number) if rest else 0


def _is_ttl(text: str) -> bool:
    is_number = text.isascii() and text.isdecimal() and len(text) < 8
    return is_number and 1 <= int(text) <= MOST_TTL_S


def spot_of(arrival: Arrival, course: Course, endpoint: str) -> Spot:
    """Where the answer to this very question would stand."""
    org_id = arrival.caller.org_id
    question = msgspec.json.encode(question_of(arrival, course, endpoint))
    alias = course.alias.name if course.alias else ""
    return Spot(org_id, alias_tag(alias), keyed(org_id.bytes + question).hex())


def question_of(
    arrival: Arrival, course: Course, endpoint: str, *, but_last: bool = False
) -> list[Any]:
    """All that could change the answer, in a form that does not depend on order.

    `but_last` leaves the last message out.
    """
    caller, native = arrival.caller, arrival.inbound.native
    body = native.body if native else arrival.body
    if arrival.inbound.is_embedding:
        body = arrival.inbound.sent
    plain = {name: body[name] for name in sorted(body) if name not in _INDIFFERENT}
    if but_last:
        turns = plain.get("messages") or plain.pop("input", None) or []
        plain["messages"] = turns[:-1] if isinstance(turns, list) else []
    return [
        FORMAT,
        endpoint,
        bool(arrival.typed.stream),
        caller.is_test,
        caller.allowed_models,
        # Anthropic's headers switch things on that the body does not say.
        arrival.options.passed,
        course.alias.name if course.alias else "",
        course.model,
        course.priority,
        course.latency_pref,
        course.rules,
        msgspec.Raw(msgspec.json.encode(plain, order="sorted")),
    ]


def asked_of(arrival: Arrival, course: Course, endpoint: str) -> Question | None:
    """The question with what must be the same; None where likeness is not enough."""
    least = course.rules.semantic_from
    messages = arrival.body.get("messages") or []
    if not least or arrival.inbound.is_embedding:
        return None
    text = last_question(messages)
    vector = vector_text(text) if text else []
    if not any(vector):
        return None
    same = question_of(arrival, course, endpoint, but_last=True)
    digest = keyed(
        arrival.caller.org_id.bytes + msgspec.json.encode([same, numbers_in(text)])
    )
    alias = course.alias.name if course.alias else ""
    return Question(arrival.caller.org_id, alias, digest, vector, least)


def keyed(data: bytes) -> bytes:
    """A hash that tells nothing to who has Valkey or the table, but not the secret."""
    return blake2b(data, digest_size=20, key=_secret(settings.SECRET_KEY)).digest()


@lru_cache(maxsize=4)
def _secret(secret: str) -> bytes:
    return blake2b(secret.encode(), digest_size=32, person=b"answers").digest()


def alias_tag(name: str) -> str:
    """The alias's place among an organization's entries."""
    if not name:
        return NO_ALIAS
    return blake2b(name.encode(), digest_size=8).hexdigest()
