"""The market as the public pages ask it: kept with everything worked out from it.

Every visitor asks about the same market, so what does not depend on the question is
worked out once and kept in this process until the catalog or the day changes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from threading import Lock
from typing import Final

from apps.opportunities.engine.candidates import Candidate
from apps.opportunities.market import Market, market
from apps.web.calculator import Calculation, Question, calculate
from apps.web.case_study import CASES, CaseStudy, study_of

KEPT_ANSWERS: Final = 256


@dataclass(frozen=True, eq=False)
class Shelf:
    """One day's market without anybody's rules."""

    market: Market
    today: date

    @cached_property
    def models(self) -> Mapping[str, Candidate]:
        """Every model with a price, by its id, as its makers offer it."""
        found = (self.market.current(one) for one in self.market.picture.by_model)
        return {one.model: one for one in found if one is not None and one.has_price}

    @cached_property
    def candidates(self) -> Sequence[Candidate]:
        return self.market.candidates()

    @cached_property
    def case_study(self) -> CaseStudy:
        return study_of(CASES, self.ask)

    def ask(self, question: Question) -> Calculation | None:
        """None where today's model has no known price."""
        return _answer(self, question)


@lru_cache(maxsize=KEPT_ANSWERS)
def _answer(shelf: Shelf, question: Question) -> Calculation | None:
    current = shelf.models.get(question.model)
    if current is None:
        return None
    return calculate(question, current, shelf.candidates, today=shelf.today)


_lock = Lock()
_kept: dict[str, Shelf] = {}


def shelf() -> Shelf:
    """The market of now: one small statement while the catalog stands still."""
    now = market()
    today = now.taken_at.date()
    with _lock:
        kept = _kept.get("shelf")
        is_same = kept is not None and kept.market.picture is now.picture
        if kept is None or not is_same or kept.today != today:
            kept = _kept["shelf"] = Shelf(now, today)
    return kept
