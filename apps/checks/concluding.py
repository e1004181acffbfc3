"""What a check says, and who is told: when it ends, and again with each vote."""

import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from apps.catalog.models import AIModel
from apps.checks import quota, teaching
from apps.checks.cells import Work
from apps.checks.comparing import Compared, Material, Seen, compare
from apps.checks.criteria import read_criteria
from apps.checks.examining import Paper, examine
from apps.checks.models import Answer, Call, Check, Judgement, Prompt, Result, Vote
from apps.checks.purse import SETTLE_LATE
from apps.checks.telling import tell
from apps.jobs import outbox
from apps.kit.clock import utc_now
from apps.tenancy.scope import require_org_id

State = Check.State
RESCORE: Final = "opportunities.rescore"
# The ledger has a request's row within a second or so of its end.
LEDGER_MOST: Final = timedelta(minutes=15)
LEDGER_LATER: Final = timedelta(seconds=30)
LEDGER_WAITS_S: Final = (0.0, 0.5, 1.0, 2.0)
NOTHING: Final = "No model answered."


def finish(work: Work, reason: str) -> None:
    """End a check that was run to its end, unless somebody else has ended it."""
    _settle(work.check_id, waits_s=LEDGER_WAITS_S)
    _examine(work.check_id)
    is_answered = Answer.objects.filter(check_run=work.check_id, error="").exists()
    state = State.DONE if is_answered else State.FAILED
    with transaction.atomic():
        ended = Check.objects.filter(
            id=work.check_id, state=State.RUNNING, token=work.token
        ).update(
            state=state,
            reason=(reason or ("" if is_answered else _why_failed(work)))[:300],
            ended_at=utc_now(),
            lease_until=None,
        )
        if not ended:
            return
        check = Check.objects.select_related("use_case").get(id=work.check_id)
        _write(check)
        if state == State.FAILED and check.started_at is not None:
            quota.give_back(check.started_at.date())
        teaching.teach(check)
        _rescore(check)
        tell(check)


def conclude(check_id: UUID) -> None:
    """Write the results of what there is, such as a cancelled check's."""
    _settle(check_id, waits_s=LEDGER_WAITS_S[:1])
    _examine(check_id)
    with transaction.atomic():
        check = Check.objects.filter(id=check_id).select_for_update().first()
        if check is None or check.state == State.RUNNING:
            return
        _write(check)
        teaching.teach(check)
        _rescore(check)


def rewrite(check: Check, *, position: int) -> None:
    """The same after a vote, in the caller's transaction; told on when it changes."""
    before = _said(check)
    _write(check)
    teaching.teach(check, position=position)
    if _said(check) != before:
        _rescore(check)


