"""A check runs to its end, whoever is killed on the way."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from pytest_django.fixtures import Settings

from apps.accounts.models import Organization
from apps.checks import claiming, concluding, running, services, tasks
from apps.checks.asking import way_of
from apps.checks.bodies import answer_body
from apps.checks.cells import Cell
from apps.checks.criteria import Criterion
from apps.checks.purse import LostError, SpentError
from apps.checks.running import Running
from apps.kit.errors import ConflictError
from apps.providers.fake import FakeProvider
from apps.router import runtime
from apps.router.in_worker import router as worker_router
from apps.router.runtime import Runtime
from apps.tenancy.scope import scope
from tests.checks.conftest import BASELINE, JUDGE, rows
from tests.factories import make_org
from tests.router.conftest import eventually, make_market

pytestmark = pytest.mark.django_db(transaction=True)

type Started = Callable[..., Awaitable[UUID]]


async def run(org: Organization, check_id: UUID) -> None:
    """In a thread of its own, as a worker's."""

    def work() -> None:
        try:
            with scope(org.id):
                running.run_check(check_id)
        finally:
            connections.close_all()

    await asyncio.to_thread(work)


@sync_to_async
def execute(statement: str, *values: Any) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, values)


async def test_all_models_answer_and_both_orders_are_judged(
    router: Runtime, fake: FakeProvider, org: Organization, started: Started
) -> None:
    fake.script("third", text='{"better": "first"}')
    check_id = await started(prompts=3, judge_model=JUDGE)

    await run(org, check_id)

    (check,) = await rows("checks_check")
    assert (check["state"], check["seq"]) == ("done", 3 * 2 + 3 * 2)
    assert len(await rows("checks_answer")) == 6
    (result,) = await rows("checks_result")
    # A judge that likes whatever stands first has said nothing.
    assert (result["consistency"], result["ties"], result["verdict"]) == (0, 3, "")


async def test_the_ledger_has_every_call_at_the_cost_that_the_check_shows(
    router: Runtime, fake: FakeProvider, org: Organization, started: Started
) -> None:
    fake.script("third", text='{"better": "neither"}')
    await run(org, await started(prompts=2, judge_model=JUDGE))

    calls = {row["id"]: row for row in await rows("checks_call")}
    ledger = {row["id"]: row for row in await rows("router_routed_request")}

    assert calls.keys() == ledger.keys()
    assert {row["purpose"] for row in ledger.values()} == {"check", "judge"}
    assert all(row["key_id"] is None for row in ledger.values())
    assert all(calls[i]["cost_usd"] == ledger[i]["cost_usd"] for i in calls)


async def test_criteria_grade_answers_and_teach_the_router(
    router: Runtime, fake: FakeProvider, org: Organization, started: Started
) -> None:
    fake.script("primary", text="It is 42.")
    fake.script("backup", text="I do not know.")
    check_id = await started(prompts=2, expected="42", criteria=[Criterion("contains")])

    await run(org, check_id)

    (result,) = await rows("checks_result")
    assert (result["method"], result["losses"], result["wins"]) == ("criteria", 2, 0)
    grades = {row["model"]: row["quality"] for row in await rows("router_outcome")}
    assert grades == {"primary-house/primary": 1.0, "backup-house/backup": 0.0}
    assert all(row["vector"] for row in await rows("router_outcome"))


async def test_who_takes_over_asks_only_what_is_missing(
    router: Runtime, fake: FakeProvider, org: Organization, started: Started
) -> None:
    """As after a kill -9: the lease runs out, and stored answers stay as they are."""
    check_id = await started(prompts=6)
    fake.script("backup", text="Slow", delay_s=30)
    with scope(org.id):
        work = await sync_to_async(claiming.claim)(check_id)
        assert work is not None
        first = asyncio.create_task(Running(work, router).run())
    await eventually(lambda: len(fake.requests) >= 6)
    await asyncio.sleep(0.3)
    stored = await rows("checks_answer")
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    fake.forget()
    await execute("UPDATE checks_check SET lease_until = now() - interval '1 second'")

    await run(org, check_id)

    answers = await rows("checks_answer")
    assert len(answers) == 12
    kept = {row["id"] for row in stored}
    assert kept
    assert kept < {row["id"] for row in answers}
    assert len(fake.requests) == 12 - len(stored)
    (check,) = await rows("checks_check")
    assert (check["state"], check["token"]) == ("done", 2)


async def test_a_running_check_is_run_by_one_worker_alone(
    router: Runtime, org: Organization, started: Started
) -> None:
    check_id = await started(prompts=1)

    with scope(org.id):
        first = await sync_to_async(claiming.claim)(check_id)
        second = await sync_to_async(claiming.claim)(check_id)

    assert first is not None
    assert second is None


async def test_late_answers_of_a_lost_worker_are_paid_for_and_not_stored(
    router: Runtime, org: Organization, started: Started
) -> None:
    check_id = await started(prompts=2)
    with scope(org.id):
        work = await sync_to_async(claiming.claim)(check_id)
        assert work is not None
    await execute("UPDATE checks_check SET token = token + 1")

    with pytest.raises(LostError):
        await Running(work, router).run()

    assert await rows("checks_answer") == []
    assert await rows("checks_call") == []


