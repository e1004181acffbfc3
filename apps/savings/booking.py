"""What a day saved: which requests count for which switch, and at which prices. Pure.

The baseline is the model before the switch, for the same tokens, at the price of that
very moment: standard tier, undiscounted, cached tokens at their own price where there
is one. Where a price is not known nothing is assessed, and nothing is taken for zero.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from typing import Final
from uuid import UUID

from apps.kit.money import STANDARD, PriceCard, PriceRow, cost_on, price_card
from apps.providers.wire import Usage

NANO: Final = Decimal("1e-9")
MONTH_DAYS: Final = Decimal("30.4375")  # 365.25 / 12
# A day is closed when its last requests have long arrived: this long after its end.
CLOSES_AFTER: Final = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Course:
    """When one switch of a use case was in force."""

    switch_id: UUID
    to_model: str
    canary_at: datetime | None = None
    live_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def began_at(self) -> datetime | None:
        return self.canary_at or self.live_at

    def is_canary(self, at: datetime) -> bool:
        until = self.live_at or self.ended_at
        return self.canary_at is not None and _within(at, self.canary_at, until)

    def is_live(self, at: datetime) -> bool:
        return self.live_at is not None and _within(at, self.live_at, self.ended_at)

    @property
    def edges(self) -> Iterator[datetime]:
        moments = (self.canary_at, self.live_at, self.ended_at)
        yield from (moment for moment in moments if moment is not None)


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a day in which the same switches were in force at the same prices."""

    start: datetime
    end: datetime
    live: UUID | None = None
    canary: UUID | None = None


@dataclass(frozen=True, slots=True)
class Traffic:
    """What one model answered; tokens and cost are those of the priced requests."""

    requests: Decimal = Decimal(0)
    # Answered at an unknown cost.
    unpriced: int = 0
    fresh: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0
    cost_usd: Decimal = Decimal(0)
    # Answered by a canary's candidate itself.
    is_candidates: bool = False

    @property
    def prompt_tokens(self) -> int:
        """Of an average request, for prices that grow with the prompt."""
        return int((self.fresh + self.cached) / self.requests) if self.requests else 0


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums of a day; both costs are None while nothing could be assessed."""

    requests: Decimal = Decimal(0)
    unassessed: int = 0
    fresh: int = 0
    cached: int = 0
    output: int = 0
    actual_usd: Decimal | None = None
    baseline_usd: Decimal | None = None

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(
            self.requests + other.requests,
            self.unassessed + other.unassessed,
            self.fresh + other.fresh,
            self.cached + other.cached,
            self.output + other.output,
            _sum(self.actual_usd, other.actual_usd),
            _sum(self.baseline_usd, other.baseline_usd),
        )

    @property
    def is_empty(self) -> bool:
        return not self.requests and not self.unassessed


NOTHING: Final = Figures()


@dataclass(frozen=True, slots=True)
class Volume:
    """A typed volume: calls a month, tokens a call, the cached share of the prompt."""

    calls_month: Decimal | None
    input_tokens: Decimal | None
    output_tokens: Decimal | None
    cached_share: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """One UTC day as far as it has passed."""

    on: date
    now: datetime

    @property
    def start(self) -> datetime:
        return datetime.combine(self.on, time(), UTC)

    @property
    def end(self) -> datetime:
        return self.start + timedelta(days=1)

    @property
    def until(self) -> datetime:
        """Where it ends for now."""
        return min(self.end, max(self.start, self.now))

    @property
    def is_over(self) -> bool:
        """Whether it can be booked for good."""
        return self.now >= self.end + CLOSES_AFTER


@dataclass(frozen=True, slots=True)
class Price:
    """The dated prices of one offer, as the catalog has them."""

    rows: Sequence[PriceRow] = field(default_factory=tuple)

    def card(self, at: datetime, prompt_tokens: int = 0) -> PriceCard:
        return price_card(self.rows, at, prompt_tokens=prompt_tokens)

    def edges(self, day: Day) -> Iterator[datetime]:
        """When a price of the day begins or ends, by date or by the clock."""
        for row in self.rows:
            if row.service_tier != STANDARD or row.is_discount:
                continue
            yield from (m for m in (row.valid_from, row.valid_until) if m is not None)
            if row.is_windowed:
                hours = (row.utc_from or time(), row.utc_until or time())
                yield from (datetime.combine(day.on, hour, UTC) for hour in hours)


UNPRICED: Final = Price()


def spans(
    courses: Sequence[Course], day: Day, edges: Iterable[datetime] = ()
) -> list[Span]:
    """Cut the day wherever a switch or a price changes; parts without one are left."""
    moments = {day.start, day.until, *edges}
    moments.update(edge for course in courses for edge in course.edges)
    inside = sorted(m for m in moments if day.start <= m <= day.until)
    found = (_span(courses, start, end) for start, end in pairwise(inside))
    return [span for span in found if span.live or span.canary]


def _span(courses: Sequence[Course], start: datetime, end: datetime) -> Span:
    live = [one for one in courses if one.is_live(start)]
    canary = [one for one in courses if one.is_canary(start)]
    # The newest: a switch ends the one before it at the same moment.
    newest = max(live, key=lambda one: one.live_at or start, default=None)
    return Span(
        start,
        end,
        newest.switch_id if newest else None,
        canary[-1].switch_id if canary else None,
    )


def shared(span: Span, lines: Iterable[Traffic]) -> Iterator[tuple[UUID, Traffic]]:
    """Which switch each line counts for: the candidate's own answers for the canary,
    all others for the switch in force; never for both.
    """
    for line in lines:
        owner = span.canary if line.is_candidates else span.live
        if owner is not None:
            yield owner, line


def assessed(line: Traffic, baseline: PriceCard) -> Figures:
    """What these requests cost, and would have cost at the baseline's prices."""
    would = cost_of(line, baseline) if line.requests else None
    if would is None:
        left = line.unpriced + int(_whole(line.requests))
        return Figures(unassessed=left)
    return Figures(
        line.requests,
        line.unpriced,
        line.fresh,
        line.cached,
        line.output,
        line.cost_usd.quantize(NANO, ROUND_HALF_EVEN),
        would,
    )


