"""Trader7: a fictional company, recomputed from the catalog whenever it changes; pure.

The company and its volumes are made up and labelled so. No amount stands here: each
is worked out like anybody's question to the calculator.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from apps.portfolio.blueprints import BY_SLUG
from apps.web.calculator import Calculation, Question


@dataclass(frozen=True, slots=True)
class Case:
    """One use case of the company."""

    name: str
    does: str
    question: Question


def _case(name: str, does: str, kind: str, model: str, calls: int, **size: int) -> Case:
    usual = BY_SLUG[kind]
    question = Question(
        kind=usual,
        model=model,
        calls=calls,
        input_tokens=size.get("input", usual.input_tokens),
        output_tokens=size.get("output", usual.output_tokens),
        cached_share=Decimal(size.get("cached", 0)) / 100,
    )
    return Case(name, does, question)


CASES: Final = (
    _case(
        "Client support",
        "answers questions about orders and fees",
        *("support-chatbot", "openai/gpt-4.1", 60_000),
    ),
    _case(
        "Filings search",
        "finds and quotes what a filing says",
        *("rag-search", "anthropic/claude-sonnet-4-5", 30_000),
        cached=30,
    ),
    _case(
        "Strategy assistant",
        "writes and repairs trading scripts",
        *("code-assistant", "anthropic/claude-opus-4-6", 10_000),
    ),
    _case(
        "Morning brief",
        "sums up the night’s news for each client",  # noqa: RUF001  # an apostrophe
        *("summarizer", "google/gemini-2.5-pro", 40_000),
    ),
    _case(
        "News labels",
        "sorts headlines by instrument and mood",
        *("classifier", "openai/gpt-4.1-mini", 400_000),
    ),
    _case(
        "Back-office agent",
        "chases trades that did not settle",
        *("agent", "openai/gpt-5.4", 15_000),
        cached=50,
    ),
)


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One use case with what the calculator says; None where no price is known."""

    case: Case
    found: Calculation | None

    @property
    def today_usd(self) -> Decimal | None:
        return self.found.today.month_usd if self.found else None

    @property
    def shown_saving_usd(self) -> Decimal | None:
        return self.found.saving_usd if self.found else None

    @property
    def saving_usd(self) -> Decimal:
        """What counts in the sum: nothing where nothing is known."""
        known = self.found.saving_usd if self.found else None
        return known or Decimal(0)


@dataclass(frozen=True, slots=True)
class CaseStudy:
    """The table and its sums, over the lines that have a price."""

    lines: list[CaseLine]
    today_usd: Decimal
    saving_usd: Decimal
    unknown: int

    @property
    def then_usd(self) -> Decimal:
        return self.today_usd - self.saving_usd

    @property
    def share(self) -> Decimal | None:
        return self.saving_usd / self.today_usd if self.today_usd else None

    @property
    def is_known(self) -> bool:
        return self.unknown < len(self.lines)


def study_of(
    cases: Sequence[Case], ask: Callable[[Question], Calculation | None]
) -> CaseStudy:
    """Ask of each case, and add up what is known."""
    lines = [CaseLine(case, ask(case.question)) for case in cases]
    zero = Decimal(0)
    return CaseStudy(
        lines=lines,
        today_usd=sum((one.today_usd or zero for one in lines), zero),
        saving_usd=sum((one.saving_usd for one in lines), zero),
        unknown=sum(one.found is None for one in lines),
    )
