"""What a check says of a candidate in a use case, as other parts read it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

Verdict = Literal["not_worse", "better", "worse", ""]
# Where several ways of judging say something: what is known for certain comes first,
# then what people say, then what a model says.
ORDER: Final = ("criteria", "votes", "judge")


@dataclass(frozen=True, slots=True)
class CheckEvidence:
    """The newest finished check of a candidate against the use case's current model."""

    check_id: UUID
    prompts: int
    wins: int
    losses: int
    ties: int
    consistency: float | None
    verdict: Verdict
    # The interval of the net share of wins, from -1 to 1.
    low: float
    high: float
    margin: float
    # The candidate's output tokens for one of the current model's.
    output_ratio: float | None
    judged_at: datetime
    method: str


def leading(found: Iterable[CheckEvidence]) -> CheckEvidence | None:
    """Of one check's findings, the one that counts: a loss that is certain before any
    other verdict, a verdict before none.
    """
    rows = sorted(found, key=_rank)
    return rows[0] if rows else None


def _rank(row: CheckEvidence) -> tuple[bool, bool, int]:
    return row.verdict != "worse", not row.verdict, ORDER.index(row.method)
