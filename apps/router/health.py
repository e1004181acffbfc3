"""What this process sees of each offer: how quick, how often wrong, how wrong.

Every attempt's end passes through here once. From it come the breaker's verdicts, the
ninety-fifth percentile that a hedge waits for, and the tallies that `health_store.py`
writes to the database for the provider health page.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import log2
from time import time
from typing import Final
from uuid import UUID

from apps.providers import errors
from apps.router.account import Try
from apps.router.breaker import Breakers

# Four steps an octave, from a millisecond to a quarter of an hour: a percentile read
# from these is off by a tenth at most.
BINS: Final = 80
STEPS_PER_OCTAVE: Final = 4
# Fewer answers than this say little about an offer's speed (PRODUCT.md section 6).
LEAST_SAMPLES: Final = 30
# Share of the newest measurement in the moving averages.
NEWEST: Final = 0.1
SPAN_S: Final = 300
# What is not written for longer (Postgres is away) is dropped, oldest first.
MOST_SPANS: Final = 24

# In the order of the stored array; new ones are added at the end.
OUTCOMES: Final = (
    "ok",
    "refused_key",
    "rate_limited",
    "server_error",
    "overloaded",
    "timeout",
    "connection_failed",
    "bad_answer",
    "unsupported",
    "bad_request",
    "too_long",
    "cancelled",
    "upstream_error",
)
_PLACES: Final = {outcome: place for place, outcome in enumerate(OUTCOMES)}
# The offer's own fault, whoever asks with whatever key.
_ITS_FAULT: Final = (
    errors.ServerError,
    errors.ProviderTimeoutError,
    errors.ConnectionFailedError,
    errors.BadAnswerError,
)
# An answer, if not the one that was hoped for: somebody is at home.
_ANSWERS: Final = (errors.BadRequestError, errors.UnsupportedError)


def bin_of(milliseconds: float) -> int:
    """The place of a duration among the bins."""
    if milliseconds < 1:
        return 0
    return min(BINS - 1, int(log2(milliseconds) * STEPS_PER_OCTAVE))


def quantile_ms(bins: Iterable[int], share: float) -> int | None:
    """The duration that this share of the answers kept within; None without any."""
    counts = list(bins)
    wanted = sum(counts) * share
    if not wanted:
        return None
    seen = 0.0
    for place, count in enumerate(counts):
        if count and seen + count >= wanted:
            within = place + (wanted - seen) / count
            return max(1, round(2 ** (within / STEPS_PER_OCTAVE)))
        seen += count
    return None  # pragma: no cover  # the counts sum to more than the share


@dataclass(slots=True)
class Tally:
    """One offer's attempts in one span of time."""

    provider: str
    model: str
    outcomes: list[int] = field(default_factory=lambda: [0] * len(OUTCOMES))
    latencies: list[int] = field(default_factory=lambda: [0] * BINS)
    first_tokens: list[int] = field(default_factory=lambda: [0] * BINS)


@dataclass(slots=True)
class Average:
    """Exponentially weighted: each new value counts for a tenth."""

    value: float = 0.0
    samples: int = 0

    def add(self, value: float) -> None:
        # The first few count alike, or the very first would weigh for long.
        weight = max(NEWEST, 1 / (self.samples + 1))
        self.value += weight * (value - self.value)
        self.samples += 1


@dataclass(slots=True)
class Pulse:
    """One offer as this process has seen it lately."""

    latency_ms: Average = field(default_factory=Average)
    first_token_ms: Average = field(default_factory=Average)
    failed: Average = field(default_factory=Average)
    # Since when, and of the span before: enough for a percentile at any moment.
    latencies: list[int] = field(default_factory=lambda: [0] * BINS)
    first_tokens: list[int] = field(default_factory=lambda: [0] * BINS)


type SpanKey = tuple[int, UUID]


