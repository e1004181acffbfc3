"""Budgets at the gateway: reserved before, settled after, whatever happens between."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from apps.accounts.models import APIKey, Organization
from apps.catalog.models import Price
from apps.kit.clock import utc_now
from apps.providers.fake import FakeProvider
from apps.router import budget_services
from apps.router.budget_models import Budget
from apps.router.budget_queries import BudgetState, budget_states
from apps.router.front import Front
from apps.router.runtime import Runtime
from apps.tenancy.scope import scope
from tests.asgi import App
from tests.factories import make_key, make_routed_request
from tests.router.conftest import DJANGO, Caller, eventually, ledger

pytestmark = pytest.mark.django_db(transaction=True)

# At 1 and 2 dollars a million: $0.0001 and $0.0004.
USAGE = {"prompt_tokens": 100, "completion_tokens": 200}
COST = Decimal("0.0005")


@pytest.fixture
def app() -> App:
    """Both fronts come to the same gate, so most of this asks one of them."""
    return Front(DJANGO)


def make_budget(
    org: Organization,
    usd: str,
    *,
    period: str = "month",
    key_id: UUID | None = None,
) -> Budget:
    with scope(org.id):
        return budget_services.create_budget(
            key_id=key_id, period=period, limit_usd=Decimal(usd)
        )


async def budgeted(
    router: Runtime, org: Organization, usd: str, **options: Any
) -> Budget:
    """A budget that the running router knows of."""
    budget: Budget = await sync_to_async(make_budget)(org, usd, **options)
    await eventually(lambda: _knows(router, org, budget))
    return budget


def _knows(router: Runtime, org: Organization, budget: Budget) -> bool:
    limits = router.limits_of(org.id)
    known = [*limits.budgets, *(r for rules in limits.by_key.values() for r in rules)]
    return budget.id in {rule.id for rule in known}


@sync_to_async
def states(org: Organization) -> list[BudgetState]:
    with scope(org.id):
        return budget_states()


async def settled(org: Organization, *, spent: Decimal | None = None) -> BudgetState:
    """The first budget's state, once nothing is held of it any more."""
    async with asyncio.timeout(10):
        while True:
            (state, *_) = await states(org)
            if not state.held_usd and spent in {None, state.spent_usd}:
                return state
            await asyncio.sleep(0.05)


async def test_what_was_spent_is_booked_and_nothing_stays_held(
    router: Runtime, live: Caller, org: Organization, fake: FakeProvider
) -> None:
    fake.script("primary", usage=USAGE)
    await budgeted(router, org, "10")

    answers = [await live.chat("Hi"), await live.chat("Hi", stream=True)]

    assert [answer.status for answer in answers] == [200, 200]
    state = await settled(org, spent=2 * COST)
    assert state.limit_usd == 10


@pytest.mark.parametrize("app", [Front(DJANGO), DJANGO], ids=["raw", "drf"])
async def test_a_budget_that_is_used_up_refuses_and_says_what_to_do(
    router: Runtime, live: Caller, org: Organization, fake: FakeProvider
) -> None:
    await budgeted(router, org, "0.001")

    reply = await live.complete("Hi", max_tokens=100_000)

    error = reply.json()["error"]
    assert (reply.status, error["code"]) == (402, "budget_exceeded")
    assert error["type"] == "insufficient_quota"
    assert "the monthly budget of your organization" in error["message"]
    assert "raise the budget" in error["message"]
    assert reply.headers["x-modeloptix-budget"].startswith('"organization-month"')
    assert fake.requests == []
    assert (await settled(org)).spent_usd == 0


async def test_a_key_s_budget_binds_that_key_alone(
    router: Runtime, live: Caller, org: Organization, fake: FakeProvider
) -> None:
    key_id = await sync_to_async(_key_id)(org)
    await budgeted(router, org, "0.01", key_id=key_id, period="day")
    _, other = await sync_to_async(make_key)(org)

    refused = await live.chat("Hi", max_tokens=100_000)
    passed = await Caller(live.app, other).chat("Hi", max_tokens=100_000)

    assert (refused.status, passed.status) == (402, 200)
    assert "the daily budget of this API key" in refused.json()["error"]["message"]


def _key_id(org: Organization) -> UUID:
    with scope(org.id):
        return APIKey.objects.get().id


async def test_the_output_is_limited_to_what_was_reserved(
    router: Runtime, live: Caller, org: Organization, fake: FakeProvider
) -> None:
    await budgeted(router, org, "1")

    await live.chat("Hi", model="primary")
    await live.chat("Hi", model="primary", max_tokens=50)

    free, limited = (request.body["max_tokens"] for request in fake.requests)
    # A twentieth of the budget at $2 a million, the model's own limit unknown.
    assert 1024 <= free <= 25_000
    assert limited == 50


async def test_what_is_left_is_reserved_when_it_is_less_than_one_would_like(
    router: Runtime, live: Caller, org: Organization, fake: FakeProvider
) -> None:
    fake.script("primary", usage=USAGE)
    # 1,024 tokens of output cost $0.0021 at the least, 16,384 $0.0328.
    await budgeted(router, org, "0.009")

    reply = await live.chat("Hi", model="primary")

    assert reply.status == 200
    assert 1024 <= fake.requests[0].body["max_tokens"] < 16_384


async def test_a_model_without_a_price_is_refused_under_a_budget(
    router: Runtime, live: Caller, org: Organization, fake: FakeProvider
) -> None:
    await sync_to_async(_drop_prices)()
    await budgeted(router, org, "1")

    reply = await live.complete("Hi", model="primary")

    assert reply.status == 503
    assert "price not known, and a budget is set" in reply.json()["error"]["message"]


