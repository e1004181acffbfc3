"""Reads of sanity checks."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

from django.db.models import F

from apps.checks.evidence import CheckEvidence, Verdict, leading
from apps.checks.models import Result

__all__ = ["CheckEvidence", "evidence_of"]


def evidence_of(
    use_case_ids: Iterable[UUID],
) -> dict[tuple[UUID, UUID], CheckEvidence]:
    """The newest evidence of each (use case, candidate model).

    Only what was compared with the model that the use case has now: a check against
    another one says nothing of a switch from this one.
    """
    rows = Result.objects.filter(
        use_case__in=list(use_case_ids),
        candidate__isnull=False,
        baseline=F("use_case__current_model"),
    ).order_by("-judged_at", "-check_run_id")
    newest: dict[tuple[UUID, UUID], UUID] = {}
    found: defaultdict[tuple[UUID, UUID], list[CheckEvidence]] = defaultdict(list)
    for row in rows:
        pair = cast("UUID", row.use_case_id), cast("UUID", row.candidate_id)
        if newest.setdefault(pair, row.check_run_id) == row.check_run_id:
            found[pair].append(_evidence(row))
    best = {pair: leading(evidence) for pair, evidence in found.items()}
    return {pair: row for pair, row in best.items() if row is not None}


def _evidence(row: Any) -> CheckEvidence:
    return CheckEvidence(
        check_id=row.check_run_id,
        prompts=row.prompts,
        wins=row.wins,
        losses=row.losses,
        ties=row.ties,
        consistency=row.consistency,
        verdict=cast("Verdict", row.verdict),
        low=row.low,
        high=row.high,
        margin=row.margin,
        output_ratio=row.output_ratio,
        judged_at=row.judged_at,
        method=row.method,
    )
