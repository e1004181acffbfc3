"""From answers, votes and judgements to what each way of judging says. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from apps.checks.statistics import (
    Finding,
    consistency_of,
    find,
    net_of,
    net_of_passes,
    worth,
)
from apps.router.engine.judging import Choice, outcome_of

Method = Literal["criteria", "votes", "judge"]
# A vote as it counts for the candidate: that neither will do is no difference.
VOTE_WORTH: Final = {"win": 1.0, "loss": -1.0, "tie": 0.0, "neither": 0.0}


@dataclass(frozen=True, slots=True)
class Seen:
    """One answer as far as judging needs it."""

    seat: int
    position: int
    is_given: bool
    output_tokens: int | None = None
    passes: Sequence[bool | None] = ()

    @property
    def is_passed(self) -> bool | None:
        """Whether it met every criterion; None where that cannot be told."""
        if not self.passes or None in self.passes:
            return False if False in self.passes else None
        return all(self.passes)


@dataclass(frozen=True, slots=True)
class Compared:
    """What one way of judging says of one candidate."""

    seat: int
    method: Method
    wins: int
    losses: int
    ties: int
    consistency: float | None
    finding: Finding
    output_ratio: float | None


type Pair = tuple[int, int]  # the candidate's seat, the prompt's position


@dataclass(frozen=True, slots=True)
class Material:
    """All that is there to judge by."""

    answers: Sequence[Seen]
    # What each person said of each pair, and what the judge said in both orders.
    votes: Sequence[tuple[Pair, str]] = ()
    judgements: Mapping[Pair, Mapping[bool, str]] | None = None


def compare(material: Material, *, margin: float) -> list[Compared]:
    """What can be said of each candidate, by each way that was used."""
    by_cell = {(one.seat, one.position): one for one in material.answers}
    found = []
    for seat in sorted({one.seat for one in material.answers if one.seat}):
        pairs = _pairs(by_cell, seat)
        ratio = _output_ratio(pairs)
        ways = (
            _by_criteria(seat, pairs, margin, ratio),
            _by_votes(seat, material.votes, margin, ratio),
            _by_judge(seat, material.judgements or {}, margin, ratio),
        )
        found += [one for one in ways if one is not None]
    return found


def judged_outcome(said: Mapping[bool, str]) -> tuple[str, bool] | None:
    """A pair's outcome and whether both orders agree; None unless both are clear."""
    straight, swapped = said.get(False, ""), said.get(True, "")
    if not straight or not swapped:
        return None
    return outcome_of(_choice(straight), _choice(swapped))


def _choice(text: str) -> Choice:
    return "first" if text == "first" else "second" if text == "second" else "neither"


def _pairs(by_cell: Mapping[Pair, Seen], seat: int) -> list[tuple[Seen, Seen]]:
    """The prompts that both answered: baseline and candidate."""
    pairs = []
    for (other, position), own in sorted(by_cell.items()):
        base = by_cell.get((0, position))
        if other == seat and own.is_given and base is not None and base.is_given:
            pairs.append((base, own))
    return pairs


def _output_ratio(pairs: Sequence[tuple[Seen, Seen]]) -> float | None:
    """Output tokens of the candidate for one of the baseline, where both are known."""
    counted = [
        (base.output_tokens, own.output_tokens)
        for base, own in pairs
        if base.output_tokens is not None and own.output_tokens is not None
    ]
    base_tokens = sum(base for base, _ in counted)
    return sum(own for _, own in counted) / base_tokens if base_tokens else None


def _by_criteria(
    seat: int,
    pairs: Sequence[tuple[Seen, Seen]],
    margin: float,
    ratio: float | None,
) -> Compared | None:
    told = [
        (base.is_passed, own.is_passed)
        for base, own in pairs
        if base.is_passed is not None and own.is_passed is not None
    ]
    if not told:
        return None
    wins = sum(own and not base for base, own in told)
    losses = sum(base and not own for base, own in told)
    net = net_of_passes((bool(base), bool(own)) for base, own in told)
    finding = find(net, margin=margin)
    ties = len(told) - wins - losses
    return Compared(seat, "criteria", wins, losses, ties, None, finding, ratio)


def _by_votes(
    seat: int,
    votes: Iterable[tuple[Pair, str]],
    margin: float,
    ratio: float | None,
) -> Compared | None:
    """Several voters of one pair count as their mean: it is still one prompt."""
    said = defaultdict(list)
    for (other, position), choice in votes:
        if other == seat:
            said[position].append(VOTE_WORTH[choice])
    values = [sum(worths) / len(worths) for worths in said.values()]
    if not values:
        return None
    return _compared(seat, "votes", values, margin=margin, ratio=ratio)


def _by_judge(
    seat: int,
    judgements: Mapping[Pair, Mapping[bool, str]],
    margin: float,
    ratio: float | None,
) -> Compared | None:
    told = [
        outcome
        for (other, _), said in judgements.items()
        if other == seat and (outcome := judged_outcome(said)) is not None
    ]
    if not told:
        return None
    values = [_WORTH[outcome] for outcome, _ in told]
    consistency = consistency_of(sum(agrees for _, agrees in told), len(told))
    return _compared(
        seat, "judge", values, margin=margin, ratio=ratio, consistency=consistency
    )


_WORTH: Final = {"win": worth("win"), "loss": worth("loss"), "tie": worth("tie")}


def _compared(  # the columns of one row
    seat: int,
    method: Method,
    values: Sequence[float],
    *,
    margin: float,
    ratio: float | None,
    consistency: float | None = None,
) -> Compared:
    wins = sum(value > 0 for value in values)
    losses = sum(value < 0 for value in values)
    finding = find(net_of(values), margin=margin, consistency=consistency)
    ties = len(values) - wins - losses
    return Compared(seat, method, wins, losses, ties, consistency, finding, ratio)