def settle(check_id: UUID) -> bool:
    """Take from the ledger what calls cost; whether all costs are known now."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SETTLE_LATE, [require_org_id(), check_id])
    with transaction.atomic():
        _copy_costs(check_id)
    return not Call.objects.filter(check_run=check_id, cost_usd=None).exists()


def settle_or_raise(check_id: UUID) -> None:
    """Settle, and raise LookupError while the ledger may still tell of a call. One
    whose process died in the middle of it is on no record: it keeps counting with the
    most that it can have cost.
    """
    recent = utc_now() - LEDGER_MOST
    if settle(check_id):
        return
    if Call.objects.filter(
        check_run=check_id, cost_usd=None, created_at__gt=recent
    ).exists():
        raise LookupError("The ledger lacks the cost of a call.")


def _settle(check_id: UUID, *, waits_s: Sequence[float]) -> None:
    for wait_s in waits_s:
        time.sleep(wait_s)
        if settle(check_id):
            return
    outbox.post(
        "checks.settle",
        {"check": str(check_id)},
        org_id=require_org_id(),
        due_at=utc_now() + LEDGER_LATER,
    )


def _copy_costs(check_id: UUID) -> None:
    """Answers show what their calls cost."""
    open_ones = Answer.objects.filter(check_run=check_id, cost_usd=None)
    calls = Call.objects.filter(
        id__in=[answer.request_id for answer in open_ones], cost_usd__isnull=False
    )
    for call in calls:
        Answer.objects.filter(request_id=call.id, check_run=check_id).update(
            cost_usd=call.cost_usd
        )


def _why_failed(work: Work) -> str:
    first = Answer.objects.filter(check_run=work.check_id).exclude(error="").first()
    return f"{NOTHING} {first.error}" if first else NOTHING


def _examine(check_id: UUID) -> None:
    """Run the criteria on answers that have not been looked at."""
    check = Check.objects.filter(id=check_id).first()
    if check is None or not check.criteria:
        return
    criteria = read_criteria(check.criteria)
    rows = list(Answer.objects.filter(check_run=check_id, error="", passes=[]))
    expected = dict(
        Prompt.objects.filter(prompt_set=check.prompt_set_id).values_list(
            "position", "expected"
        )
    )
    papers = [Paper(row.text, expected.get(row.position, "")) for row in rows]
    for row, passes in zip(rows, examine(criteria, papers), strict=True):
        row.passes = passes
    Answer.objects.bulk_update(rows, ["passes"], batch_size=200)


def _write(check: Check) -> None:
    """Put the results in place of the earlier ones."""
    found = compare(_material(check.id), margin=check.margin)
    models = {m.slug: m for m in AIModel.objects.filter(slug__in=check.seats)}
    rows = [_row(check, one, models) for one in found]
    Result.objects.filter(check_run=check.id).exclude(
        _any_of((one.seat, one.method) for one in found)
    ).delete()
    Result.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["org", "check_run", "seat", "method"],
        update_fields=_RENEWED,
    )


_RENEWED: Final = (
    *("prompts", "wins", "losses", "ties", "consistency", "verdict", "why", "net"),
    *("low", "high", "needed", "output_ratio", "judged_at"),
)


def _any_of(keys: Any) -> Q:
    wanted = Q(pk__in=[])
    for seat, method in keys:
        wanted |= Q(seat=seat, method=method)
    return wanted


def _row(check: Check, one: Compared, models: dict[str, AIModel]) -> Result:
    net = one.finding.net
    return Result(
        check_run=check,
        seat=one.seat,
        method=one.method,
        use_case_id=check.use_case_id,
        baseline=models.get(check.seats[0]),
        candidate=models.get(check.seats[one.seat]),
        prompts=net.pairs,
        wins=one.wins,
        losses=one.losses,
        ties=one.ties,
        consistency=one.consistency,
        verdict=one.finding.verdict,
        why=one.finding.why,
        net=net.net,
        low=net.low,
        high=net.high,
        needed=one.finding.needed,
        margin=check.margin,
        output_ratio=one.output_ratio,
        judged_at=utc_now(),
    )


def _material(check_id: UUID) -> Material:
    answers = [
        Seen(a.seat, a.position, not a.error, a.output_tokens, a.passes)
        for a in Answer.objects.filter(check_run=check_id).defer("text")
    ]
    said: defaultdict[tuple[int, int], dict[bool, str]] = defaultdict(dict)
    for row in Judgement.objects.filter(check_run=check_id):
        said[row.seat, row.position][row.is_swapped] = row.choice
    votes = Vote.objects.filter(check_run=check_id)
    given = [((v.seat, v.position), v.choice) for v in votes]
    return Material(answers, given, said)


def _said(check: Check) -> list[tuple[object, ...]]:
    names = ("seat", "method", "verdict")
    return sorted(Result.objects.filter(check_run=check.id).values_list(*names))


def _rescore(check: Check) -> None:
    if check.use_case_id is None:
        return
    payload = {"use_cases": [str(check.use_case_id)]}
    outbox.post(RESCORE, payload, org_id=check.org_id)
