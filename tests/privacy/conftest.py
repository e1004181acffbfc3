"""An organization with something in every place, and a job to hold."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import redis
from django.conf import settings as django_settings
from django.db import connections

from apps.accounts.models import Membership, Organization, User
from apps.jobs.lock import Held, hold
from apps.kit.clock import utc_now
from apps.privacy.models import PrivacySettings
from apps.tenancy.scope import scope
from tests.factories import make_key, make_member, make_org, make_routed_request


@pytest.fixture(autouse=True)
def _quiet(settings: Any, tmp_path: Path) -> None:
    """Long leases, because the machine may be busy, and files of this test's own."""
    settings.JOB_HEARTBEAT_S = 5.0
    settings.JOB_LEASE_S = 120.0
    settings.DATA_DIR = tmp_path
    settings.JOURNAL_DIR = tmp_path / "journal"


@pytest.fixture
def held(transactional_db: None) -> Iterator[Held]:
    with hold("test.privacy", trigger="manual") as one:
        yield one


@pytest.fixture
def full_org(transactional_db: None) -> Organization:
    """Acme with members, keys, requests and kept prompts."""
    org = make_org("Acme")
    olga = make_member(org, "olga", role="owner")
    make_member(org, "mia")
    make_key(org, by=olga)
    for _ in range(3):
        make_routed_request(org)
    keep(org, "a kept prompt")
    return org


def keep(
    org: Organization, prompt: str, *, request_id: UUID | None = None, **changes: Any
) -> int:
    """Store an exchange as the keeper's login does; 1 when it was kept."""
    with scope(org.id):
        row = PrivacySettings.objects.first() or PrivacySettings(stores_prompts=True)
        for name, value in changes.pop("settings", {}).items():
            setattr(row, name, value)
        row.save()
    moment = changes.get("created_at", utc_now())
    values = [
        [org.id],
        [request_id or row.id],
        [moment],
        ['[{"role": "user", "text": "%s"}]' % prompt],  # noqa: UP031  # JSON has braces
        ["an answer"],
        [0],
        [False],
    ]
    with connections["ledger"].cursor() as cursor:
        cursor.execute("SELECT keep_exchanges(%s, %s, %s, %s, %s, %s, %s)", values)
        return int(cursor.fetchone()[0])


@pytest.fixture
def rows_of(transactional_db: None) -> Callable[[UUID], dict[str, int]]:
    """What every table of the database holds of an organization, asked the long way."""

    def count(org_id: UUID) -> dict[str, int]:
        found = {}
        with connections["owner"].cursor() as cursor:
            cursor.execute(
                "SELECT c.oid::regclass::text FROM pg_class c"
                " WHERE c.relnamespace = 'public'::regnamespace"
                " AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
            )
            for (table,) in cursor.fetchall():
                cursor.execute(
                    f"SELECT count(*) FROM {table} t WHERE t::text LIKE %s",
                    [f"%{org_id}%"],
                )
                if rows := cursor.fetchone()[0]:
                    found[table] = rows
        return found

    return count


@pytest.fixture
def valkey() -> Iterator[Any]:
    client = redis.Redis.from_url(django_settings.REDIS_URL)
    yield client
    client.close()


def owner_of(org: Organization) -> User:
    with scope(org.id):
        return Membership.objects.select_related("user").get(role="owner").user
