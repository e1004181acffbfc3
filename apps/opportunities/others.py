"""Why the other models are not recommended: each with its reasons, as of now."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from apps.opportunities.cases import cases_of, knowns
from apps.opportunities.engine.candidates import Candidate
from apps.opportunities.engine.filters import refusals
from apps.opportunities.engine.finding import found_models
from apps.opportunities.engine.fit import Case
from apps.opportunities.engine.money import cost_of_call
from apps.opportunities.finder import thresholds
from apps.opportunities.market import market
from apps.portfolio.models import UseCase

MOST_SHOWN: Final = 40
NOT_BETTER: Final = "not a tenth better for what this use case needs"
OUTRANKED: Final = "an opportunity too, behind those that are listed"


@dataclass(frozen=True, slots=True)
class Other:
    """A model that is not recommended, and why."""

    offer: Candidate
    reasons: tuple[str, ...]


def others(use_case: UseCase, told: frozenset[UUID]) -> list[Other]:
    """Models that are cheaper than today's or better, the cheapest first."""
    at = market()
    known = knowns([use_case])
    cases = cases_of(known, at, held={}, open_={})
    if not cases:
        return []
    case = cases[0]
    today = at.taken_at.date()
    rivals = [
        offer
        for model_id in at.picture.by_model
        if model_id not in told and model_id != case.current.model_id
        for offer in (at.nearest(model_id, case.need),)
        if offer is not None and _is_rival(offer, case)
    ]
    rivals.sort(key=_price)
    found = found_models(case, at.table, now=at.taken_at, thresholds=thresholds())
    return [_other(offer, case, found, today) for offer in rivals[:MOST_SHOWN]]


def _other(offer: Candidate, case: Case, found: frozenset[UUID], today: date) -> Other:
    reasons = refusals(
        offer,
        case.need,
        today=today,
        current=case.current,
        evidence=case.evidence.get(offer.model_id),
    )
    if not reasons:
        reasons = [OUTRANKED if offer.model_id in found else NOT_BETTER]
    return Other(offer, tuple(reasons))


def _is_rival(offer: Candidate, case: Case) -> bool:
    """Worth a question: cheaper for this use case's calls, or better at its task."""
    mine, theirs = (
        cost_of_call(one.price_at(case.need.prompt_tokens), case.need.volume)
        for one in (case.current, offer)
    )
    if mine is not None and theirs is not None and theirs < mine:
        return True
    ours, its = (
        case.current.quality_at(case.need.task),
        offer.quality_at(case.need.task),
    )
    return ours is not None and its is not None and its.score > ours.score


def _price(offer: Candidate) -> tuple[Decimal, str]:
    price = offer.price_at(0)
    known = price.input is not None and price.output is not None
    total = (price.input or 0) * 3 + (price.output or 0) if known else Decimal("Inf")
    return Decimal(total), offer.model