@dataclass(slots=True)
class Health:
    """All offers of one process; told of each attempt's beginning and end."""

    breakers: Breakers = field(default_factory=Breakers)
    # Offers' p95 over all processes and the last hour, ms: whole and first token.
    shared_p95: dict[UUID, tuple[int | None, int | None]] = field(default_factory=dict)
    # Provider and model of each offer that was asked here.
    names: dict[UUID, tuple[str, str]] = field(default_factory=dict)
    _pulses: dict[UUID, Pulse] = field(default_factory=dict)
    _tallies: dict[SpanKey, Tally] = field(default_factory=dict)

    def begun(self, attempt: Try) -> None:
        self.breakers.begin(attempt.scored.candidate.offer_id)

    def first_token(self, attempt: Try, after_ms: float) -> None:
        """A stream began to speak: as far as its circuit goes, it answered."""
        offer = attempt.scored.candidate
        # From here on only the whole request's deadline can end it.
        attempt.has_full_time = False
        place = bin_of(after_ms)
        pulse = self._pulse(offer.offer_id)
        pulse.first_token_ms.add(after_ms)
        pulse.first_tokens[place] += 1
        self._tally(attempt).first_tokens[place] += 1
        self.breakers.passed(offer.offer_id, after_ms / 1000)

    def answered(self, attempt: Try) -> None:
        """The whole answer is there."""
        offer_id = attempt.scored.candidate.offer_id
        took_ms = attempt.duration_ms
        place = bin_of(took_ms)
        pulse = self._pulse(offer_id)
        pulse.latency_ms.add(took_ms)
        pulse.failed.add(0)
        pulse.latencies[place] += 1
        tally = self._tally(attempt)
        tally.outcomes[0] += 1
        tally.latencies[place] += 1
        self.breakers.passed(offer_id, took_ms / 1000)

    def failed(self, attempt: Try, problem: errors.UpstreamError) -> None:
        offer_id = attempt.scored.candidate.offer_id
        self._tally(attempt).outcomes[_place_of(problem.outcome)] += 1
        took_s = attempt.duration_ms / 1000
        if _is_its_fault(attempt, problem):
            self._pulse(offer_id).failed.add(1)
            self.breakers.failed(offer_id, took_s)
        elif isinstance(problem, _ANSWERS):
            self.breakers.passed(offer_id, took_s)
        else:
            self.breakers.left(offer_id)

    def left(self, attempt: Try) -> None:
        """The attempt was given up: its caller left, or a hedge was quicker."""
        self._tally(attempt).outcomes[_PLACES["cancelled"]] += 1
        self.breakers.left(attempt.scored.candidate.offer_id)

    def p95_s(self, offer_id: UUID, *, is_stream: bool) -> float | None:
        """Seconds in which 19 of 20 answers (of streams: first tokens) have come."""
        shared = self.shared_p95.get(offer_id, (None, None))[is_stream]
        if shared is not None:
            return shared / 1000
        pulse = self._pulses.get(offer_id)
        if pulse is None:
            return None
        bins = pulse.first_tokens if is_stream else pulse.latencies
        if sum(bins) < LEAST_SAMPLES:
            return None
        p95_ms = quantile_ms(bins, 0.95)
        return None if p95_ms is None else p95_ms / 1000

    def pulse(self, offer_id: UUID) -> Pulse | None:
        return self._pulses.get(offer_id)

    def take_tallies(self) -> dict[SpanKey, Tally]:
        """What was counted since this was called last."""
        taken, self._tallies = self._tallies, {}
        return taken

    def give_back(self, tallies: dict[SpanKey, Tally]) -> None:
        """These could not be written: count them in with the next."""
        for key, tally in tallies.items():
            newer = self._tallies.get(key)
            if newer is not None:
                add_up(tally, newer)
            self._tallies[key] = tally
        spans = sorted({span for span, _ in self._tallies})
        for span, offer_id in list(self._tallies):
            if span in spans[:-MOST_SPANS]:
                del self._tallies[span, offer_id]

    def fade(self) -> None:
        """Halve what old measurements count for in this process's percentiles."""
        for pulse in self._pulses.values():
            pulse.latencies = [count // 2 for count in pulse.latencies]
            pulse.first_tokens = [count // 2 for count in pulse.first_tokens]

    def _pulse(self, offer_id: UUID) -> Pulse:
        pulse = self._pulses.get(offer_id)
        if pulse is None:
            pulse = self._pulses[offer_id] = Pulse()
        return pulse

    def _tally(self, attempt: Try) -> Tally:
        offer = attempt.scored.candidate
        key = (int(time()) // SPAN_S * SPAN_S, offer.offer_id)
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = Tally(offer.provider, offer.model)
            self.names[offer.offer_id] = (offer.provider, offer.model)
        return tally


def _is_its_fault(attempt: Try, problem: errors.UpstreamError) -> bool:
    if isinstance(problem, errors.ProviderTimeoutError) and not problem.http_status:
        return attempt.has_full_time
    return isinstance(problem, _ITS_FAULT)


def add_up(total: Tally, more: Tally) -> None:
    for mine, theirs in _arrays(total, more):
        mine[:] = [a + b for a, b in zip(mine, theirs, strict=True)]


def _arrays(one: Tally, other: Tally) -> Iterator[tuple[list[int], list[int]]]:
    yield one.outcomes, other.outcomes
    yield one.latencies, other.latencies
    yield one.first_tokens, other.first_tokens


def _place_of(outcome: str) -> int:
    return _PLACES.get(outcome, _PLACES["upstream_error"])