async def test_a_check_never_costs_more_than_its_ceiling(
    router: Runtime, fake: FakeProvider, org: Organization, started: Started
) -> None:
    check_id = await started(prompts=20, parameters={"max_tokens": 16})
    await execute("UPDATE checks_check SET ceiling_usd = ceiling_usd / 10")

    await run(org, check_id)

    (check,) = await rows("checks_check")
    calls = await rows("checks_call")
    assert check["reason"] == running.CEILING
    assert check["state"] == "done"
    assert 0 < len(calls) < 40
    assert sum(call["cost_usd"] for call in calls) <= check["ceiling_usd"]


async def test_purses_of_two_processes_hold_no_more_than_the_ceiling_together(
    router: Runtime, org: Organization, started: Started
) -> None:
    check_id = await started(prompts=50, parameters={"max_tokens": 16})
    await execute("UPDATE checks_check SET ceiling_usd = ceiling_usd / 7, token = 1")
    with scope(org.id):
        work = await sync_to_async(claiming.load)(check_id, token=1)
    both = Running(work, router), Running(work, router)

    async def hold(purse: Any, at: int) -> object:
        cell = Cell(at % 2, at // 2)
        most = (await rows_of_most(router, work, cell)).most_usd
        return await purse.hold(cell, work.seats[cell.seat], most)

    asked = [hold(both[at % 2].purse, at) for at in range(60)]
    done = await asyncio.gather(*asked, return_exceptions=True)

    assert any(isinstance(one, SpentError) for one in done)
    (check,) = await rows("checks_check")
    held = sum(call["most_usd"] for call in await rows("checks_call"))
    assert held <= check["ceiling_usd"]


async def rows_of_most(router: Runtime, work: Any, cell: Any) -> Any:
    body = answer_body(
        work.prompts[cell.position].messages, work.system, work.parameters
    )
    return way_of(router.planner, work.org_id, body, work.seats[cell.seat])


async def test_a_model_that_only_fails_is_not_asked_on_and_the_other_goes_on(
    router: Runtime, fake: FakeProvider, org: Organization, started: Started
) -> None:
    fake.script("backup", status=400, message="no such thing")
    await run(org, await started(prompts=12))

    answers = await rows("checks_answer")
    (check,) = await rows("checks_check")
    failed = [row for row in answers if row["error"]]
    assert 5 <= len(failed) < 12
    assert sum(not row["error"] for row in answers) == 12
    assert check["state"] == "done"
    assert "backup-house/backup was not asked on" in check["reason"]


async def test_a_check_that_nobody_answers_has_failed_and_does_not_count(
    router: Runtime, fake: FakeProvider, org: Organization, started: Started
) -> None:
    fake.script("primary", status=400)
    fake.script("backup", status=400)
    check_id = await started(prompts=2)
    await execute("UPDATE checks_check SET started_at = now()")
    await execute(
        "INSERT INTO checks_checkmonth (id, org_id, month, used) VALUES "
        "(gen_random_uuid(), %s, date_trunc('month', now()), 1)",
        org.id,
    )

    await run(org, check_id)

    (check,) = await rows("checks_check")
    assert check["state"] == "failed"
    assert check["reason"].startswith("No model answered.")
    assert (await rows("checks_checkmonth"))[0]["used"] == 0


async def test_a_cancelled_check_keeps_and_judges_what_it_has(
    router: Runtime, fake: FakeProvider, org: Organization, started: Started
) -> None:
    check_id = await started(prompts=40)
    fake.script("backup", text="Slow", delay_s=0.2)
    task = asyncio.create_task(run(org, check_id))
    await eventually(lambda: len(fake.requests) >= 8)

    with scope(org.id):
        await sync_to_async(services.cancel)(check_id)
        await task
        with pytest.raises(ConflictError):
            await sync_to_async(services.cancel)(check_id)

    (check,) = await rows("checks_check")
    answers = await rows("checks_answer")
    assert check["state"] == "cancelled"
    assert 0 < len(answers) < 80


async def test_the_clock_sends_on_what_a_dead_worker_left(
    router: Runtime, org: Organization, started: Started
) -> None:
    await started(prompts=1)

    await sync_to_async(tasks.resume)()

    (check,) = await rows("checks_check")
    assert check["state"] == "done"


async def test_concluding_again_changes_nothing(
    router: Runtime, fake: FakeProvider, org: Organization, started: Started
) -> None:
    fake.script("third", text='{"better": "neither"}')
    check_id = await started(prompts=2, judge_model=JUDGE)
    await run(org, check_id)
    before = await rows("checks_result")

    with scope(org.id):
        await sync_to_async(concluding.conclude)(check_id)

    after = await rows("checks_result")
    assert [row["id"] for row in before] == [row["id"] for row in after]
    assert len(await rows("alerts_alert")) == 1


def test_a_worker_runs_a_router_of_its_own_and_ends_it(
    transactional_db: None, settings: Settings, tmp_path: Path
) -> None:
    """Two jobs share it; it knows the market, though it begins in a job's scope."""
    settings.JOURNAL_DIR = tmp_path / "journal"
    make_market("http://127.0.0.1:9/v1")
    acme = make_org("Acme")
    with scope(acme.id), worker_router() as one, worker_router() as two:
        assert BASELINE in one.router.planner.snapshot.names
        assert one.router is two.router is runtime.running()
        assert one.run(lambda found: asyncio.sleep(0, found)) is one.router

    assert runtime.running() is None
