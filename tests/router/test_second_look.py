"""A cheap model is asked for the task where that is allowed and needed."""

import asyncio
from dataclasses import replace
from time import perf_counter
from typing import Any
from uuid import UUID

import pytest

from apps.accounts.keys import Caller
from apps.kit.errors import NoModelAvailableError
from apps.router.arrivals import Arrival, Options
from apps.router.bodies import read_chat
from apps.router.engine.rules import Rules
from apps.router.replies import JSONReply, Reply, encode_json
from apps.router.second_look import SecondLooks
from apps.router.steering import Course

ACME, GLOBEX = UUID(int=1), UUID(int=2)
REQUEST = "01890a5d-ac96-774b-bcce-b302099a8057"
UNSURE = "prove it in Korean, draw the code, tl;dr"
ALLOWED = Course(Rules(second_look=True))


class Judge:
    """Stands for the gateway: answers with a word, and keeps what it was asked."""

    def __init__(self, word: object = "reasoning") -> None:
        self.word = word
        self.asked: list[Arrival] = []

    async def __call__(self, arrival: Arrival) -> Reply:
        self.asked.append(arrival)
        if isinstance(self.word, Exception):
            raise self.word
        if self.word == "silence":
            await asyncio.Event().wait()
        body = {"choices": [{"message": {"content": self.word}}]}
        return JSONReply(encode_json(body), [])


def arrived(text: str = UNSURE, *, org: UUID = ACME, **body: Any) -> Arrival:
    inbound = read_chat({"messages": [{"role": "user", "content": text}], **body})
    caller = Caller.of_member(org)
    return Arrival(caller, inbound, REQUEST, perf_counter(), Options())


async def test_an_unsure_task_is_asked_for() -> None:
    arrival, judge = arrived(), Judge("Reasoning.")

    await SecondLooks().look(arrival, ALLOWED, judge)

    assert arrival.typed.task == "reasoning"
    [question] = judge.asked
    assert question.options == Options(is_private=True, cache="off", purpose="judge")
    assert question.caller.org_id == ACME
    assert UNSURE in question.body["messages"][-1]["content"]


async def test_the_same_prompt_is_asked_for_once_in_each_organization() -> None:
    looks, judge = SecondLooks(), Judge()

    for org in (ACME, ACME, GLOBEX):
        arrival = arrived(org=org)
        await looks.look(arrival, ALLOWED, judge)
        assert arrival.typed.task == "reasoning"

    assert [question.caller.org_id for question in judge.asked] == [ACME, GLOBEX]


@pytest.mark.parametrize(
    "word",
    [NoModelAvailableError("none"), "no idea", "coding or chat", "", None, 7],
    ids=["refused", "none", "two", "empty", "null", "number"],
)
async def test_the_first_guess_stands_when_no_answer_can_be_used(word: object) -> None:
    looks, judge = SecondLooks(), Judge(word)

    for _ in range(2):
        arrival = arrived()
        await looks.look(arrival, ALLOWED, judge)
        assert arrival.typed.task is None

    assert len(judge.asked) == 2  # a failure is not remembered


async def test_the_first_guess_stands_when_the_answer_is_late() -> None:
    arrival = arrived()

    await SecondLooks(deadline_s=0.01).look(arrival, ALLOWED, Judge("silence"))

    assert arrival.typed.task is None


@pytest.mark.parametrize(
    ("arrival", "course"),
    [
        (arrived(), Course()),
        (arrived(), Course(Rules(second_look=True), model="primary-house/primary")),
        (arrived(task="image"), ALLOWED),
        (arrived("Translate to French: good morning"), ALLOWED),
    ],
    ids=["not allowed", "model named", "task named", "sure"],
)
async def test_nobody_is_asked_without_need(arrival: Arrival, course: Course) -> None:
    judge = Judge()

    await SecondLooks().look(arrival, course, judge)

    assert judge.asked == []


async def test_our_own_calls_and_test_keys_are_not_looked_at() -> None:
    ours, tests, judge = arrived(), arrived(), Judge()
    ours.options.purpose = "shadow"
    tests.caller = replace(tests.caller, is_test=True)

    for arrival in (ours, tests):
        await SecondLooks().look(arrival, ALLOWED, judge)

    assert judge.asked == []


async def test_it_goes_only_where_the_request_may_go() -> None:
    judge = Judge()
    rules = Rules(
        second_look=True,
        providers=("primary-house",),
        zero_retention=True,
        models=("dear-house/*",),
        quality_floor=0.9,
    )

    await SecondLooks().look(arrived(), Course(rules), judge)

    asked = judge.asked[0].inbound.rules
    assert asked.providers == ("primary-house",)
    assert asked.zero_retention
    assert (asked.models, asked.quality_floor, asked.second_look) == ((), None, False)


async def test_only_the_ends_of_a_long_question_are_shown() -> None:
    judge, long = Judge(), "hm " * 3000
    arrival = arrived(long)
    arrival.body["messages"].insert(0, {"role": "system", "content": "y " * 5000})

    await SecondLooks().look(arrival, ALLOWED, judge)

    [question] = judge.asked
    assert len(question.body["messages"][-1]["content"]) < 3200
