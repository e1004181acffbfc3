"""Measurements in the database: added up over processes, read back, shown, pruned."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from apps.kit.clock import utc_now
from apps.providers import errors
from apps.router import health_queries, tasks
from apps.router.account import Try
from apps.router.breaker_link import BreakerLink
from apps.router.engine.need import Scored
from apps.router.health import LEAST_SAMPLES, Health
from apps.router.health_models import OfferSpan
from apps.router.health_store import HealthKeeper, recent_p95
from apps.router.limits.link import Link
from apps.tenancy.dsn import dsn_of
from tests.router.engine.offers import offer

pytestmark = pytest.mark.django_db(transaction=True)

ONE, TWO = offer("a/one"), offer("a/two")


def _keeper() -> HealthKeeper:
    health = Health()
    link = BreakerLink(health.breakers, Link("unix:///nowhere", ()))
    keeper = HealthKeeper(health, link, dsn_of("ledger"))
    health.breakers.on_verdict = keeper._hear
    return keeper


def _try(duration_ms: int, candidate: object = ONE) -> Try:
    attempt = Try(1, Scored(candidate, 1.0, None, None, None, None), 0)  # type: ignore[arg-type]  # a Candidate
    attempt.duration_ms = duration_ms
    return attempt


@pytest.fixture
async def _cleared() -> AsyncIterator[None]:
    yield
    await sync_to_async(_clear)()


def _clear() -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("TRUNCATE router_offerspan, router_offerincident")


@pytest.mark.usefixtures("_cleared")
async def test_processes_add_up_and_the_page_s_figures_are_theirs() -> None:
    keepers = _keeper(), _keeper()
    for keeper in keepers:
        for _ in range(LEAST_SAMPLES):
            keeper.health.answered(_try(200))
            keeper.health.first_token(_try(200), 40)
        keeper.health.failed(_try(10), errors.OverloadedError("x"))
        await keeper.write()

    shared = await sync_to_async(recent_p95)(utc_now() - timedelta(hours=1))
    [provider] = await sync_to_async(health_queries.providers_now)()
    points = await sync_to_async(health_queries.series)(provider="a")

    whole, first = shared[ONE.offer_id]
    assert whole == pytest.approx(200, rel=0.2)
    assert first == pytest.approx(40, rel=0.2)
    measures = provider.measures
    assert (provider.provider, provider.state) == ("a", "closed")
    assert (measures.requests, measures.failed) == (2 * LEAST_SAMPLES + 2, 2)
    assert measures.errors == (("overloaded", 2),)
    assert measures.error_rate == pytest.approx(2 / (2 * LEAST_SAMPLES + 2))
    assert not measures.is_failing
    assert replace(measures, failed=LEAST_SAMPLES).is_failing
    assert measures.latency_p50_ms == pytest.approx(200, rel=0.2)
    assert sum(point.measures.requests for point in points) == measures.requests
    assert points[0].starts_at.minute % 5 == 0


@pytest.mark.usefixtures("_cleared")
async def test_an_open_circuit_is_one_incident_until_the_offer_answers() -> None:
    one, other = _keeper(), _keeper()
    for keeper in (one, other):
        for _ in range(5):
            keeper.health.failed(_try(10), errors.ServerError("x"))
        await keeper.write()

    [begun] = await sync_to_async(health_queries.incidents)()
    [provider] = await sync_to_async(health_queries.providers_now)()
    one.health.breakers.passed(ONE.offer_id, 0.0)
    await one.write()
    [over] = await sync_to_async(health_queries.incidents)(provider="a")

    assert (begun.provider, begun.model, begun.ended_at) == ("a", "a/one", None)
    assert begun.reason == "5 failures in a row"
    assert (provider.state, provider.offers[0].reason) == ("open", begun.reason)
    assert over.ended_at is not None


@pytest.mark.usefixtures("_cleared")
async def test_the_incident_of_a_process_that_is_gone_ends_with_an_answer() -> None:
    gone, alive = _keeper(), _keeper()
    for _ in range(5):
        gone.health.failed(_try(10, TWO), errors.ServerError("x"))
    await gone.write()

    alive.health.answered(_try(10, TWO))
    await alive.write()

    [incident] = await sync_to_async(health_queries.incidents)()
    assert incident.ended_at is not None


@pytest.mark.usefixtures("_cleared")
async def test_what_postgres_does_not_take_is_written_later() -> None:
    keeper = _keeper()
    keeper.health.answered(_try(10))
    good = keeper.ledger_dsn
    keeper.ledger_dsn = "host=/nowhere dbname=none"
    with pytest.raises(psycopg.OperationalError):
        await keeper.write()
    keeper.health.answered(_try(10))

    keeper.ledger_dsn = good
    await keeper.write()

    [row] = [span async for span in OfferSpan.objects.all()]
    assert row.outcomes[0] == 2


@pytest.mark.usefixtures("_cleared")
async def test_what_is_a_month_old_is_dropped() -> None:
    keeper = _keeper()
    keeper.health.answered(_try(10))
    for _ in range(5):
        keeper.health.failed(_try(10, TWO), errors.ServerError("x"))
    await keeper.write()
    await sync_to_async(_age)()
    keeper.health.answered(_try(10))
    await keeper.write()

    said = await sync_to_async(tasks.prune_health)()

    assert "2 spans" in str(said)
    assert await OfferSpan.objects.acount() == 1
    # It was never over, so it is news still.
    assert len(await sync_to_async(health_queries.incidents)()) == 1


def _age() -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "UPDATE router_offerspan SET starts_at = starts_at - interval '31 days'"
        )
