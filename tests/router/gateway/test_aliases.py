"""Aliases, tags and the policy at both fronts: steered, limited, refused, tried."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.asgi import get_asgi_application
from django.db import connections

from apps.accounts.models import Organization
from apps.privacy.services import Wanted, change_settings
from apps.providers.fake import FakeProvider
from apps.router import alias_services
from apps.router.alias_models import Alias
from apps.router.alias_services import NewAlias, change_policy, create_alias
from apps.router.engine.rules import Rules
from apps.router.runtime import Runtime
from apps.tenancy.scope import scope
from tests.asgi import App
from tests.factories import make_key, make_org
from tests.router.conftest import Caller, eventually, ledger

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "uc/support-triage"
# Both fronts call the same core; what lies below it is shown at one of them.
one_front = pytest.mark.parametrize("app", ["raw"], indirect=True)


@sync_to_async
def make_alias(
    org: Organization, rules: Rules, *, usd: str | None = None, **options: Any
) -> Alias:
    """An alias, with a daily budget of `usd`."""
    with scope(org.id):
        budgets = {"day": Decimal(usd)} if usd else None
        return create_alias(NewAlias(NAME, rules=rules, **options), budgets=budgets)


async def taken_up(
    router: Runtime, test: Callable[[Any], bool], org: Organization
) -> None:
    """Until the router's picture of the organization passes the test."""
    await eventually(lambda: test(router.planner.snapshot.policy(org.id)), within_s=15)


@pytest.mark.parametrize("how", ["model", "alias"])
async def test_an_alias_decides_by_its_rules(
    router: Runtime, live: Caller, org: Organization, fake: FakeProvider, how: str
) -> None:
    await make_alias(org, Rules(forced="backup-house/backup"))
    await taken_up(router, lambda policy: NAME in policy.aliases, org)

    reply = await live.complete("Hi", **{"model": "auto", how: NAME})

    assert reply.status == 200, reply.json()
    assert reply.headers["x-modeloptix-model"] == "backup-house/backup"
    [row] = await ledger(1)
    assert (row["alias"], row["model"]) == (NAME, "backup-house/backup")


async def test_a_paused_alias_refuses_and_says_so(
    router: Runtime, live: Caller, org: Organization, fake: FakeProvider
) -> None:
    await make_alias(org, Rules(), is_active=False)
    await taken_up(router, lambda policy: NAME in policy.aliases, org)

    reply = await live.complete("Hi", model=NAME)

    error = reply.json()["error"]
    assert reply.status in {400, 403, 404}
    assert "paused" in error["message"]
    assert fake.requests == []


@one_front
async def test_a_deleted_alias_is_no_longer_found(
    router: Runtime, live: Caller, org: Organization
) -> None:
    alias = await make_alias(org, Rules())
    await taken_up(router, lambda policy: NAME in policy.aliases, org)
    with scope(org.id):
        await sync_to_async(alias_services.delete_alias)(alias.id)
    await taken_up(router, lambda policy: NAME not in policy.aliases, org)

    reply = await live.complete("Hi", model=NAME)

    assert (reply.status, reply.json()["error"]["code"]) == (404, "not_found")


@one_front
async def test_another_organization_s_alias_is_not_found(
    router: Runtime, app: App, org: Organization
) -> None:
    other = await sync_to_async(make_org)("Globex")
    _, token = await sync_to_async(make_key)(other)
    await make_alias(org, Rules())
    await taken_up(router, lambda policy: NAME in policy.aliases, org)

    reply = await Caller(app, token).complete("Hi", model=NAME)

    assert reply.status == 404


async def test_a_test_key_tries_an_alias_for_nothing(
    router: Runtime, test: Caller, org: Organization, fake: FakeProvider
) -> None:
    await make_alias(org, Rules(forced="backup-house/backup"))
    await taken_up(router, lambda policy: NAME in policy.aliases, org)

    reply = await test.complete("Hi", model=NAME)

    assert reply.status == 200
    assert reply.headers["x-modeloptix-model"] == "modeloptix/echo"
    assert fake.requests == []


@one_front
async def test_the_policy_bars_what_an_alias_forces(
    router: Runtime, live: Caller, org: Organization, fake: FakeProvider
) -> None:
    await make_alias(org, Rules(forced="backup-house/backup"))
    with scope(org.id):
        await sync_to_async(change_policy)(Rules(ignored=("backup-house",)), version=1)
    await taken_up(
        router,
        lambda policy: NAME in policy.aliases and bool(policy.rules.ignored),
        org,
    )

    reply = await live.complete("Hi", model=NAME)

    assert reply.status == 503
    assert "barred by the rules" in reply.json()["error"]["message"]
    assert fake.requests == []


@one_front
async def test_who_is_not_assessed_does_not_fulfil_a_data_policy(
    router: Runtime, live: Caller, org: Organization, fake: FakeProvider
) -> None:
    await make_alias(org, Rules(no_training=True))
    await taken_up(router, lambda policy: NAME in policy.aliases, org)

    reply = await live.complete("Hi", model=NAME)

    assert reply.status == 503
    assert "not assessed whether it trains" in reply.json()["error"]["message"]
    assert fake.requests == []


async def test_a_prompt_beyond_the_limit_is_refused_with_both_figures(
    router: Runtime, live: Caller, org: Organization, fake: FakeProvider
) -> None:
    await make_alias(org, Rules(max_prompt_tokens=100))
    await taken_up(router, lambda policy: NAME in policy.aliases, org)

    # 384 characters and a message are 100 tokens, which just fit.
    fits = await live.complete("x" * 384, model=NAME)
    beyond = await live.complete("x" * 800, model=NAME)

    assert fits.status == 200, fits.json()
    error = beyond.json()["error"]
    assert (beyond.status, error["code"]) == (413, "payload_too_large")
    assert "100" in error["message"]
    assert len(fake.requests) == 1


