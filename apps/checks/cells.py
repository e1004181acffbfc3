"""A check as a list of calls to make, and what each of them brought. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

LONGEST_ERROR = 300


@dataclass(frozen=True, slots=True)
class Cell:
    """One call of a check: a model's answer to a prompt, or a judgement of a pair."""

    seat: int
    position: int
    is_judged: bool = False
    is_swapped: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """An answer as it came, or why it did not."""

    request_id: UUID
    text: str = ""
    error: str = ""
    finish_reason: str = ""
    provider: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: Decimal | None = None
    latency_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What the judge said of one order; empty is nothing clear."""

    request_id: UUID
    choice: str = ""
    cost_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """One prompt of the set."""

    messages: Sequence[Mapping[str, Any]]
    expected: str = ""


@dataclass(slots=True)
class Work:
    """A check in the hands of whoever runs it: what is asked, what is there already."""

    org_id: UUID
    check_id: UUID
    token: int
    seats: Sequence[str]
    prompts: Sequence[Asked]
    system: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    judge_model: str = ""
    # Texts by (seat, position); None: it failed.
    answers: dict[tuple[int, int], str | None] = field(default_factory=dict)
    judged: set[Cell] = field(default_factory=set)

    def to_answer(self) -> Iterator[Cell]:
        """What is not answered yet: all models on a prompt before the next prompt, so
        that whatever is cut off can be compared.
        """
        for position in range(len(self.prompts)):
            for seat in range(len(self.seats)):
                if (seat, position) not in self.answers:
                    yield Cell(seat, position)

    def to_judge(self) -> Iterator[Cell]:
        """Pairs with both answers, in both orders, that the judge has not seen yet."""
        if not self.judge_model:
            return
        for position in range(len(self.prompts)):
            for seat in range(1, len(self.seats)):
                if not self.is_pair(seat, position):
                    continue
                for is_swapped in (False, True):
                    cell = Cell(seat, position, is_judged=True, is_swapped=is_swapped)
                    if cell not in self.judged:
                        yield cell

    def is_pair(self, seat: int, position: int) -> bool:
        """Whether both the baseline and this one answered."""
        return None not in {
            self.answers.get((0, position)),
            self.answers.get((seat, position)),
        }

    def shown(self, cell: Cell) -> tuple[str, str]:
        """Both answers of a pair in the order of a judgement."""
        base = self.answers[0, cell.position] or ""
        own = self.answers[cell.seat, cell.position] or ""
        return (own, base) if cell.is_swapped else (base, own)


def calls_of(seats: int, prompts: int, *, has_judge: bool) -> int:
    """How many calls a check makes when everything is answered."""
    judged = 2 * (seats - 1) * prompts if has_judge else 0
    return seats * prompts + judged
