"""The generic cell rate algorithm (ITU-T I.371): one number a limit, no windows.

A limit of N in W seconds lets N pass at once and then one every W / N seconds. What
is kept is the theoretical arrival time: the moment at which nothing is used up any
more. It runs in Valkey (SCRIPT), on the server's clock, for all limits of a request
at once; and in this process, with the same arithmetic, while Valkey cannot be asked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, Literal, NamedTuple

Kind = Literal["requests", "tokens"]
Owner = Literal["API key", "organization"]


class Bucket(NamedTuple):
    """One limit that a request has to pass, and what the request takes of it."""

    name: str  # under which its state is kept
    kind: Kind
    owner: Owner
    limit: int
    window_s: int
    cost: int = 1

    @property
    def taken(self) -> int:
        """Its cost, at most the whole limit: else a large request could never pass."""
        return min(self.cost, self.limit)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a request passes; how much is used up of each limit, in seconds of it."""

    used_s: Sequence[float]
    # The limit that refuses, by its place, and when it would let the request pass.
    refused_by: int | None = None
    retry_after_s: float = 0.0


# KEYS: the limits. ARGV, for each: its window and the request's part of it, in µs.
# Answer: place of the refusing limit (0: none), µs to wait, then µs used of each.
SCRIPT: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local known = redis.call('MGET', unpack(KEYS))
local answer, arrival = {0, 0}, {}
for i = 1, #KEYS do
    local window, part = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
    local before = math.max(tonumber(known[i] or now), now)
    arrival[i] = before + part
    local over = arrival[i] - now - window
    if over > 0 and over > answer[2] then
        answer[1], answer[2] = i, math.ceil(over)
    end
    answer[i + 2] = math.ceil(before - now)
end
if answer[1] > 0 then return answer end
for i = 1, #KEYS do
    local used = arrival[i] - now
    answer[i + 2] = math.ceil(used)
    if used > 0 then
        redis.call('SET', KEYS[i], string.format('%.0f', arrival[i]),
            'PX', math.ceil(used / 1000))
    end
end
return answer
"""

# KEYS: one limit. ARGV: its window, and what is to be added or given back, in µs.
# The debt that a request can leave behind ends with the window after this one.
CORRECT: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local before = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local used = math.min(before + ARGV[2] - now, 2 * ARGV[1])
if used >= 1 then
    redis.call('SET', KEYS[1], string.format('%.0f', now + used),
        'PX', math.ceil(used / 1000))
else
    redis.call('DEL', KEYS[1])
end
return 1
"""


def arguments(buckets: Sequence[Bucket]) -> list[str]:
    """ARGV of SCRIPT."""
    values: list[str] = []
    for bucket in buckets:
        window_us = bucket.window_s * 1_000_000
        part_us = bucket.taken * window_us / bucket.limit
        values += (str(window_us), f"{part_us:.3f}")
    return values


def outcome_of(answer: Sequence[int]) -> Outcome:
    """What SCRIPT answered."""
    refused, wait_us, *used_us = answer
    used_s = [us / 1e6 for us in used_us]
    return Outcome(used_s, refused - 1 if refused else None, wait_us / 1e6)


def remaining(bucket: Bucket, used_s: float) -> int:
    """How much more the limit lets pass at this moment."""
    return max(0, int((bucket.window_s - used_s) * bucket.limit / bucket.window_s))


@dataclass(slots=True)
class LocalLimits:
    """The same in this process alone, which gets its share of each limit."""

    clock: Callable[[], float] = monotonic
    _arrivals: dict[str, float] = field(default_factory=dict)

    def take(self, buckets: Sequence[Bucket], *, share: int) -> Outcome:
        """Pass or refuse; this process is one of `share` that count by themselves."""
        now = self.clock()
        used_s, arrivals = [], []
        refused_by, wait_s = None, 0.0
        for place, bucket in enumerate(buckets):
            limit = max(1, bucket.limit // share)
            before = max(self._arrivals.get(bucket.name, now), now)
            part_s = min(bucket.cost, limit) * bucket.window_s / limit
            arrivals.append(before + part_s)
            used_s.append(before - now)
            # A float's last digits must not refuse what just fits.
            over_s = before + part_s - now - bucket.window_s
            if over_s > 1e-6 and over_s > wait_s:
                refused_by, wait_s = place, over_s
        if refused_by is not None:
            return Outcome(used_s, refused_by, wait_s)
        for bucket, arrival in zip(buckets, arrivals, strict=True):
            self._arrivals[bucket.name] = arrival
        self._forget_idle(now)
        return Outcome([arrival - now for arrival in arrivals])

    def correct(self, bucket: Bucket, tokens: int, *, share: int) -> None:
        """Add (or with a negative number give back) what was taken by a guess."""
        now = self.clock()
        limit = max(1, bucket.limit // share)
        before = max(self._arrivals.get(bucket.name, now), now)
        after = before + tokens * bucket.window_s / limit
        self._arrivals[bucket.name] = min(after, now + 2 * bucket.window_s)

    def note(self, buckets: Sequence[Bucket], outcome: Outcome) -> None:
        """Remember how full the limits are, so that counting goes on from there: a
        moment without Valkey must not empty a limit that is reached.
        """
        now = self.clock()
        for bucket, used_s in zip(buckets, outcome.used_s, strict=True):
            self._arrivals[bucket.name] = now + used_s
        self._forget_idle(now)

    def _forget_idle(self, now: float) -> None:
        if len(self._arrivals) > MOST_REMEMBERED:
            busy = {n: at for n, at in self._arrivals.items() if at > now}
            self._arrivals = busy


MOST_REMEMBERED: Final = 10_000