@one_front
async def test_an_alias_s_budget_holds_it_back_and_nobody_else(
    router: Runtime, live: Caller, org: Organization, fake: FakeProvider
) -> None:
    await make_alias(org, Rules(forced="primary-house/primary"), usd="0.01")
    await taken_up(router, lambda policy: bool(policy.limits.by_alias), org)

    # The most that 10,000 tokens can cost is $0.02.
    refused = await live.complete("Hi", model=NAME, max_tokens=10_000)
    fits = await live.complete("Hi", model=NAME, max_tokens=100)
    other = await live.complete("Hi", model="primary", max_tokens=10_000)

    assert [refused.status, fits.status, other.status] == [402, 200, 200]
    error = refused.json()["error"]
    assert error["code"] == "budget_exceeded"
    assert f"daily budget of the alias {NAME}" in error["message"]
    assert '"alias-day"' in refused.headers["x-modeloptix-budget"]


@one_front
async def test_concurrent_requests_cannot_overspend_an_alias(
    router: Runtime, live: Caller, org: Organization, fake: FakeProvider
) -> None:
    await make_alias(org, Rules(forced="primary-house/primary"), usd="0.01")
    await taken_up(router, lambda policy: bool(policy.limits.by_alias), org)

    # Each reserves a little more than $0.002: four fit into a cent at once.
    replies = await asyncio.gather(
        *(live.complete("Hi", model=NAME, max_tokens=1_000) for _ in range(12))
    )

    statuses = [reply.status for reply in replies]
    assert set(statuses) <= {200, 402}
    answered = statuses.count(200)
    rows = await ledger(answered)
    assert sum(Decimal(str(row["cost_usd"] or 0)) for row in rows) <= Decimal("0.01")
    assert answered >= 4


async def test_a_key_s_tags_are_in_the_ledger(
    router: Runtime, app: App, org: Organization
) -> None:
    tags = ["env:prod", "team:search"]
    _, token = await sync_to_async(make_key)(org, tags=tags)

    reply = await Caller(app, token).complete("Hi")

    assert reply.status == 200
    [row] = await ledger(1)
    assert row["tags"] == "env:prod team:search"


@one_front
async def test_debug_explains_an_alias_and_calls_nobody(
    router: Runtime, live: Caller, org: Organization, fake: FakeProvider
) -> None:
    await make_alias(org, Rules(providers=("third-house",)))
    await taken_up(router, lambda policy: NAME in policy.aliases, org)
    body = {"messages": [{"role": "user", "content": "Hi"}], "alias": NAME}

    told = (await live.post("/v1/router/debug", body)).json()

    assert told["selected_model"] == "third-house/third"
    reasons = {one["model"]: one["reason"] for one in told["excluded"]}
    assert "not among the providers" in reasons["primary-house/primary"]
    assert fake.requests == []


@one_front
async def test_rules_are_tried_on_what_was_really_sent(
    router: Runtime, live: Caller, org: Organization, fake: FakeProvider
) -> None:
    for _ in range(2):
        await live.complete("Hi", model="primary", max_tokens=50)
    await live.complete("Hi")
    rows = await ledger(3)
    _, token = await sync_to_async(make_key)(org, scopes=("aliases:manage",))
    manager, calls = Caller(get_asgi_application(), token), len(fake.requests)

    forced = {"rules": {"forced": "third-house/third"}}
    found = (await manager.post("/api/v1/aliases/preview", forced)).json()
    kept = (await manager.post("/api/v1/policy/preview", {})).json()
    few = {"rules": {"barred_models": ["primary*"]}, "requests": 1}
    barred = (await manager.post("/api/v1/policy/preview", few)).json()

    spent = sum(Decimal(str(row["cost_usd"])) for row in rows)
    # Each of its prices is three times the first one's.
    assert (found["requests"], found["changed"], found["compared"]) == (3, 3, 3)
    assert found["cost_before"] == pytest.approx(float(spent), abs=1e-12)
    assert found["cost_after"] == pytest.approx(float(spent * 3), abs=1e-12)
    assert (kept["changed"], kept["cost_after"]) == (0, kept["cost_before"])
    assert (barred["requests"], barred["changed"]) == (1, 1)
    assert len(fake.requests) == calls


@one_front
async def test_what_is_stored_obeys_the_alias_s_rules(
    router: Runtime, live: Caller, org: Organization
) -> None:
    with scope(org.id):
        await sync_to_async(change_settings)(
            Wanted(stores_prompts=True, retention_days=30, redacts=())
        )
        await sync_to_async(create_alias)(
            NewAlias("uc/x", rules=Rules(is_private=True))
        )
    await make_alias(org, Rules(redacts=("email",)))
    await eventually(lambda: org.id in router.planner.snapshot.storage, within_s=15)
    await taken_up(router, lambda policy: len(policy.aliases) == 2, org)

    await live.complete("Keep nothing of ina@example.com", model="uc/x")
    await live.complete("Write to ina@example.com", model=NAME)
    await live.complete("Write to ina@example.com")
    async with asyncio.timeout(15):
        while len(prompts := await stored_prompts()) < 2:
            await asyncio.sleep(0.05)

    assert len(prompts) == 2
    assert not any("Keep nothing" in prompt for prompt in prompts)
    assert ["ina@example.com" in prompt for prompt in prompts] == [False, True]


@sync_to_async
def stored_prompts() -> list[str]:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT prompt FROM privacy_stored_exchange ORDER BY created_at")
        return [prompt for (prompt,) in cursor.fetchall()]
