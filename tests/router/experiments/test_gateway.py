"""Requests to an alias with an experiment: who answers, who else, and what it costs."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from apps.accounts.models import Organization
from apps.providers.fake import FakeProvider
from apps.router.experiment_models import Experiment, ExperimentHold, Judgement
from apps.router.experiment_purse import ExperimentPurse
from apps.router.pool import Database
from apps.router.runtime import Runtime
from apps.tenancy.dsn import dsn_of
from apps.tenancy.scope import scope
from tests.router.conftest import Caller, eventually, ledger
from tests.router.experiments.conftest import ALIAS

pytestmark = pytest.mark.django_db(transaction=True)


async def _ask(caller: Caller, number: int, **options: Any) -> str:
    answer = await caller.chat(
        f"Question {number}", alias=ALIAS, session_id=f"s{number}", **options
    )
    assert answer.status == 200, answer.body
    return str(answer.json()["model_used"])


async def test_both_arms_answer_and_a_conversation_stays_with_its_own(
    ab: Experiment, router: Runtime, member: Caller, fake: FakeProvider
) -> None:
    first = [await _ask(member, number) for number in range(12)]
    again = [await _ask(member, number) for number in range(12)]

    assert set(first) == {"primary-house/primary", "backup-house/backup"}
    assert first == again
    rows = await ledger(24)
    assert {row["experiment_id"] for row in rows} == {str(ab.id)}
    by_arm = {(row["arm"], row["model"]) for row in rows}
    assert by_arm == {
        ("control", "primary-house/primary"),
        ("candidate", "backup-house/backup"),
    }


async def test_a_test_key_and_another_alias_take_no_part(
    ab: Experiment, router: Runtime, member: Caller, test: Caller
) -> None:
    await test.chat("Hi", alias=ALIAS)
    await member.chat("Hi")

    rows = await ledger(2)
    assert {row["experiment_id"] for row in rows} == {None}


async def test_a_candidate_that_cannot_answer_costs_no_caller_an_error(
    ab: Experiment, router: Runtime, member: Caller, fake: FakeProvider
) -> None:
    fake.script("backup", status=500)

    answers = [await _ask(member, number) for number in range(12)]

    assert set(answers) == {"primary-house/primary"}
    assert {row["arm"] for row in await ledger(12)} == {"control", "candidate"}


async def test_a_shadow_answers_too_and_nobody_waits_for_it(
    shadow: Experiment, router: Runtime, member: Caller, fake: FakeProvider
) -> None:
    fake.script("backup", text="Unheard", delay_s=0.5)

    answer = await asyncio.wait_for(member.chat("Hi", alias=ALIAS), 5)
    asked_then = [received.model for received in fake.requests]
    call, other = await ledger(2)

    assert answer.json()["output"] == "Hello"
    assert asked_then in (["primary"], ["primary", "backup"])
    assert (call["purpose"], call["arm"]) == ("call", "control")
    assert (other["purpose"], other["arm"]) == ("shadow", "candidate")
    assert (other["model"], other["key_id"]) == ("backup-house/backup", None)
    assert other["cost_usd"] > 0
    await _until_booked(shadow, Decimal(str(other["cost_usd"])))


async def _until_booked(experiment: Experiment, amount: Decimal) -> None:
    @sync_to_async
    def state() -> tuple[Decimal, int]:
        with scope(experiment.org_id):
            found = Experiment.objects.get(id=experiment.id)
            return found.spent_usd, ExperimentHold.objects.count()

    async with asyncio.timeout(5):
        while await state() != (amount, 0):
            await asyncio.sleep(0.05)


async def test_a_stream_is_shadowed_whole(
    shadow: Experiment, router: Runtime, member: Caller, fake: FakeProvider
) -> None:
    await member.chat("Hi", alias=ALIAS, stream=True)

    rows = await ledger(2)
    assert [row["is_stream"] for row in rows] == [True, False]


async def test_a_shadow_obeys_the_rules_that_bar(
    shadow: Experiment,
    router: Runtime,
    member: Caller,
    fake: FakeProvider,
) -> None:
    """A request that may go to one provider only has no shadow at another."""
    answer = await member.post(
        "/v1/chat/completions",
        {
            "model": ALIAS,
            "messages": [{"role": "user", "content": "Hi"}],
            "provider": {"only": ["primary-house"]},
        },
    )
    await _until_idle(router)

    assert answer.status == 200
    assert [received.model for received in fake.requests] == ["primary"]


async def _until_idle(router: Runtime) -> None:
    await eventually(lambda: not router.shadows.queue and not router.shadows._tasks)


async def test_failed_and_test_calls_are_not_shadowed(
    shadow: Experiment,
    router: Runtime,
    member: Caller,
    test: Caller,
    fake: FakeProvider,
) -> None:
    for model in ("primary", "backup", "third"):
        fake.script(model, status=500)
    await member.chat("Hi", alias=ALIAS)
    await test.chat("Hi", alias=ALIAS)
    await _until_idle(router)

    rows = await ledger(2)
    assert {row["purpose"] for row in rows} == {"call"}


async def test_a_budget_is_never_overspent(
    poor: Experiment, router: Runtime, member: Caller, fake: FakeProvider
) -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 1000, "total_tokens": 1010}
    fake.script("backup", text="x", usage=usage)

    await asyncio.gather(
        *(member.chat(f"Q{n}", alias=ALIAS, max_tokens=1000) for n in range(12))
    )
    await _until_idle(router)
    rows = await ledger(13)

    spent = sum(row["cost_usd"] for row in rows if row["purpose"] == "shadow")
    assert 0 < spent <= 0.01


async def test_holds_of_two_processes_never_pass_the_budget_together(
    poor: Experiment, router: Runtime
) -> None:
    purses = [ExperimentPurse(Database(dsn_of("default"))) for _ in range(2)]
    try:
        holds = await asyncio.gather(
            *(
                purse.hold(poor.org_id, poor.id, 1_000_000)
                for _ in range(20)
                for purse in purses
            )
        )
        held = [hold for hold in holds if hold is not None]
        assert len(held) == 10
        await purses[0].settle(held[0], 400_000)
        again = await purses[1].hold(poor.org_id, poor.id, 600_001)
        rest = await purses[1].hold(poor.org_id, poor.id, 600_000)
    finally:
        for purse in purses:
            await purse.database.close()

    assert again is None
    assert rest is not None


async def test_a_judge_of_a_third_maker_is_asked_in_both_orders(
    judged: Experiment,
    router: Runtime,
    member: Caller,
    fake: FakeProvider,
    org: Organization,
) -> None:
    fake.script("primary", text="Four")
    fake.script("backup", text="Five")
    fake.script("third", text='{"better": "second"}')
    fake.script("third", text='{"better": "first"}')

    await member.chat("What is 2 + 3?", alias=ALIAS)
    rows = await ledger(4)

    assert [row["purpose"] for row in rows] == ["call", "shadow", "judge", "judge"]
    questions = [r.body for r in fake.requests if r.model == "third"]
    shown = [body["messages"][1]["content"] for body in questions]
    assert "<first>\nFour\n</first>" in shown[0]
    assert "<first>\nFive\n</first>" in shown[1]
    await _until_idle(router)
    [said] = await _judgements(org)
    assert (said.outcome, said.is_consistent) == ("win", True)
    assert said.request_id.hex == rows[0]["id"].replace("-", "")


@sync_to_async
def _judgements(org: Organization) -> list[Judgement]:
    with scope(org.id):
        return list(Judgement.objects.all())


async def test_a_judge_that_says_nothing_clear_is_not_counted(
    judged: Experiment,
    router: Runtime,
    member: Caller,
    fake: FakeProvider,
    org: Organization,
) -> None:
    fake.script("third", text="Both are fine.")

    await member.chat("Hi", alias=ALIAS)
    await ledger(4)
    await _until_idle(router)

    assert await _judgements(org) == []


async def test_a_full_queue_leaves_shadows_out(
    shadow: Experiment,
    router: Runtime,
    member: Caller,
    fake: FakeProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("apps.router.shadow.MOST_WAITING", 1)
    fake.script("backup", delay_s=0.3)

    await asyncio.gather(*(member.chat(f"Q{n}", alias=ALIAS) for n in range(8)))

    assert router.shadows.left_out > 0
