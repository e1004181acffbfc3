"""Partitions are made in time, once, and are reached through their parents alone."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import psycopg
import pytest
from django.db import connections

from apps.kit.clock import utc_now
from apps.router.rollups import make_partitions
from apps.tenancy.dsn import dsn_of
from tests.router.ledger.rows import select

pytestmark = pytest.mark.django_db(transaction=True)

LEDGER = ("router_routed_request", "router_attempt", "router_routing_decision")
PARTITIONS = """
    SELECT child.relname, child.relrowsecurity, child.relforcerowsecurity,
           coalesce(child.relacl::text, '')
    FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
    WHERE inhparent::regclass::text = %s
"""


def make(month: date, months: int, *, alias: str = "jobs") -> int:
    with psycopg.connect(dsn_of(alias), autocommit=True) as connection:
        row = connection.execute(
            "SELECT make_ledger_partitions(%s, %s)", [month, months]
        ).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("table", LEDGER)
def test_three_months_ahead_are_ready(table: str) -> None:
    names = {row[0] for row in select(PARTITIONS, table)}
    month = utc_now().date().replace(day=1)

    for _ in range(4):
        assert f"{table}_{month:%Y_%m}" in names
        month = (month + timedelta(days=32)).replace(day=1)


@pytest.mark.parametrize("table", LEDGER)
def test_a_partition_is_closed_to_every_login(table: str) -> None:
    make(date(2031, 5, 17), 1)

    for name, has_security, is_forced, grants in select(PARTITIONS, table):
        assert (has_security, is_forced) == (True, True), name
        for alias in ("default", "jobs", "ledger"):
            assert connections[alias].settings_dict["USER"] not in grants, name


def test_partitions_are_made_once() -> None:
    assert make(date(2032, 1, 31), 2) == 6
    assert make(date(2032, 1, 1), 2) == 0
    assert make_partitions() == 0


def test_many_at_once_make_each_partition_once() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: make(date(2033, 1, 1), 3), range(8)))

    assert sum(made) == 9


def test_the_web_login_makes_none() -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        make(date(2034, 1, 1), 1, alias="default")


def test_nobody_makes_more_than_three_years() -> None:
    with pytest.raises(psycopg.errors.RaiseException):
        make(date(2034, 1, 1), 37)
