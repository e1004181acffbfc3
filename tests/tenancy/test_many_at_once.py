"""Many organizations at the same time, over every way to the database: no row of
another one is ever seen, and none is missing.
"""

import asyncio
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import connections, transaction

from apps.accounts.models import APIKey, Organization
from apps.tenancy.scope import scope

THREADS = 16
READS = 60


def test_threads_see_their_own_rows_only(way: str, orgs: list[Organization]) -> None:
    with ThreadPoolExecutor(THREADS) as threads:
        runs = [threads.submit(_read_at_random, orgs, seed) for seed in range(THREADS)]
        wrong = sum(run.result() for run in runs)

    assert wrong == 0


def _read_at_random(orgs: list[Organization], seed: int) -> int:
    dice, wrong = random.Random(seed), 0
    try:
        for _ in range(READS):
            org = dice.choice(orgs)
            read = dice.choice([_alone, _in_a_transaction, _raw, _after_a_savepoint])
            with scope(org.id):
                wrong += read() != [str(org.id)]
            wrong += _raw() != []
    finally:
        connections.close_all()
    return wrong


def _alone() -> list[str]:
    return [key.name for key in APIKey.objects.all()]


def _raw() -> list[str]:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT name FROM accounts_apikey")
        return [name for (name,) in cursor.fetchall()]


def _in_a_transaction() -> list[str]:
    with transaction.atomic():
        assert _alone() == _raw()
        return _alone()


def _after_a_savepoint() -> list[str]:
    with transaction.atomic():
        inner = transaction.savepoint_create()
        _raw()
        transaction.savepoint_rollback(inner)
        return _raw()


async def test_asynchronous_reads_see_their_own_rows_only(
    way: str, orgs: list[Organization]
) -> None:
    async def read(org_id: UUID) -> bool:
        with scope(org_id):
            names = [key.name async for key in APIKey.objects.all()]
            await asyncio.sleep(0)
            return names == [str((await APIKey.objects.aget()).org_id)]

    wanted = [orgs[number % len(orgs)].id for number in range(200)]
    right = await asyncio.gather(*(read(org_id) for org_id in wanted))

    assert all(right)


def test_a_restarted_server_is_noticed_by_no_one(
    way: str, orgs: list[Organization]
) -> None:
    with scope(orgs[0].id):
        assert len(_raw()) == 1
    connections["default"].close()
    _end_every_session()

    with scope(orgs[1].id):
        assert _raw() == [str(orgs[1].id)]


def _end_every_session() -> None:
    # The owner's settings still lead straight to the server.
    straight, login = settings.DATABASES["owner"], settings.DATABASES["default"]
    with psycopg.connect(
        dbname=straight["NAME"],
        user=login["USER"],
        password=login["PASSWORD"] or None,
        host=straight["HOST"],
        port=straight["PORT"] or None,
    ) as session:
        session.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = current_user AND datname = current_database()"
            " AND pid <> pg_backend_pid()"
        )


def test_a_way_is_really_taken(way: str, stamp: Callable[[], UUID | None]) -> None:
    assert stamp() is None
    connection: Any = connections["default"]
    host = connection.connection.info.host

    assert (way == "pgbouncer") == (connection.settings_dict["PORT"] == "6543")
    assert (way == "pool") == (connection.pool is not None)
    assert host == connection.settings_dict["HOST"]
