"""Grades of answers: noting them, judging what they teach, and loading it to choose by.

A grade comes later than its answer and knows only the request's id. What the prompt was
like is therefore kept for 30 days as a vector, without its text, and only for
organizations whose requests are learned from: those that choose by outcomes somewhere,
and those that have sent a grade.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from apps.kit.clock import utc_now
from apps.router.engine import guard
from apps.router.engine.learned import Learned, gather, learn
from apps.router.engine.learned import Outcome as Grade
from apps.router.models import RoutedRequest
from apps.router.outcome_models import Learner, Outcome, PromptVector
from apps.tenancy.scope import require_org_id

VECTORS_KEPT: Final = timedelta(days=30)
# The newest grades of an organization, and of all in one process: 1 KB each.
MOST_OUTCOMES: Final = 5_000
MOST_LOADED: Final = 50_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """One grade as it is given; `quality` is 0 to 1, None for words alone."""

    quality: float | None
    label: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class OrgLearner:
    """What the router holds of one organization that learns."""

    learned: Learned | None
    why: str
    grades: int
    judged_at: datetime | None


def note(
    request_id: UUID, verdict: Verdict, *, source: str, grader: str = ""
) -> Outcome | None:
    """Note a grade of the organization's own request, in place of the same grader's
    earlier one; None when there is no such request.
    """
    kept = PromptVector.objects.filter(request_id=request_id).first()
    place = _of_vector(kept) if kept else _of_ledger(request_id)
    if place is None:
        return None
    with transaction.atomic():
        Learner.objects.get_or_create()
        outcome, _ = Outcome.objects.update_or_create(
            request_id=request_id,
            source=source,
            grader=grader,
            defaults={**place, **asdict(verdict)},
        )
    return outcome


def _of_vector(kept: PromptVector) -> dict[str, Any]:
    names = ("model", "cost_usd", "prompt", "vector")
    return {name: getattr(kept, name) for name in names}


def _of_ledger(request_id: UUID) -> dict[str, Any] | None:
    rows = RoutedRequest.objects.filter(org_id=require_org_id(), id=request_id)
    if (row := rows.first()) is None:
        return None
    return {"model": row.model, "cost_usd": row.cost_usd}


def judge_org() -> Learner:
    """Replay the newest outcomes of the organization in scope, and store what came."""
    rows = Outcome.objects.all()
    verdict = guard.judge(_grades(rows, most=MOST_OUTCOMES))
    learner, _ = Learner.objects.get_or_create()
    learner.rates = dict(verdict.rates)
    learner.usual_weight = verdict.usual_weight
    learner.grades = verdict.grades
    learner.why = verdict.why
    learner.report = {name: asdict(one) for name, one in verdict.played.items()}
    learner.judged_at = utc_now()
    learner.save()
    return learner


def _grades(rows: Any, *, most: int) -> Iterator[Grade]:
    """The newest graded answers whose prompts are known."""
    usable = rows.filter(quality__isnull=False, vector__isnull=False).exclude(model="")
    fields = ("prompt", "vector", "model", "quality", "cost_usd")
    for prompt, vector, model, quality, cost in usable.order_by(
        "-created_at", "id"
    ).values_list(*fields)[:most]:
        yield Grade(bytes(prompt), bytes(vector), model, quality, _dollars(cost))


def _dollars(cost: Decimal | None) -> float | None:
    return None if cost is None else float(cost)


def due_orgs() -> list[UUID]:
    """Organizations that learn, for the nightly judgement; needs no scope."""
    return list(Learner.objects.order_by("org_id").values_list("org_id", flat=True))


def forget_vectors() -> int:
    """Drop the vectors for which no grade came in time."""
    old = PromptVector.objects.filter(created_at__lt=utc_now() - VECTORS_KEPT)
    return old.delete()[0]


_LOADED: dict[UUID, tuple[datetime, Learned | None]] = {}


def load_learners(wishing: Iterable[UUID]) -> Mapping[UUID, OrgLearner]:
    """What every learning organization's choice rests on; read again only after a new
    judgement. `wishing` are organizations whose rules ask for it.
    """
    rows = list(Learner.objects.order_by("org_id"))
    on = [row for row in rows if row.rates]
    most = min(MOST_OUTCOMES, MOST_LOADED // max(len(on), 1))
    found = {org: OrgLearner(None, NOT_JUDGED, 0, None) for org in wishing}
    for row in rows:
        learned = _loaded(row, most) if row.rates else None
        why = row.why if row.judged_at else NOT_JUDGED
        found[row.org_id] = OrgLearner(learned, why, row.grades, row.judged_at)
    for gone in _LOADED.keys() - {row.org_id for row in on}:
        del _LOADED[gone]
    return found


NOT_JUDGED: Final = "the outcomes have not been judged yet"


def _loaded(row: Learner, most: int) -> Learned | None:
    held = _LOADED.get(row.org_id)
    if held is None or held[0] != row.updated_at:
        rows = Outcome.objects.filter(org_id=row.org_id)
        usable = guard.of_usable_models(_grades(rows, most=most))
        learned = _ready(usable, row) if usable else None
        held = _LOADED[row.org_id] = row.updated_at, learned
    return held[1]


def _ready(usable: list[Grade], row: Learner) -> Learned:
    learned = learn(gather(usable))
    return Learned(
        learned.outcomes,
        learned.mean_quality,
        learned.mean_dollars,
        row.usual_weight,
        dict(row.rates),
    )
