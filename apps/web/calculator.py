"""What a month costs today, and with each model that would do; pure.

The same filters as for opportunities decide who would do (`engine.filters`), and one
more: a model whose quality nobody has compared with today's is not called adequate.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from apps.kit.money import saving
from apps.opportunities.engine.candidates import GENERAL, Candidate, Prices
from apps.opportunities.engine.filters import quality_pair, refusals
from apps.opportunities.engine.money import cost_of_month
from apps.opportunities.engine.need import Need, QualityNeed
from apps.portfolio.blueprints import Template
from apps.portfolio.volume import Volume

SHOWN: Final = 5
SHOWN_LEFT_OUT: Final = 8
# A score that rests on fewer says too little to call a model as good as another.
LEAST_BENCHMARKS: Final = 3
NOT_COMPARED: Final = f"quality rests on fewer than {LEAST_BENCHMARKS} benchmarks"


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks the calculator."""

    kind: Template
    model: str
    calls: int
    input_tokens: int
    output_tokens: int
    cached_share: Decimal = Decimal(0)
    quality_need: QualityNeed = "best"

    @property
    def need(self) -> Need:
        return Need(
            task=self.kind.task.value,
            needs=("cost",),
            required_context=max(
                self.kind.required_context, self.input_tokens + self.output_tokens
            ),
            capabilities=frozenset(self.kind.capabilities),
            quality_need=self.quality_need,
            volume=Volume(
                calls_month=Decimal(self.calls),
                input_tokens=Decimal(self.input_tokens),
                output_tokens=Decimal(self.output_tokens),
                cached_share=self.cached_share,
                basis="typed",
            ),
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One model at the asked volume."""

    candidate: Candidate
    prices: Prices
    month_usd: Decimal
    # Against today's model, negative where it costs more.
    saving_usd: Decimal = Decimal(0)
    share: Decimal | None = None
    # Points of 100 at the task, of this model and of today's on the same measure; None
    # where either is not assessed well enough to compare.
    quality: float | None = None
    quality_before: float | None = None

    @property
    def saving_year_usd(self) -> Decimal:
        return self.saving_usd * 12

    @property
    def quality_gap(self) -> float | None:
        """Points above (or, negative, below) today's model."""
        if self.quality is None or self.quality_before is None:
            return None
        return self.quality - self.quality_before


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A cheaper model that is not offered, and every reason."""

    line: Line
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class Calculation:
    """The whole answer."""

    question: Question
    today: Line
    # Cheaper and adequate, the cheapest first.
    found: list[Line]
    left_out: list[LeftOut]
    # How many are left out for each kind of reason, the commonest first.
    reasons: list[tuple[str, int]]
    # Adequate, but no cheaper than today's model.
    dearer: int
    # Today's model is assessed; if not, nothing can be called as good.
    is_compared: bool
    checked_from: datetime | None
    checked_until: datetime | None

    @property
    def best(self) -> Line | None:
        return self.found[0] if self.found else None

    @property
    def saving_usd(self) -> Decimal | None:
        """What the cheapest adequate model saves; None where quality is unknown."""
        if not self.is_compared:
            return None
        return self.best.saving_usd if self.best else Decimal(0)

    @property
    def shown(self) -> list[Line]:
        return self.found[:SHOWN]

    @property
    def shown_left_out(self) -> list[LeftOut]:
        return self.left_out[:SHOWN_LEFT_OUT]


def calculate(
    question: Question,
    current: Candidate,
    candidates: Iterable[Candidate],
    *,
    today: date,
) -> Calculation | None:
    """Compare today's model with the market; None where its price is not known."""
    need = question.need
    usd = cost_of_month(current, need)
    if usd is None:
        return None
    own = current.quality_at(need.task)
    prices = current.price_at(need.prompt_tokens)
    now = Line(current, prices, usd, quality=own.score * 100 if own else None)
    sieve = _Sieve(
        need, now, today, is_compared=benchmarks_of(current) >= LEAST_BENCHMARKS
    )
    for candidate in candidates:
        if candidate.model_id != current.model_id:
            sieve.take(candidate)
    found = sorted(sieve.found, key=_by_cost)
    return Calculation(
        question=question,
        today=now,
        found=found,
        left_out=sorted(sieve.left_out, key=lambda one: _by_cost(one.line)),
        reasons=sieve.tally.most_common(),
        dearer=sieve.dearer,
        is_compared=sieve.is_compared,
        **_checked([now, *found]),
    )


@dataclass(slots=True)
class _Sieve:
    """The market, model by model: who would do for less, and who would not."""

    need: Need
    now: Line
    today: date
    is_compared: bool
    found: list[Line] = field(default_factory=list)
    # Only those that would be cheaper.
    left_out: list[LeftOut] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    dearer: int = 0

    def take(self, candidate: Candidate) -> None:
        usd = cost_of_month(candidate, self.need)
        line = None if usd is None else self._line(candidate, usd)
        reasons = refusals(
            candidate, self.need, today=self.today, current=self.now.candidate
        )
        if self.is_compared and line is not None and line.quality_gap is None:
            reasons.append(NOT_COMPARED)
        self.tally.update({group_of(reason) for reason in reasons})
        if line is None or reasons:
            if line is not None and line.saving_usd > 0:
                self.left_out.append(LeftOut(line, reasons))
        elif line.saving_usd > 0:
            self.found.append(line)
        else:
            self.dearer += 1

    def _line(self, candidate: Candidate, usd: Decimal) -> Line:
        now = self.now
        made = saving(now.month_usd, usd)
        is_assessed = benchmarks_of(candidate) >= LEAST_BENCHMARKS
        is_pair = self.is_compared and is_assessed
        pair = (
            quality_pair(now.candidate, candidate, self.need.task) if is_pair else None
        )
        return Line(
            candidate,
            candidate.price_at(self.need.prompt_tokens),
            usd,
            saving_usd=made.usd if made else Decimal(0),
            share=made.share if made else None,
            quality=pair.candidate.score * 100 if pair else None,
            quality_before=pair.current.score * 100 if pair else None,
        )


def benchmarks_of(candidate: Candidate) -> int:
    """On how many benchmarks what is known of a model's quality rests."""
    overall = candidate.qualities.get(GENERAL)
    return overall.benchmarks if overall else 0


def _by_cost(line: Line) -> tuple[Decimal, str]:
    return line.month_usd, line.candidate.model


def _checked(lines: Sequence[Line]) -> dict[str, datetime | None]:
    moments = [at for line in lines if (at := line.candidate.price_checked_at)]
    return {
        "checked_from": min(moments, default=None),
        "checked_until": max(moments, default=None),
    }


# The first words of a reason, and what it is counted as.
_GROUPS: Final = (
    ("context", "context too small, or not assessed"),
    ("no longer offered", "no longer offered"),
    ("its catalog entry", "no longer offered"),
    ("it is switched off", "switched off within 90 days"),
    ("excluded by", "excluded by our editors"),
    ("no vision", "cannot do what is needed"),
    ("no tool", "cannot do what is needed"),
    ("no JSON", "cannot do what is needed"),
    ("vision not", "not assessed whether it can do what is needed"),
    ("tool calls not", "not assessed whether it can do what is needed"),
    ("JSON schema not", "not assessed whether it can do what is needed"),
    (NOT_COMPARED, "quality not assessed well enough"),
    ("its price varies", "price not known, or varies by request"),
    ("price not known", "price not known, or varies by request"),
)


def group_of(reason: str) -> str:
    """The kind of a reason, for counting; unknown ones count as themselves."""
    if reason.endswith("in benchmarks, of 1"):
        return "too far below your model in benchmarks"
    return next((g for start, g in _GROUPS if reason.startswith(start)), reason)
