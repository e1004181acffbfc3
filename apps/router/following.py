"""Before the choice: where a conversation stays and what its prompt is like. After the
answer: noting both, for the next turn and for the grade that may come.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from apps.router.account import Account
from apps.router.affinity import LEAST_CACHED, is_going_on, kept_for_s, name_of
from apps.router.arrivals import Arrival
from apps.router.context import NO_CONTEXT, Context
from apps.router.runtime import Runtime
from apps.router.snapshot import Snapshot
from apps.router.vectors import Noted, Prompt, prompt_of

# Our own count of tokens is a guess, and may be this much too low.
GUESSED_FROM: Final = LEAST_CACHED * 3 // 4
CHARACTERS_PER_TOKEN: Final = 4


async def context_of(arrival: Arrival, runtime: Runtime) -> Context:
    """What is known before the choice; for most requests nothing, at no cost."""
    learns = arrival.caller.org_id in runtime.planner.snapshot.learners
    prompt = _prompt(arrival) if learns else None
    if not _may_stay(arrival) or not is_going_on(arrival.body["messages"]):
        return NO_CONTEXT if prompt is None else Context(prompt=prompt)
    return Context(await runtime.affinity.find(name_of(arrival)), prompt)


def follow(arrival: Arrival, account: Account, runtime: Runtime) -> None:
    """Have noted what the next turn and a later grade will need, once it is settled."""
    prompt = arrival.context.prompt
    stays = _may_stay(arrival)
    if prompt is None and not stays:
        return
    record = account.record

    def record_and_note(settled: Account) -> None:
        record(settled)
        if settled.status != "ok" or settled.answered_by is None:
            return
        if prompt is not None:
            runtime.vectors.offer(_noted(settled, prompt))
        if stays:
            runtime.affinity.note(
                name_of(arrival),
                settled.answered_by.candidate,
                settled.final_usage(),
                asked_s=kept_for_s(arrival.body),
            )

    account.record = record_and_note


def learning_state(snapshot: Snapshot, org_id: UUID) -> dict[str, Any]:
    """Whether the organization's outcomes choose, and if not, why not yet."""
    learner = snapshot.learners.get(org_id)
    if learner is None:
        return {"is_on": False, "grades": 0, "why": "nothing is graded yet"}
    return {
        "is_on": learner.learned is not None,
        "grades": learner.grades,
        "why": learner.why,
    }


def _prompt(arrival: Arrival) -> Prompt | None:
    if arrival.caller.is_test or arrival.inbound.is_embedding:
        return None
    return prompt_of(arrival.body["messages"])


def _may_stay(arrival: Arrival) -> bool:
    """Whether anything is worth remembering: too short a prompt is cached nowhere."""
    if arrival.caller.is_test or arrival.inbound.is_embedding:
        return False
    if arrival.options.session or arrival.typed.session_id:
        return True
    return _is_long(arrival.body["messages"])


def _is_long(messages: Sequence[Mapping[str, Any]]) -> bool:
    characters = 0
    for message in messages:
        content = message.get("content")
        if isinstance(content, str):
            characters += len(content)
        elif content:  # parts, such as pictures: long enough by themselves
            return True
    return characters >= GUESSED_FROM * CHARACTERS_PER_TOKEN


def _noted(account: Account, prompt: Prompt) -> Noted:
    served = account.answered_by
    assert served is not None  # noqa: S101  # `follow` looked
    return Noted(
        account.org_id,
        account.request_id,
        account.accepted_at,
        prompt,
        served.candidate.model,
        account.bill().cost_nano,
    )
