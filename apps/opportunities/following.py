"""Follow the catalog's changes: which use cases a change could touch, and only those.

A change of a model touches the use cases that run on it, those that are told of it,
and, where the model got better, those that run on something it could now beat. What it
does to everybody else's scale of prices is left to the night.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from apps.catalog.models import EditorialOverride, ModelChange, Offer
from apps.catalog.overrides import InForce
from apps.kit.clock import utc_now
from apps.opportunities.engine.candidates import Candidate
from apps.opportunities.market import Market
from apps.opportunities.models import MarketMark, Opportunity
from apps.portfolio.models import UseCase
from apps.tenancy.scope import unscoped

DATABASE: Final = "jobs"
What = ModelChange.What
# What says nothing of a choice, or says it again: a held price is not in force.
_SILENT: Final = (What.PRICE_HELD, What.PRICE_REFUSED, What.PROVIDER_ADDED)
# After which a model may beat what it did not beat before.
_BETTER: Final = frozenset(
    (
        *(What.MODEL_ADDED, What.MODEL_RETURNED, What.MODEL_CHANGED),
        *(What.OFFER_ADDED, What.OFFER_RETURNED, What.OFFER_CHANGED),
        *(What.PRICE_ADDED, What.DISCOUNT, What.PARAMETERS, What.PROVIDER_CHANGED),
    )
)
# A model is worth a look beside one that costs this share more, or is so much worse.
CHEAPER_BY: Final = 0.15
BETTER_BY: Final = 1.15


@dataclass(frozen=True, slots=True)
class News:
    """Models that changed since the mark, and where the mark is to move."""

    models: frozenset[UUID] = frozenset()
    better: frozenset[UUID] = frozenset()
    change_id: UUID | None = None
    overrides: tuple[str, ...] = ()


@dataclass(slots=True)
class Touched:
    """By organization: use cases to look at anew, and those at some models alone."""

    anew: dict[UUID, set[UUID]] = field(default_factory=lambda: defaultdict(set))
    partly: dict[UUID, set[UUID]] = field(default_factory=lambda: defaultdict(set))


def news() -> News:
    """What the catalog's log and the overrides say since the last time."""
    mark = MarketMark.objects.using(DATABASE).filter(id=1).first()
    now_held = _overrides()
    if mark is None:
        return News(change_id=_latest(), overrides=tuple(sorted(now_held)))
    rows = ModelChange.objects.using(DATABASE).exclude(what__in=_SILENT)
    if mark.change_id is not None:
        rows = rows.filter(id__gt=mark.change_id)
    models: set[UUID] = set()
    better: set[UUID] = set()
    latest = mark.change_id
    fields = ("id", "what", "ai_model_id", "provider_id", "change_share")
    for change_id, what, model_id, provider_id, share in rows.order_by(
        "id"
    ).values_list(*fields):
        latest = change_id
        touched = {model_id} if model_id else _served_by(provider_id)
        models |= touched
        if what in _BETTER or (what == What.PRICE and (share or 0) < 0):
            better |= touched
    moved = set(mark.overrides) ^ set(now_held)
    overridden = _overridden(moved)
    return News(
        frozenset(models | overridden),
        frozenset(better | overridden),
        latest,
        tuple(sorted(now_held)),
    )


def move_mark(said: News) -> None:
    """From now on only what comes later is new."""
    MarketMark.objects.using(DATABASE).update_or_create(
        id=1,
        defaults={
            "change_id": said.change_id,
            "overrides": list(said.overrides),
            "moved_at": utc_now(),
        },
    )


def touched_by(said: News, at: Market) -> Touched:
    """The use cases of every organization that the news could touch."""
    touched = Touched()
    with unscoped("a change of the catalog touches use cases of every organization"):
        use_cases = list(
            UseCase.objects.values_list("org_id", "id", "current_model_id")
        )
        told = list(
            Opportunity.objects.filter(candidate_model_id__in=said.models)
            .exclude(state__in=("expired", "invalidated"))
            .values_list("org_id", "use_case_id")
        )
    beaten = _beaten_by(said.better, at, {model_id for *_, model_id in use_cases})
    for org_id, use_case_id, model_id in use_cases:
        if model_id in said.models:
            touched.anew[org_id].add(use_case_id)
        elif model_id in beaten:
            touched.partly[org_id].add(use_case_id)
    for org_id, use_case_id in told:
        if use_case_id not in touched.anew[org_id]:
            touched.partly[org_id].add(use_case_id)
    return touched


def _beaten_by(
    better: Iterable[UUID], at: Market, running: Iterable[UUID]
) -> set[UUID]:
    """Which models in use stand behind one of those that got better."""
    rivals = [one for one in map(at.of, better) if one is not None]
    found = set()
    for model_id in running:
        current = at.current(model_id)
        if current and any(_may_beat(rival, current) for rival in rivals):
            found.add(model_id)
    return found


def _may_beat(rival: Candidate, current: Candidate) -> bool:
    """Generously: any price, any task, trust or room that is better by enough."""
    if rival.model_id == current.model_id:
        return False
    theirs, mine = rival.price_at(0), current.price_at(0)
    for cheap, dear in ((theirs.input, mine.input), (theirs.output, mine.output)):
        if (
            cheap is None
            or dear is None
            or float(cheap) < float(dear) * (1 - CHEAPER_BY)
        ):
            return True
    for task, quality in rival.qualities.items():
        known = current.qualities.get(task)
        if known is not None and quality.score >= known.score * BETTER_BY:
            return True
    return _is_ahead(rival.trust.points, current.trust.points, 15) or (
        (rival.context_tokens or 0) >= 2 * (current.context_tokens or 0)
    )


def _is_ahead(theirs: float | None, mine: float | None, points: float) -> bool:
    return theirs is not None and mine is not None and theirs - mine >= points


def _latest() -> UUID | None:
    rows = ModelChange.objects.using(DATABASE).order_by("-id")
    return rows.values_list("id", flat=True).first()


def _served_by(provider_id: UUID) -> set[UUID]:
    rows = Offer.objects.using(DATABASE).filter(provider_id=provider_id)
    return set(rows.values_list("ai_model_id", flat=True))


def _overrides() -> list[str]:
    return [str(row.id) for row in InForce.read(utc_now(), using=DATABASE).rows]


def _overridden(ids: Iterable[str]) -> set[UUID]:
    """The models that these overrides are about, by whatever they name."""
    found: set[UUID] = set()
    rows = EditorialOverride.objects.using(DATABASE).filter(id__in=list(ids))
    for row in rows.select_related("offer"):
        if row.ai_model_id:
            found.add(row.ai_model_id)
        elif row.offer:
            found.add(row.offer.ai_model_id)
        elif row.provider_id:
            found |= _served_by(row.provider_id)
    return found
