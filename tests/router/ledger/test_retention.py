"""Months that are older than the installation keeps them go, and stay gone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connections

from apps.accounts.models import Organization
from apps.jobs.lock import Held, hold
from apps.kit.clock import utc_now
from apps.router import retention, rollups
from apps.router.models import RoutedRequest, UsageHour
from apps.tenancy.scope import scope
from config.env import Env, EnvError
from tests.factories import make_org, make_routed_request

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def held(transactional_db: None) -> Any:
    with hold("test.retention", trigger="manual") as one:
        yield one


@pytest.fixture
def acme(transactional_db: None) -> Organization:
    return make_org("Acme")


def _partitions() -> set[str]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = 'router_routed_request'::regclass"
        )
        return {name for (name,) in cursor.fetchall()}


def _ago(days: int) -> datetime:
    """The middle of a month that is as many days ago."""
    then = utc_now() - timedelta(days=days)
    return datetime(then.year, then.month, 15, 12, 30, tzinfo=UTC)


def _row(org: Organization, moment: datetime) -> RoutedRequest:
    """A row with the mark that the shipper commits with it."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT make_ledger_partitions(%s, 1)", [moment.date()])
        cursor.execute(
            "INSERT INTO router_usage_dirty (org_id, starts_at)"
            " VALUES (%s, date_trunc('hour', %s::timestamptz))",
            [org.id, moment],
        )
    return make_routed_request(org, created_at=moment)


def _name(moment: datetime) -> str:
    return f"router_routed_request_{moment:%Y_%m}"


def test_everything_is_kept_unless_set(acme: Organization, held: Held) -> None:
    old = _ago(400)
    _row(acme, old)

    assert retention.drop_old_months(held) == "everything is kept"
    assert _name(old) in _partitions()


def test_old_months_are_dropped_whole(
    acme: Organization, held: Held, settings: Any
) -> None:
    settings.LEDGER_RETENTION_DAYS = 90
    old, young = _ago(200), utc_now() - timedelta(days=80)
    _row(acme, old)
    _row(acme, young)
    retention.drop_old_months(held)

    assert _name(old) not in _partitions()
    assert {_name(young), _name(utc_now())} <= _partitions()
    with scope(acme.id):
        assert RoutedRequest.objects.filter(org_id=acme.id).count() == 1


def test_a_late_row_of_a_dropped_month_changes_no_sum_and_goes_the_next_night(
    acme: Organization, held: Held, settings: Any
) -> None:
    settings.LEDGER_RETENTION_DAYS = 90
    old = _ago(200)
    for _ in range(3):
        _row(acme, old)
    rollups.roll_up()
    retention.drop_old_months(held)
    _row(acme, old)
    assert _name(old) in _partitions()

    assert rollups.roll_up() == 1

    with scope(acme.id):
        assert [hour.requests for hour in UsageHour.objects.all()] == [3]
    retention.drop_old_months(held)
    assert _name(old) not in _partitions()


def test_the_last_month_is_never_dropped(transactional_db: None) -> None:
    with (
        connections["jobs"].cursor() as cursor,
        pytest.raises(DatabaseError, match="never dropped"),
    ):
        cursor.execute("SELECT drop_ledger_partitions(current_date)")


def test_what_is_kept_is_a_number_of_days() -> None:
    with pytest.raises(EnvError, match="LEDGER_RETENTION_DAYS"):
        Env({"LEDGER_RETENTION_DAYS": "a month"}).integer("LEDGER_RETENTION_DAYS", 0)
