"""What the pages and the API show of checks."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, Sum

from apps.checks.blinding import is_flipped, side_of
from apps.checks.cells import calls_of
from apps.checks.comparing import judged_outcome
from apps.checks.criteria import Criterion, read_criteria
from apps.checks.evidence import ORDER
from apps.checks.models import (
    Answer,
    Call,
    Check,
    Judgement,
    Prompt,
    PromptSet,
    Result,
    Vote,
)
from apps.kit.errors import NotFoundError

# What is said of a pair that a judge saw in both orders.
OUTCOMES: Final = {
    ("win", True): "the candidate's is better",
    ("loss", True): "the baseline's is better",
    ("tie", True): "as good",
    ("tie", False): "it contradicts itself",
}
PAIRS_A_PAGE: Final = 10
SHOWN_CHECKS: Final = 100


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a check is, and what it has cost by now."""

    state: str
    seq: int
    done: int
    total: int
    failed: int
    judged: int
    to_judge: int
    spent_usd: Decimal
    # What calls of unknown cost may have cost beside it at the most.
    open_usd: Decimal
    ceiling_usd: Decimal

    @property
    def share(self) -> float:
        whole = self.total + self.to_judge
        return min(1.0, (self.done + self.judged) / whole) if whole else 0.0


@dataclass(frozen=True, slots=True)
class Side:
    """One answer of a pair as it is shown."""

    label: str
    model: str
    answer: Answer | None
    marks: Sequence[tuple[Criterion, bool | None]] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to one prompt: the baseline's and a candidate's."""

    seat: int
    position: int
    messages: Sequence[dict[str, str]]
    left: Side
    right: Side
    is_blind: bool
    own_vote: str = ""
    votes: int = 0
    judged: str = ""

    @property
    def number(self) -> int:
        return self.position + 1

    @property
    def can_be_voted(self) -> bool:
        sides = (self.left.answer, self.right.answer)
        return all(answer is not None and not answer.error for answer in sides)


def get_check(check_id: UUID) -> Check:
    found = Check.objects.select_related("use_case", "prompt_set", "created_by")
    check = found.filter(id=check_id).first()
    if check is None:
        raise NotFoundError("There is no such check.")
    return check


def checks(*, use_case_id: UUID | None = None) -> list[Any]:
    """The newest checks, each with what it has cost (`spent_usd`) and its verdicts."""
    found = Check.objects.select_related("use_case").order_by("-created_at")
    if use_case_id is not None:
        found = found.filter(use_case=use_case_id)
    rows: list[Any] = list(
        found.annotate(spent_usd=Sum("calls__cost_usd"))[:SHOWN_CHECKS]
    )
    by_check: dict[UUID, list[Result]] = {}
    for result in Result.objects.filter(check_run__in=[row.id for row in rows]):
        by_check.setdefault(result.check_run_id, []).append(result)
    for row in rows:
        row.told = told(row, by_check.get(row.id, []))
    return rows


def told(check: Check, results: Sequence[Result]) -> list[tuple[str, Result]]:
    """Each candidate with the result that counts for it."""
    rows = sorted(
        results,
        key=lambda r: (
            r.seat,
            r.verdict != "worse",
            not r.verdict,
            ORDER.index(r.method),
        ),
    )
    first = {row.seat: row for row in reversed(rows)}
    return [(check.seats[seat], row) for seat, row in sorted(first.items())]


def results_of(check: Check) -> list[Result]:
    rows = Result.objects.filter(check_run=check)
    return sorted(rows, key=lambda row: (row.seat, ORDER.index(row.method)))


def progress_of(check: Check) -> Progress:
    answers = Answer.objects.filter(check_run=check)
    counted = answers.aggregate(
        done=Count("id"), failed=Count("id", filter=~Q(error=""))
    )
    costs = Call.objects.filter(check_run=check).aggregate(
        spent=Sum("cost_usd"), open=Sum("most_usd", filter=Q(cost_usd=None))
    )
    seats, has_judge = len(check.seats), bool(check.judge_model)
    total = seats * check.prompts
    return Progress(
        state=check.state,
        seq=check.seq,
        done=counted["done"],
        total=total,
        failed=counted["failed"],
        judged=Judgement.objects.filter(check_run=check).count(),
        to_judge=calls_of(seats, check.prompts, has_judge=has_judge) - total,
        spent_usd=costs["spent"] or Decimal(0),
        open_usd=costs["open"] or Decimal(0),
        ceiling_usd=check.ceiling_usd,
    )


def figures_of(check: Check) -> list[dict[str, Any]]:
    """Each model's answers in sums: how many, how long, how dear."""
    rows = Answer.objects.filter(check_run=check).defer("text")
    found = []
    for seat, model in enumerate(check.seats):
        own = [row for row in rows if row.seat == seat]
        good = [row for row in own if not row.error]
        costs = [row.cost_usd for row in own if row.cost_usd is not None]
        waits = sorted(r.latency_ms for r in good if r.latency_ms is not None)
        found.append(
            {
                "model": model,
                "is_baseline": seat == 0,
                "answers": len(good),
                "failed": len(own) - len(good),
                "output_tokens": _mean([r.output_tokens for r in good]),
                "cost_usd": sum(costs, Decimal(0)) if costs else None,
                "latency_ms": waits[len(waits) // 2] if waits else None,
                "passed": sum(bool(r.passes) and all(r.passes) for r in good),
                "has_passes": any(r.passes for r in good),
            }
        )
    return found


def pairs(
    check: Check, *, page: str, viewer: UUID, candidate: int = 0
) -> tuple[Page[Any], list[Pair]]:
    """One page of pairs, as this viewer sees them."""
    seats = [candidate] if 0 < candidate < len(check.seats) else _candidates(check)
    cells = [(seat, at) for at in range(check.prompts) for seat in seats]
    found = Paginator(cells, PAIRS_A_PAGE).get_page(page)
    return found, _shown(check, list(found.object_list), viewer)


def pair(check: Check, *, seat: int, position: int, viewer: UUID) -> Pair:
    return _shown(check, [(seat, position)], viewer)[0]


def prompt_sets() -> list[PromptSet]:
    return list(PromptSet.objects.order_by("-created_at")[:SHOWN_CHECKS])


def _candidates(check: Check) -> list[int]:
    return list(range(1, len(check.seats)))


@dataclass(frozen=True, slots=True)
class _Page:
    """The rows behind some pairs, by where they belong."""

    answers: dict[tuple[int, int], Answer]
    prompts: dict[int, Sequence[dict[str, str]]]
    votes: dict[tuple[int, int], list[Vote]]
    judged: dict[tuple[int, int], dict[bool, str]]
    criteria: Sequence[Criterion]


def _shown(check: Check, cells: Sequence[tuple[int, int]], viewer: UUID) -> list[Pair]:
    rows = _rows(check, {position for _, position in cells})
    return [_pair(check, seat, at, rows, viewer) for seat, at in cells]


def _rows(check: Check, places: set[int]) -> _Page:
    answers = Answer.objects.filter(check_run=check, position__in=places)
    asked = Prompt.objects.filter(prompt_set=check.prompt_set_id, position__in=places)
    votes: dict[tuple[int, int], list[Vote]] = {}
    for vote in Vote.objects.filter(check_run=check, position__in=places):
        votes.setdefault((vote.seat, vote.position), []).append(vote)
    judged: dict[tuple[int, int], dict[bool, str]] = {}
    for row in Judgement.objects.filter(check_run=check, position__in=places):
        judged.setdefault((row.seat, row.position), {})[row.is_swapped] = row.choice
    return _Page(
        {(row.seat, row.position): row for row in answers},
        {row.position: row.messages for row in asked},
        votes,
        judged,
        read_criteria(check.criteria),
    )


def _pair(check: Check, seat: int, position: int, rows: _Page, viewer: UUID) -> Pair:
    flipped = is_flipped(check.seed, seat, position)
    votes = rows.votes.get((seat, position), [])
    own = next((vote.choice for vote in votes if vote.voter == viewer), "")
    left, right = (seat, 0) if flipped else (0, seat)
    outcome = judged_outcome(rows.judged.get((seat, position), {}))
    return Pair(
        seat,
        position,
        rows.prompts.get(position, []),
        _side(check, rows.answers.get((left, position)), left, "A", rows.criteria),
        _side(check, rows.answers.get((right, position)), right, "B", rows.criteria),
        is_blind=check.is_blind and not own,
        own_vote=side_of(own, flipped=flipped) if own else "",
        votes=len(votes),
        judged="" if outcome is None else OUTCOMES[outcome],
    )


def _side(
    check: Check,
    answer: Answer | None,
    seat: int,
    label: str,
    criteria: Sequence[Criterion],
) -> Side:
    passes = answer.passes if answer is not None else []
    marks = list(zip(criteria, passes, strict=False))
    return Side(label, check.seats[seat], answer, marks)


def _mean(values: Sequence[int | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