def _drop_prices() -> None:
    prices = Price.objects.using("owner").filter(offer__upstream_id="primary")
    prices.update(valid_until=utc_now() - timedelta(seconds=1))


async def test_a_failed_and_a_cancelled_request_give_everything_back(
    router: Runtime, live: Caller, org: Organization, fake: FakeProvider
) -> None:
    await budgeted(router, org, "1")
    fake.script("primary", status=500)
    fake.script("backup", text="late", delay_s=30)
    failed = await live.chat("Hi", model="primary")

    call = live.start("POST", "/v1/chat", {"model": "backup", **BODY})
    await eventually(lambda: len(fake.requests) > 1)
    call.hang_up()
    assert call.task is not None
    await asyncio.wait([call.task], timeout=10)

    assert failed.status == 502
    await settled(org)
    assert all(purse.reserved == 0 for purse in router.gate.desk._purses.values())


BODY = {"messages": [{"role": "user", "content": "Hi"}]}


async def test_a_stream_left_half_way_is_booked_and_lets_go(
    router: Runtime, live: Caller, org: Organization, fake: FakeProvider
) -> None:
    await budgeted(router, org, "1")
    fake.script("primary", text="word " * 50, chunks=50, gap_s=0.1)

    call = live.start("POST", "/v1/chat", {"model": "primary", "stream": True, **BODY})
    async for message in call.messages():
        if message["type"] == "http.response.body":
            call.hang_up()
            break
    assert call.task is not None
    await asyncio.wait([call.task], timeout=10)

    [row] = await ledger()
    assert row["status"] == "cancelled"
    state = await settled(org, spent=Decimal(str(row["cost_usd"])))
    assert state.spent_usd > 0


async def test_a_test_key_passes_a_budget_that_is_used_up(
    router: Runtime, test: Caller, org: Organization
) -> None:
    await budgeted(router, org, "0.01")

    replies = [await test.chat("Hi", max_tokens=1_000_000) for _ in range(3)]

    assert [reply.status for reply in replies] == [200, 200, 200]
    assert (await settled(org)).spent_usd == 0


async def test_four_fifths_spent_is_told_in_a_header(
    router: Runtime, live: Caller, org: Organization, fake: FakeProvider
) -> None:
    usage = {"prompt_tokens": 100, "completion_tokens": 4_200}
    fake.script("primary", usage=usage)
    await budgeted(router, org, "0.01")
    first = await live.chat("Hi", model="primary", max_tokens=4_200)
    await settled(org, spent=Decimal("0.0085"))

    second = await live.chat("Hi", model="primary", max_tokens=10)

    assert "x-modeloptix-budget-warning" not in first.headers
    warning = second.headers["x-modeloptix-budget-warning"]
    assert warning == '"organization-month";used=85;limit=0.01'


async def test_a_provider_that_charges_more_than_reserved_is_booked_in_full(
    router: Runtime, live: Caller, org: Organization, fake: FakeProvider
) -> None:
    fake.script("primary", usage={"prompt_tokens": 90_000, "completion_tokens": 5_000})
    await budgeted(router, org, "0.05")

    first = await live.chat("Hi", model="primary", max_tokens=10)
    await settled(org, spent=Decimal("0.1"))
    second = await live.chat("Hi", model="primary", max_tokens=10)

    assert (first.status, second.status) == (200, 402)


async def test_a_budget_made_late_counts_what_was_spent_before(
    router: Runtime, live: Caller, org: Organization, fake: FakeProvider
) -> None:
    fake.script("primary", usage=USAGE)
    await live.chat("Hi")
    await ledger(1)

    await budgeted(router, org, "1")

    assert (await settled(org)).spent_usd == COST


async def test_a_raised_and_a_deleted_budget_let_pass_again(
    router: Runtime, live: Caller, org: Organization, fake: FakeProvider
) -> None:
    budget = await budgeted(router, org, "0.01")
    assert (await live.chat("Hi", max_tokens=50_000)).status == 402

    await sync_to_async(_change)(org, budget.id, "10")
    async with asyncio.timeout(10):
        while (await live.chat("Hi", max_tokens=50_000)).status != 200:
            await asyncio.sleep(0.1)
    await sync_to_async(_change)(org, budget.id, "0.01")
    await sync_to_async(_delete)(org, budget.id)
    async with asyncio.timeout(10):
        while (await live.chat("Hi", max_tokens=50_000)).status != 200:
            await asyncio.sleep(0.1)


def _change(org: Organization, budget_id: UUID, usd: str) -> None:
    with scope(org.id):
        budget_services.change_budget(budget_id, limit_usd=Decimal(usd))


def _delete(org: Organization, budget_id: UUID) -> None:
    with scope(org.id):
        budget_services.delete_budget(budget_id)


def test_spend_falls_on_the_utc_day_and_counts_once(org: Organization) -> None:
    ledger_day = datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC)
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT make_ledger_partitions('2026-03-01', 2)")
    key_id = UUID(int=7)
    for moment in (ledger_day, ledger_day + timedelta(seconds=1)):
        make_routed_request(
            org, key_id=key_id, created_at=moment, cost_usd=Decimal("0.25")
        )
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO router_routed_request SELECT * FROM router_routed_request"
            " ON CONFLICT DO NOTHING"
        )
        cursor.execute(
            "SELECT key_id, day::text, cost_usd FROM router_spend ORDER BY 1, 2"
        )
        rows = cursor.fetchall()

    every = UUID(int=0)
    assert [(key, day) for key, day, _ in rows] == [
        (every, "2026-03-31"),
        (every, "2026-04-01"),
        (key_id, "2026-03-31"),
        (key_id, "2026-04-01"),
    ]
    assert {cost for *_, cost in rows} == {Decimal("0.25")}
