"""Roll-ups are the ledger's sums, also while rows keep arriving."""

import asyncio
import random
import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connections

from apps.accounts.models import Organization
from apps.kit.ids import uuid7
from apps.router import rollups
from apps.router.rows import RequestRow
from apps.router.tasks import make_partitions, roll_up
from tests.factories import make_org
from tests.router.ledger.rows import make_row, select, ship_rows

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOURS = "SELECT org_id, requests, cost_usd FROM router_usagehour ORDER BY starts_at"
DAYS = "SELECT org_id, requests, cost_usd FROM router_usageday ORDER BY day"


def ship(*rows: RequestRow) -> None:
    asyncio.run(ship_rows(rows))


@pytest.fixture
def org(transactional_db: None) -> Organization:
    return make_org("Acme")


def test_an_hour_and_its_day_are_summed(org: Organization) -> None:
    ship(
        make_row(org.id, NOON, cost_nano=1),
        make_row(org.id, NOON + timedelta(minutes=59), cost_nano=2),
        make_row(org.id, NOON + timedelta(minutes=60), cost_nano=4),
    )

    assert rollups.roll_up() == 2

    assert [(row[1], int(row[2] * 10**9)) for row in select(HOURS)] == [(2, 3), (1, 4)]
    assert [(row[1], int(row[2] * 10**9)) for row in select(DAYS)] == [(3, 7)]
    assert select("SELECT count(*) FROM router_usage_dirty") == [(0,)]


def test_late_rows_are_summed_with_the_early_ones(org: Organization) -> None:
    ship(make_row(org.id, NOON))
    rollups.roll_up()
    ship(make_row(org.id, NOON), make_row(org.id, NOON - timedelta(hours=3)))

    rollups.roll_up()

    assert [row[1] for row in select(HOURS)] == [1, 2]
    assert [row[1] for row in select(DAYS)] == [3]


def test_unknown_and_negative_money_keep_their_meaning(org: Organization) -> None:
    ship(
        make_row(org.id, NOON, cost_nano=None, baseline_nano=9),
        make_row(org.id, NOON, cost_nano=5, baseline_nano=None),
        make_row(org.id, NOON, cost_nano=7, baseline_nano=4),
        make_row(org.id, NOON, status="failed", cost_nano=0, baseline_nano=0),
        make_row(org.id, NOON, status="cancelled", cost_nano=0, baseline_nano=0),
    )

    rollups.roll_up()

    [found] = select(
        "SELECT requests, failed, unpriced, (cost_usd * 1e9)::int,"
        " (baseline_usd * 1e9)::int, (savings_usd * 1e9)::int FROM router_usageday"
    )
    assert found == (5, 1, 1, 12, 4, -3)


def test_a_pass_is_bounded_and_the_task_does_them_all(org: Organization) -> None:
    ship(*(make_row(org.id, NOON - timedelta(hours=n)) for n in range(7)))

    assert rollups.roll_up(hours_a_pass=3) == 7
    assert len(select(HOURS)) == 7


def test_an_organization_that_is_gone_holds_up_nobody(org: Organization) -> None:
    ship(make_row(uuid7(), NOON), make_row(org.id, NOON))

    roll_up.apply()

    assert [row[0] for row in select(HOURS)] == [org.id]


def test_only_one_works_at_a_time(org: Organization) -> None:
    ship(make_row(org.id, NOON))
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext('router.roll_up'))")

        assert rollups.roll_up() == 0

        cursor.execute("SELECT pg_advisory_unlock_all()")
    assert rollups.roll_up() == 1


def test_the_partitions_task_runs_without_an_organization(org: Organization) -> None:
    assert make_partitions.apply().get() == "0 partitions"


def test_roll_ups_among_shippers_end_at_the_ledgers_sums(
    transactional_db: None,
) -> None:
    orgs = [make_org(name).id for name in ("Acme", "Globex", "Initech")]
    shippers = [
        threading.Thread(target=ship_many, args=(orgs, seed)) for seed in range(4)
    ]
    is_over = threading.Event()
    workers = [threading.Thread(target=keep_rolling, args=(is_over,)) for _ in range(2)]
    for thread in [*shippers, *workers]:
        thread.start()
    for thread in shippers:
        thread.join()
    is_over.set()
    for thread in workers:
        thread.join()

    rollups.roll_up()

    assert rolled_up("router_usagehour", "starts_at") == in_ledger("hour")
    assert rolled_up("router_usageday", "day") == in_ledger("day")
    counts = select("SELECT sum(requests) FROM router_usageday")
    assert counts == [(4 * 40 * 25,)]


def ship_many(orgs: list[UUID], seed: int) -> None:
    chance = random.Random(seed)

    def row() -> RequestRow:
        at = NOON - timedelta(minutes=chance.randrange(6000))
        model = chance.choice(["a", "b"])
        return make_row(
            chance.choice(orgs), at, model=model, cost_nano=chance.randrange(10**9)
        )

    async def work() -> None:
        for _ in range(40):
            await ship_rows([row() for _ in range(25)])

    asyncio.run(work())


def keep_rolling(is_over: threading.Event) -> None:
    while not is_over.is_set():
        rollups.roll_up(hours_a_pass=20)
    connections.close_all()


def in_ledger(span: str) -> list[tuple[object, ...]]:
    return select(
        f"SELECT org_id, date_trunc('{span}', created_at) AS span, model, count(*),"
        " sum(cost_usd), sum(baseline_usd - cost_usd), sum(latency_ms)"
        " FROM router_routed_request GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )


def rolled_up(table: str, span: str) -> list[tuple[object, ...]]:
    return select(
        f"SELECT org_id, {span}::timestamptz, model, requests,"
        f" cost_usd, savings_usd, latency_ms_total FROM {table} ORDER BY 1, 2, 3"
    )
