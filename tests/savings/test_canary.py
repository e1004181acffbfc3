"""Canaries on real traffic: the gateway, the fake provider, the job that watches."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from pytest_django.fixtures import Settings

from apps.accounts.key_cache import KEY_CACHE
from apps.accounts.models import Organization
from apps.alerts.models import Alert
from apps.kit.clock import utc_now
from apps.portfolio.models import UseCase
from apps.providers.fake import FakeProvider
from apps.router import experiment_services, runtime
from apps.router.alias_models import Alias
from apps.router.experiment_models import Experiment
from apps.router.front import Front
from apps.savings import queries, services, watching
from apps.savings.guard_rails import Rails
from apps.savings.models import Switch
from apps.tenancy.scope import scope
from tests.factories import make_key
from tests.router.conftest import DJANGO, Caller, ledger
from tests.savings.conftest import ALIAS, BIG, SMALL, Make

pytestmark = pytest.mark.django_db(transaction=True)

QUICK = Rails(min_requests=10, min_hours=0, max_p95_ratio=10)


@pytest.fixture
async def fake() -> AsyncIterator[FakeProvider]:
    async with FakeProvider.running() as running:
        yield running


@pytest.fixture
def base_url(fake: FakeProvider) -> str:
    return fake.base_url


@pytest.fixture
async def canary(use_case: UseCase, make: Make) -> Switch:
    return await sync_to_async(make)(use_case, mode="canary", share=0.5, rails=QUICK)


@pytest.fixture
async def shadow(use_case: UseCase, make: Make) -> Switch:
    return await sync_to_async(make)(use_case, mode="shadow", share=0.5, rails=QUICK)


@pytest.fixture
def caller(org: Organization) -> Caller:
    return Caller(Front(DJANGO), make_key(org)[1])


async def ask(
    caller: Caller, count: int, settings: Settings, tmp_path: Any, rows: int
) -> list[str]:
    """Send so many conversations through a router that starts for them."""
    settings.JOURNAL_DIR = tmp_path / "journal"
    settings.LEDGER_FSYNC_MS = 50
    settings.ATTEMPT_TIMEOUT_S = 1
    started = await runtime.start()
    try:
        answers = [
            await caller.chat(f"Question {n}", alias=ALIAS, session_id=f"s{n}")
            for n in range(count)
        ]
        assert {answer.status for answer in answers} == {200}, started
        await ledger(rows)
    finally:
        await runtime.stop()
        KEY_CACHE.clear()
    return [str(answer.json()["model_used"]) for answer in answers]


@sync_to_async
def look(org: Organization, hours: float = 1) -> tuple[Switch, str, list[str]]:
    """Let the job look, and tell how all stands."""
    with scope(org.id):
        watching.watch(utc_now() + timedelta(hours=hours))
        [switch] = queries.switches()
        forced = str(Alias.objects.get(name=ALIAS).rules["forced"])
        return switch, forced, list(Alert.objects.values_list("title", flat=True))


async def test_a_sound_candidate_is_promoted_by_the_job(
    canary: Switch, caller: Caller, org: Organization, settings: Settings, tmp_path: Any
) -> None:
    before, forced_before, _ = await look(org)
    models = await ask(caller, 40, settings, tmp_path, 40)

    after, forced, alerts = await look(org)

    assert (before.state, forced_before) == ("canary", BIG)
    assert set(models) == {BIG, SMALL}
    assert (after.state, forced) == ("live", SMALL), after.outcome
    assert "Within its guard rails over" in after.outcome
    assert after.figures["candidate"]["requests"] >= 10
    assert after.live_at is not None
    assert any("promoted" in title for title in alerts)
    await sync_to_async(undo)(org, after)


def undo(org: Organization, switch: Switch) -> None:
    with scope(org.id):
        undone = services.undo(switch.id)
        rules = Alias.objects.get(name=ALIAS).rules
    assert (undone.state, rules) == ("undone", {"forced": BIG})


async def test_a_bad_candidate_is_rolled_back_and_costs_no_caller_an_answer(
    canary: Switch,
    caller: Caller,
    fake: FakeProvider,
    org: Organization,
    settings: Settings,
    tmp_path: Any,
) -> None:
    fake.script("small", status=500)
    models = await ask(caller, 40, settings, tmp_path, 40)

    switch, forced, alerts = await look(org)

    assert set(models) == {BIG}
    assert (switch.state, forced) == ("rolled_back", BIG)
    assert "The candidate failed in 100.0 %" in switch.outcome
    assert switch.figures["candidate"]["stood_in"] >= 10
    assert any("rolled back" in title for title in alerts)


async def test_a_shadow_comes_first_and_the_canary_by_itself(
    shadow: Switch, caller: Caller, org: Organization, settings: Settings, tmp_path: Any
) -> None:
    models = await ask(caller, 12, settings, tmp_path, 24)

    switch, forced, _ = await look(org)

    assert set(models) == {BIG}
    assert (switch.state, forced) == ("canary", BIG), switch.outcome
    assert switch.canary_at is not None
    assert await sync_to_async(kinds)(org) == [("ab", "running"), ("shadow", "stopped")]


def kinds(org: Organization) -> list[Any]:
    with scope(org.id):
        found = Experiment.objects.order_by("kind")
        return list(found.values_list("kind", "state"))


async def test_an_experiment_that_is_stopped_by_hand_ends_the_canary(
    canary: Switch, org: Organization
) -> None:
    def stop() -> None:
        with scope(org.id):
            experiment_services.stop_experiment(canary.experiment_id)  # type: ignore[arg-type]  # a canary has one

    await sync_to_async(stop)()

    switch, forced, _ = await look(org)

    assert (switch.state, forced) == ("rolled_back", BIG)
    assert "Stopped by hand" in switch.outcome


async def test_nothing_is_promoted_without_proof(
    canary: Switch, org: Organization
) -> None:
    waiting, _, _ = await look(org, hours=7 * 24 - 1)
    over, forced, _ = await look(org, hours=7 * 24 + 1)

    assert waiting.state == "canary"
    assert (over.state, forced) == ("rolled_back", BIG)
    assert "7 days are over" in over.outcome


async def test_an_alias_that_is_changed_by_hand_ends_the_switch(
    use_case: UseCase, make: Make, org: Organization
) -> None:
    await sync_to_async(make)(use_case)

    def change() -> None:
        with scope(org.id):
            alias = Alias.objects.get(name=ALIAS)
            alias.rules = {"forced": BIG}
            alias.save()

    standing, _, _ = await look(org)
    await sync_to_async(change)()
    ended, forced, alerts = await look(org)

    assert standing.state == "live"
    assert (ended.state, forced) == ("ended", BIG)
    assert f"routes to {BIG}" in ended.outcome
    assert any("ended" in title for title in alerts)


async def test_a_deleted_alias_or_use_case_ends_what_rested_on_it(
    typed: UseCase, use_case: UseCase, make: Make, org: Organization
) -> None:
    def prepare() -> None:
        make(use_case)
        make(typed, mode="recorded")
        with scope(org.id):
            Alias.objects.all().delete()
            UseCase.objects.filter(id=typed.id).delete()
            watching.watch(utc_now())
            outcomes = {one.outcome for one in queries.switches()}
        assert outcomes == {"The alias was deleted.", "The use case was deleted."}

    await sync_to_async(prepare)()
