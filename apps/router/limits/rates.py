"""Requests and tokens a minute: of a key, of its organization.

All limits of a request are asked about in one round trip, and those that need none
cost none. While Valkey is slow or gone, each process counts by itself, with the
limit divided by the number of processes that were alive when Valkey last said.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil
from typing import Final, NamedTuple
from uuid import UUID

from apps.accounts.keys import Caller
from apps.kit.errors import RateLimitedError
from apps.kit.ids import uuid7
from apps.router.limits.gcra import (
    CORRECT,
    SCRIPT,
    Bucket,
    LocalLimits,
    Outcome,
    arguments,
    outcome_of,
    remaining,
)
from apps.router.limits.link import Link, LinkDownError
from apps.router.limits.rules import OrgLimits

Headers = list[tuple[str, str]]
MINUTE_S: Final = 60
TAKE, ADJUST = 0, 1  # the scripts' numbers
ROLL_CALL_EVERY_S: Final = 5.0
# A process that missed two roll calls is gone.
ABSENT_AFTER_S: Final = 15
LIVING: Final = "mx:limits:processes"


@dataclass(frozen=True, slots=True)
class UsualLimit:
    """What applies to a key (or to the members without one) that has no own limit."""

    requests: int  # 0: none
    window_s: int


def buckets_for(
    caller: Caller, org: OrgLimits, usual: UsualLimit, *, tokens: int
) -> list[Bucket]:
    """The limits a request has to pass; most often one, for many none."""
    found: list[Bucket] = []
    whose = f"mx:limit:{{{caller.org_id.hex}}}:"
    key = whose + (caller.key_id.hex if caller.key_id else "members")
    if own := caller.requests_per_minute:
        found.append(Bucket(f"{key}:r", "requests", "API key", own, MINUTE_S))
    elif usual.requests:
        limit, window_s = usual.requests, usual.window_s
        found.append(Bucket(f"{key}:r", "requests", "API key", limit, window_s))
    if limits := org.requests_per_minute:
        name = f"{whose}r"
        found.append(Bucket(name, "requests", "organization", limits, MINUTE_S))
    if tokens and (own := caller.tokens_per_minute):
        found.append(Bucket(f"{key}:t", "tokens", "API key", own, MINUTE_S, tokens))
    if tokens and (limits := org.tokens_per_minute):
        name = f"{whose}t"
        found.append(Bucket(name, "tokens", "organization", limits, MINUTE_S, tokens))
    return found


@dataclass(slots=True)
class Rates:
    """Counts what passes; in Valkey, else in this process."""

    link: Link
    local: LocalLimits = field(default_factory=LocalLimits)
    processes: int = 1
    _name: UUID = field(default_factory=uuid7)

    @classmethod
    def at(cls, url: str) -> "Rates":
        return cls(Link(url, (SCRIPT, CORRECT)))

    async def take(self, buckets: Sequence[Bucket]) -> Outcome:
        """Count a request, when all of its limits let it pass."""
        try:
            names = [bucket.name for bucket in buckets]
            answer = await self.link.run(TAKE, names, arguments(buckets))
        except LinkDownError:
            return self.local.take(buckets, share=self.processes)
        outcome = outcome_of(answer)
        self.local.note(buckets, outcome)
        return outcome

    def correct(self, buckets: Sequence[Bucket], tokens: int) -> None:
        """Put the tokens that were really used in place of those counted before."""
        for bucket in buckets:
            if bucket.kind != "tokens" or tokens == bucket.taken:
                continue
            surplus = tokens - bucket.taken
            if not self.link.is_up:
                self.local.correct(bucket, surplus, share=self.processes)
                continue
            window_us = bucket.window_s * 1_000_000
            surplus_us = surplus * window_us / bucket.limit
            self.link.tell(ADJUST, [bucket.name], [window_us, f"{surplus_us:.0f}"])

    async def roll_call_loop(self) -> None:
        """Say every few seconds that this process lives, and count those that do."""
        while True:
            with contextlib.suppress(LinkDownError):
                await self._roll_call()
            await asyncio.sleep(ROLL_CALL_EVERY_S)

    async def _roll_call(self) -> None:
        now = int(time.time())
        link = self.link
        answers = await asyncio.gather(
            link.ask("ZADD", LIVING, now, self._name.hex),
            link.ask("ZREMRANGEBYSCORE", LIVING, "-inf", now - ABSENT_AFTER_S),
            link.ask("ZCARD", LIVING),
        )
        self.processes = max(1, answers[2])

    async def leave(self) -> None:
        with contextlib.suppress(LinkDownError):
            await self.link.ask("ZREM", LIVING, self._name.hex)


def refusal(buckets: Sequence[Bucket], outcome: Outcome) -> RateLimitedError:
    """Which limit is reached, and when to come back."""
    assert outcome.refused_by is not None  # noqa: S101  # or nothing refuses
    bucket = buckets[outcome.refused_by]
    wait_s = max(1, ceil(outcome.retry_after_s))
    per = "a minute" if bucket.window_s == MINUTE_S else f"in {bucket.window_s} s"
    return RateLimitedError(
        f"This {bucket.owner}'s limit of {bucket.limit:,} {bucket.kind} {per} is "
        f"reached. Try again in {wait_s} s.",
        retry_after_s=wait_s,
        headers=headers_of(buckets, outcome),
    )


def headers_of(buckets: Sequence[Bucket], outcome: Outcome) -> Headers:
    """The limits in all three families of headers that clients read.

    `RateLimit-Limit`, `-Remaining` and `-Reset` tell of the limit with the least
    left; `RateLimit-Policy` and `RateLimit` of every one (draft-ietf-httpapi-
    ratelimit-headers-11); `X-RateLimit-*` are those of OpenAI's API. Seconds.
    """
    if len(buckets) == 1:
        return _of_one(buckets[0], outcome.used_s[0])
    return _of_several(buckets, outcome)


def _of_one(bucket: Bucket, used_s: float) -> Headers:
    shape = _shape(bucket.owner, bucket.kind, bucket.limit, bucket.window_s)
    left, reset = str(remaining(bucket, used_s)), str(ceil(used_s))
    return [
        ("RateLimit-Limit", shape.limit),
        ("RateLimit-Remaining", left),
        ("RateLimit-Reset", reset),
        ("RateLimit-Policy", shape.policy),
        ("RateLimit", f"{shape.name};r={left};t={reset}"),
        (shape.limit_header, shape.limit),
        (shape.remaining_header, left),
        (shape.reset_header, f"{reset}s"),
    ]


def _of_several(buckets: Sequence[Bucket], outcome: Outcome) -> Headers:
    shapes = [_shape(b.owner, b.kind, b.limit, b.window_s) for b in buckets]
    states = [
        (remaining(bucket, used_s), ceil(used_s))
        for bucket, used_s in zip(buckets, outcome.used_s, strict=True)
    ]
    places = range(len(buckets))
    tightest = min(places, key=lambda i: states[i][0] / buckets[i].limit)
    left, reset = states[tightest]
    headers = [
        ("RateLimit-Limit", shapes[tightest].limit),
        ("RateLimit-Remaining", str(left)),
        ("RateLimit-Reset", str(reset)),
        ("RateLimit-Policy", ", ".join(shape.policy for shape in shapes)),
        (
            "RateLimit",
            ", ".join(
                f"{shape.name};r={left};t={reset}"
                for shape, (left, reset) in zip(shapes, states, strict=True)
            ),
        ),
    ]
    for kind in {bucket.kind: None for bucket in buckets}:
        of_kind = (i for i in places if buckets[i].kind == kind)
        place = min(of_kind, key=lambda i: states[i][0])
        shape, (left, reset) = shapes[place], states[place]
        headers += [
            (shape.limit_header, shape.limit),
            (shape.remaining_header, str(left)),
            (shape.reset_header, f"{reset}s"),
        ]
    return headers


class _Shape(NamedTuple):
    """What every request under the same limit is told alike."""

    name: str
    limit: str
    policy: str
    limit_header: str
    remaining_header: str
    reset_header: str


@lru_cache(maxsize=1024)
def _shape(owner: str, kind: str, limit: int, window_s: int) -> _Shape:
    name = f'"{owner.rpartition(" ")[2].lower()}-{kind}"'
    title = kind.title()
    return _Shape(
        name,
        str(limit),
        f"{name};q={limit};w={window_s}",
        f"X-RateLimit-Limit-{title}",
        f"X-RateLimit-Remaining-{title}",
        f"X-RateLimit-Reset-{title}",
    )
