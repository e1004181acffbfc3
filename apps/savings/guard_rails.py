"""When a canary goes on, is rolled back, or becomes the alias's model. Pure.

Harm that is certain ends it at once: what is certain is said with bounds of 99.9 %,
for somebody looks every minute. Where the candidate has answered enough for long
enough, it is promoted if no rail is broken. A candidate's request that another model
had to answer counts as failed: its callers were spared, and it did not do its work.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, Self

from apps.router.engine.evidence import UNKNOWN, Interval, share

type Step = Literal["wait", "promote", "roll_back"]
type Verdict = Literal["", "better", "not_worse", "worse"]

CERTAIN: Final = 0.999
# Fewer say nothing certain about a 95th percentile.
LEAST_FOR_P95: Final = 20
# One failure of two says nothing, whatever an interval makes of it.
LEAST_TO_FAIL: Final = 10
MOST_FAILING: Final = 0.5


@dataclass(frozen=True, slots=True)
class Rails:
    """What a person set for one canary."""

    min_requests: int = 100
    min_hours: int = 24
    max_days: int = 7
    # How many more of its requests may fail than of the alias's own.
    max_error_points: float = 0.02
    # How much slower its 95th percentile may be; 1.5 is half as much again.
    max_p95_ratio: float = 1.5
    # Also ask whether marks sent by `/v1/feedback` are not worse by the margin.
    checks_quality: bool = False
    quality_margin: float = 0.15

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        return cls(**{name: stored[name] for name in stored if name in cls.__slots__})

    def stored(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Arm:
    """What one side did by now; latencies in milliseconds."""

    requests: int = 0
    # Failed, or answered by another model in its place.
    failed: int = 0
    p95: Interval = UNKNOWN

    @property
    def failed_share(self) -> float:
        return self.failed / self.requests if self.requests else 0.0

    @property
    def failures(self) -> Interval:
        """The share of failures between bounds that are certain."""
        return share(self.failed, self.requests, CERTAIN)


@dataclass(frozen=True, slots=True)
class Canary:
    """A canary at one moment."""

    control: Arm
    candidate: Arm
    since: datetime
    verdict: Verdict = ""
    # About how many more marks it would take for a verdict; None: no telling.
    marks_needed: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What comes next, and why, in words."""

    step: Step
    why: str


def decide(canary: Canary, rails: Rails, now: datetime) -> Decision:
    """The next step by the rails: harm first, then time, then proof."""
    broken = _certain_harm(canary, rails)
    if broken:
        return Decision("roll_back", broken)
    missing = _missing(canary, rails, now)
    if not missing:
        return _judged(canary, rails)
    if now >= canary.since + timedelta(days=rails.max_days):
        return Decision("roll_back", f"{_days(rails.max_days)} are over, and {missing}")
    return Decision("wait", missing[0].upper() + missing[1:])


def _certain_harm(canary: Canary, rails: Rails) -> str:
    ours, theirs = canary.candidate, canary.control
    if canary.verdict == "worse":
        return "The marks of its answers are worse by more than the margin."
    # With little to compare with, failing more often than not is harm enough.
    usual = min(theirs.failures.high, MOST_FAILING)
    limit = usual + rails.max_error_points
    if ours.requests >= LEAST_TO_FAIL and ours.failures.low > limit:
        return _failing(ours, theirs, rails)
    if _can_tell(ours, theirs) and ours.p95.low > theirs.p95.high * rails.max_p95_ratio:
        return _slow(ours, theirs, rails)
    return ""


def _missing(canary: Canary, rails: Rails, now: datetime) -> str:
    """What proof is still to come; empty when there is enough to judge."""
    left = rails.min_requests - canary.candidate.requests
    if left > 0:
        return (
            f"the candidate has taken {canary.candidate.requests:,} of the "
            f"{rails.min_requests:,} requests it needs."
        )
    if not canary.control.requests:
        return "the model before has answered nothing to compare with."
    if now < canary.since + timedelta(hours=rails.min_hours):
        return f"it has to run for {_hours(rails.min_hours)}."
    if rails.checks_quality and not canary.verdict:
        more = canary.marks_needed
        about = f": about {more:,} marks would do" if more else ""
        return f"the marks sent for its answers do not say yet how good it is{about}."
    return ""


def _judged(canary: Canary, rails: Rails) -> Decision:
    ours, theirs = canary.candidate, canary.control
    if ours.failed_share - theirs.failed_share > rails.max_error_points:
        return Decision("roll_back", _failing(ours, theirs, rails))
    if (
        _can_tell(ours, theirs)
        and ours.p95.middle > theirs.p95.middle * rails.max_p95_ratio
    ):
        return Decision("roll_back", _slow(ours, theirs, rails))
    words = (
        f"Within its guard rails over {ours.requests:,} requests: "
        f"{_percent(ours.failed_share)} failed against "
        f"{_percent(theirs.failed_share)}"
    )
    if _can_tell(ours, theirs):
        words += f", 95 % within {_time(ours.p95)} against {_time(theirs.p95)}"
    quality = {"better": ", quality better", "not_worse": ", quality not worse"}
    return Decision("promote", f"{words}{quality.get(canary.verdict, '')}.")


def _can_tell(ours: Arm, theirs: Arm) -> bool:
    answered = min(ours.requests - ours.failed, theirs.requests - theirs.failed)
    return answered >= LEAST_FOR_P95 and ours.p95.is_known and theirs.p95.is_known


def _failing(ours: Arm, theirs: Arm, rails: Rails) -> str:
    return (
        f"The candidate failed in {_percent(ours.failed_share)} of "
        f"{ours.requests:,} requests, the model before in "
        f"{_percent(theirs.failed_share)} of {theirs.requests:,}; "
        f"{rails.max_error_points * 100:g} points more were allowed."
    )


def _slow(ours: Arm, theirs: Arm, rails: Rails) -> str:
    return (
        f"95 % of the answers of the candidate took up to {_time(ours.p95)}, those of "
        f"the model before {_time(theirs.p95)}; {rails.max_p95_ratio:g} times as long "
        "was allowed."
    )


def _percent(part: float) -> str:
    return f"{part * 100:.1f} %"


def _time(interval: Interval) -> str:
    value = interval.middle
    return f"{value:,.0f} ms" if value < 1_000 else f"{value / 1_000:,.2f} s"


def _days(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"


def _hours(hours: int) -> str:
    return "1 hour" if hours == 1 else f"{hours} hours"
