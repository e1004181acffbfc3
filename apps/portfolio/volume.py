"""How much a use case is used: measured where there is traffic, typed elsewhere.

Pure. What is measured stands above what was typed once it rests on enough requests.
Less than a day of traffic counts as a day, so that one busy hour is no busy month.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final, Literal

MONTH_DAYS: Final = Decimal("365.25") / 12
MEASURED_OVER: Final = timedelta(days=30)
# Fewer requests say too little about a month.
LEAST_REQUESTS: Final = 100
# Token averages and calls keep as much as anybody reads.
_STEP: Final = Decimal("0.001")

type Basis = Literal["measured", "typed", ""]


@dataclass(frozen=True, slots=True)
class Volume:
    """Calls a month and tokens a call; None is not known.

    `input_tokens` is the whole prompt, `cached_share` (0 to 1) what of it a provider
    reads from its cache. `basis` is "" where nothing is known; `origin` and `note` say
    whose the typed figures are.
    """

    calls_month: Decimal | None = None
    input_tokens: Decimal | None = None
    output_tokens: Decimal | None = None
    cached_share: Decimal | None = None
    basis: Basis = ""
    requests: int = 0
    since: date | None = None
    until: date | None = None
    origin: str = ""
    note: str = ""

    @property
    def is_measured(self) -> bool:
        return self.basis == "measured"

    @property
    def is_complete(self) -> bool:
        """Whether a cost can be worked out from it."""
        return None not in (self.calls_month, self.input_tokens, self.output_tokens)

    @property
    def is_assumed(self) -> bool:
        """Whether the tokens are a template's, not the customer's."""
        return self.basis == "typed" and self.origin == "template"


UNKNOWN: Final = Volume()


@dataclass(frozen=True, slots=True)
class Traffic:
    """What went through one alias in the window: calls that a provider answered."""

    requests: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    first_day: date


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody said, or a template or a file said for them."""

    calls_month: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_share: float | None = None
    origin: str = ""
    note: str = ""


def volume(typed: Typed, traffic: Traffic | None, *, now: datetime) -> Volume:
    """The measured volume where it rests on enough requests, else the typed one."""
    if traffic is not None and traffic.requests >= LEAST_REQUESTS:
        return measured(traffic, now=now)
    return _of_typed(typed)


def measured(traffic: Traffic, *, now: datetime) -> Volume:
    """The traffic of the window as a month of it."""
    calls = Decimal(traffic.requests)
    prompt = traffic.input_tokens
    cached = min(traffic.cached_tokens, prompt)
    return Volume(
        calls_month=per_month(calls, days_between(traffic.first_day, now)),
        input_tokens=(Decimal(prompt) / calls).quantize(_STEP),
        output_tokens=(Decimal(traffic.output_tokens) / calls).quantize(_STEP),
        cached_share=(Decimal(cached) / prompt).quantize(_STEP) if prompt else None,
        basis="measured",
        requests=traffic.requests,
        since=traffic.first_day,
        until=now.astimezone(UTC).date(),
    )


def days_between(first_day: date, now: datetime) -> Decimal:
    """Days from the first request's day, or the window's begin, until now; least 1.

    Traffic is known by the day: its first one counts from midnight, UTC.
    """
    began = datetime.combine(first_day, time.min, tzinfo=UTC)
    passed = now - max(began, now - MEASURED_OVER)
    return max(Decimal(1), Decimal(passed // timedelta(seconds=1)) / 86_400)


def per_month(count: Decimal, days: Decimal) -> Decimal:
    """So many in so many days as a month's worth."""
    return (count * MONTH_DAYS / days).quantize(_STEP)


def _of_typed(typed: Typed) -> Volume:
    said = (typed.calls_month, typed.input_tokens, typed.output_tokens)
    if all(one is None for one in said):
        return UNKNOWN
    calls, inputs, outputs = (None if n is None else Decimal(n) for n in said)
    share = typed.cached_share
    return Volume(
        calls_month=calls,
        input_tokens=inputs,
        output_tokens=outputs,
        cached_share=None if share is None else Decimal(str(share)),
        basis="typed",
        origin=typed.origin,
        note=typed.note,
    )
