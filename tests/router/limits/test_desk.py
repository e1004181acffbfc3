"""Leases against a real Postgres: many processes, one budget, no dollar too much."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import ProgrammingError, connections

from apps.accounts.errors import UnavailableError
from apps.accounts.models import Organization
from apps.kit.clock import utc_now
from apps.kit.ids import uuid7
from apps.router.budget_queries import drop_expired_holds
from apps.router.limits.desk import Desk
from apps.router.limits.purse import Purse
from apps.router.limits.rules import BudgetRule
from apps.router.limits.stored import rule_of
from apps.tenancy.dsn import dsn_of
from apps.tenancy.scope import scope, unscoped
from tests.factories import make_org, make_routed_request
from tests.router.limits.test_budgets import make_budget

pytestmark = pytest.mark.django_db(transaction=True)

DOLLAR = 1_000_000_000
MONTH = utc_now().date().replace(day=1)


@pytest.fixture
def org(transactional_db: None) -> Organization:
    return make_org("Acme")


@pytest.fixture
def rule(org: Organization) -> BudgetRule:
    return rule_of(make_budget(org, "1"))


@asynccontextmanager
async def desks(number: int) -> AsyncIterator[list[Desk]]:
    opened = [Desk(dsn_of("default"), uuid7()) for _ in range(number)]
    for desk in opened:
        await desk.start()
    try:
        yield opened
    finally:
        for desk in opened:
            await desk.close()


@sync_to_async
def held() -> Decimal:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT coalesce(sum(amount_usd), 0) FROM router_budgethold")
        amount: Decimal = cursor.fetchone()[0]
    return amount


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(15):
        while not await condition():
            await asyncio.sleep(0.05)


class Ledger:
    """Ships costs as the recorder does: first the row, then the word of it."""

    def __init__(self, org: Organization) -> None:
        self.org = org
        self.paid = 0

    async def ship(self, desk: Desk, purse: Purse, cost: int) -> None:
        if cost:
            await sync_to_async(make_routed_request)(
                self.org, cost_usd=Decimal(cost) / DOLLAR
            )
            desk.shipped(purse, cost)


async def test_500_requests_at_once_over_four_processes_stay_within_a_dollar(
    org: Organization, rule: BudgetRule
) -> None:
    chance, ledger, passed = random.Random(7), Ledger(org), []

    async def request(desk: Desk, amount: int, cost: int) -> None:
        purse = desk.purse(rule, org.id, MONTH)
        got = await desk.reserve(purse, least=amount // 2, wanted=amount)
        if got is None:
            return
        await asyncio.sleep(chance.random() / 20)
        ledger.paid += (cost := min(cost, got))
        passed.append(cost)
        purse.settle(got, cost)
        desk.freed(purse)
        await ledger.ship(desk, purse, cost)

    async with desks(4) as four:
        calls = [
            request(
                four[number % 4],
                amount=chance.randint(2_000_000, 8_000_000),
                cost=chance.randint(1_000_000, 8_000_000),
            )
            for number in range(500)
        ]
        await asyncio.gather(*calls)
        spent = sum(passed)
        await until(_nothing_is_held)
        for desk in four:
            purse = desk.purse(rule, org.id, MONTH)
            assert (purse.reserved, purse.unshipped) == (0, 0)

    assert spent == ledger.paid <= DOLLAR
    # And it is not by refusing everything: what is left holds no usual request.
    assert spent > 0.5 * DOLLAR


async def _nothing_is_held() -> bool:
    return await held() == 0


async def test_a_lease_serves_many_requests_without_a_statement(
    org: Organization, transactional_db: None
) -> None:
    rule = rule_of(await sync_to_async(make_budget)(org, "1000"))
    async with desks(1) as (desk,):
        purse = desk.purse(rule, org.id, MONTH)
        first = await desk.reserve(purse, least=1, wanted=DOLLAR // 100)

        served = [desk.reserve_now(purse, DOLLAR // 100) for _ in range(100)]

        assert first == DOLLAR // 100
        assert all(served)
        assert purse.leased == 10 * DOLLAR


async def test_what_lies_idle_goes_back(org: Organization, rule: BudgetRule) -> None:
    async with desks(1) as (desk,):
        purse = desk.purse(rule, org.id, MONTH)
        amount = await desk.reserve(purse, least=1, wanted=1000)
        assert amount == 1000
        assert await held() > 0
        purse.settle(1000, 0)

        await until(_nothing_is_held)
        assert purse.leased == 0


async def test_a_purse_about_to_be_used_is_not_tidied_away(
    org: Organization, rule: BudgetRule
) -> None:
    async with desks(1) as (desk,):
        purse = desk.purse(rule, org.id, MONTH)
        await desk._tidy()
        await desk.reserve(purse, least=1, wanted=1000)
        await desk._sync()

        assert desk.purse(rule, org.id, MONTH) is purse
        assert await held() > 0


async def test_a_request_that_leaves_while_it_waits_holds_nothing(
    org: Organization, rule: BudgetRule
) -> None:
    async with desks(1) as (desk,):
        purse = desk.purse(rule, org.id, MONTH)
        waiting = [
            asyncio.create_task(desk.reserve(purse, least=1000, wanted=1000))
            for _ in range(20)
        ]
        await asyncio.sleep(0)
        for task in waiting[::2]:
            task.cancel()
        done = await asyncio.gather(*waiting, return_exceptions=True)

        assert sum(amount == 1000 for amount in done) == 10
        assert purse.reserved == 10_000


async def test_a_dead_process_s_lease_ends_when_it_is_released(
    org: Organization, rule: BudgetRule
) -> None:
    dead = Desk(dsn_of("default"), uuid7())
    await dead.start()
    await dead.reserve(dead.purse(rule, org.id, MONTH), least=1, wanted=DOLLAR)
    assert dead._task is not None
    dead._task.cancel()
    assert await held() == 1

    async with desks(1) as (desk,):
        purse = desk.purse(rule, org.id, MONTH)
        assert await desk.reserve(purse, least=1, wanted=1) is None
        desk.release(dead.holder)
        await until(_nothing_is_held)
        await asyncio.sleep(0.3)
        assert await desk.reserve(purse, least=1, wanted=1) == 1
    assert dead._connection is not None
    await dead._connection.close()


async def test_a_lease_that_nobody_renews_expires(
    org: Organization, rule: BudgetRule
) -> None:
    async with desks(1) as (desk,):
        purse = desk.purse(rule, org.id, MONTH)
        await desk.reserve(purse, least=1, wanted=1000)
        dropped = await sync_to_async(_drop_expired)(-60)

        assert dropped == 1
        purse.settle(1000, 0)


def _drop_expired(by: int) -> int:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "UPDATE router_budgethold SET expires_at = now() + %s * interval '1 s'",
            [by],
        )
    with unscoped("a budget nearly spent may be any organization's"):
        return drop_expired_holds()


async def test_without_postgres_the_lease_goes_on_and_then_nothing_passes(
    org: Organization, rule: BudgetRule
) -> None:
    async with desks(1) as (desk,):
        purse = desk.purse(rule, org.id, MONTH)
        await desk.reserve(purse, least=1, wanted=1_000_000)
        free = purse.free
        desk.dsn = "host=/nowhere dbname=none connect_timeout=1"
        await desk._disconnect()

        assert await desk.reserve(purse, least=free, wanted=free) == free
        with pytest.raises(UnavailableError):
            await desk.reserve(purse, least=1_000_000, wanted=1_000_000)
        desk.dsn = dsn_of("default")
        async with asyncio.timeout(10):
            while True:
                try:
                    assert await desk.reserve(purse, least=1, wanted=5) == 5
                    break
                except UnavailableError:
                    await asyncio.sleep(0.1)


async def test_an_answer_that_is_lost_is_set_right(
    org: Organization, rule: BudgetRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Postgres has leased, but the process never heard of it."""
    async with desks(1) as (desk,):
        run = desk._run
        losses = [psycopg.OperationalError("lost")]

        async def lossy(statement: str, values: Any) -> Any:
            rows = await run(statement, values)
            if losses:
                desk._is_unsure = True
                raise losses.pop()
            return rows

        monkeypatch.setattr(Desk, "_run", lambda self, *args: lossy(*args))
        purse = desk.purse(rule, org.id, MONTH)
        with pytest.raises(UnavailableError):
            await desk.reserve(purse, least=1, wanted=1000)
        assert await held() > 0

        await until(_nothing_is_held)


def test_no_login_but_the_functions_writes_a_lease(org: Organization) -> None:
    budget = make_budget(org, "1")
    row: list[Any] = [date(2026, 1, 1), uuid7(), budget.id, budget.org_id]

    with (
        scope(org.id),
        connections["default"].cursor() as cursor,
        pytest.raises(ProgrammingError, match="permission denied for table"),
    ):
        cursor.execute(
            "INSERT INTO router_budgethold VALUES"
            " (gen_random_uuid(), %s, %s, 1, now(), %s, %s)",
            row,
        )