def cost_of(line: Traffic, card: PriceCard) -> Decimal | None:
    """The same tokens at these prices; None when one that they need is not known."""
    usage = Usage(
        fresh=line.fresh,
        cache_read=line.cached,
        output=line.output,
        reasoning=min(line.reasoning, line.output),
    )
    # The fee of a request is charged as often as there were requests.
    tokens = cost_on(replace(card, request=Decimal(0)), usage)
    if tokens is None or card.request is None:
        return None
    return (tokens + card.request * line.requests).quantize(NANO, ROUND_HALF_EVEN)


def typed_traffic(volume: Volume, span: Span) -> Traffic | None:
    """The typed volume's share of a span; None where it does not say enough."""
    calls = volume.calls_month
    if not calls or volume.input_tokens is None or volume.output_tokens is None:
        return None
    seconds = Decimal((span.end - span.start) // timedelta(microseconds=1))
    part = calls * seconds / (MONTH_DAYS * 86_400_000_000)
    cached_share = volume.cached_share or Decimal(0)
    prompt = volume.input_tokens * part
    return Traffic(
        requests=part,
        fresh=int(_whole(prompt * (1 - cached_share))),
        cached=int(_whole(prompt * cached_share)),
        output=int(_whole(volume.output_tokens * part)),
    )


def estimated(line: Traffic, before: PriceCard, after: PriceCard) -> Figures:
    """The same for what nobody measured: both costs by the list prices of the day."""
    actual = cost_of(line, after)
    if actual is None:
        return Figures(unassessed=int(_whole(line.requests)))
    return assessed(replace(line, cost_usd=actual), before)


def _within(at: datetime, start: datetime, end: datetime | None) -> bool:
    return start <= at and (end is None or at < end)


def _whole(number: Decimal) -> Decimal:
    return number.to_integral_value(ROUND_HALF_EVEN)


def _sum(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other
