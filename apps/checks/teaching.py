"""Graded answers of checks, for the router that learns from outcomes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from apps.checks.comparing import VOTE_WORTH, Seen, judged_outcome
from apps.checks.models import Answer, Check, Judgement, Prompt, Vote
from apps.router.engine.embed import packed
from apps.router.outcome_models import Learner, Outcome
from apps.router.vectors import prompt_of

_WORTH: Final = {"win": 1.0, "loss": -1.0, "tie": 0.0}


def teach(check: Check, *, position: int | None = None) -> None:
    """Write how good each answer was, as far as anybody said; of one prompt alone,
    when only that got another vote.

    A pair's outcome grades both answers: the better one 1, the worse one 0, a tie both
    a half. Where criteria were checked, meeting them all is 1 and missing one is 0.
    """
    rows = Answer.objects.filter(check_run=check.id, error="").defer("text")
    if position is not None:
        rows = rows.filter(position=position)
    answers = list(rows)
    grades = _grades(check, answers)
    if not grades:
        return
    prompts = {
        row.position: row.messages
        for row in Prompt.objects.filter(prompt_set=check.prompt_set_id)
    }
    outcomes = [
        _outcome(check, answer, grades[answer.id], prompts)
        for answer in answers
        if answer.id in grades
    ]
    Learner.objects.get_or_create()
    Outcome.objects.bulk_create(
        outcomes,
        update_conflicts=True,
        unique_fields=["org", "request_id", "source", "grader"],
        update_fields=["quality", "cost_usd"],
        batch_size=200,
    )


def _outcome(
    check: Check,
    answer: Answer,
    quality: float,
    prompts: Mapping[int, Sequence[dict[str, str]]],
) -> Outcome:
    messages = [dict(message) for message in prompts.get(answer.position, ())]
    if check.system:
        messages = [m for m in messages if m["role"] not in {"system", "developer"}]
        messages.insert(0, {"role": "system", "content": check.system})
    prompt = prompt_of(messages) if messages else None
    return Outcome(
        request_id=answer.request_id,
        source=Outcome.Source.CHECK,
        quality=quality,
        model=check.seats[answer.seat],
        cost_usd=answer.cost_usd,
        prompt=prompt.digest if prompt else None,
        vector=packed(prompt.vector) if prompt else None,
    )


def _grades(check: Check, answers: Sequence[Answer]) -> dict[UUID, float]:
    """What is said of an answer, on the mean of all who said something."""
    said: defaultdict[UUID, list[float]] = defaultdict(list)
    ids = {(answer.seat, answer.position): answer.id for answer in answers}
    for answer in answers:
        seen = Seen(answer.seat, answer.position, is_given=True, passes=answer.passes)
        if seen.is_passed is not None:
            said[answer.id].append(float(seen.is_passed))
    for (seat, position), worth in _pairs(check.id):
        own, base = ids.get((seat, position)), ids.get((0, position))
        if own is not None and base is not None:
            said[own].append((1 + worth) / 2)
            said[base].append((1 - worth) / 2)
    return {answer: sum(all_) / len(all_) for answer, all_ in said.items()}


def _pairs(check_id: UUID) -> list[tuple[tuple[int, int], float]]:
    found = [
        ((vote.seat, vote.position), VOTE_WORTH[vote.choice])
        for vote in Vote.objects.filter(check_run=check_id)
        # That neither will do says nothing of which is better.
        if vote.choice != Vote.Choice.NEITHER
    ]
    said: defaultdict[tuple[int, int], dict[bool, str]] = defaultdict(dict)
    for row in Judgement.objects.filter(check_run=check_id):
        said[row.seat, row.position][row.is_swapped] = row.choice
    for pair, choices in said.items():
        outcome = judged_outcome(choices)
        # A judge that says otherwise in the other order has said nothing.
        if outcome is not None and outcome[1]:
            found.append((pair, _WORTH[outcome[0]]))
    return found
