"""Entries can be added and read, and nothing else: by grants, and by a trigger."""

from collections.abc import Iterator
from typing import Final

import pytest
from django.db import ProgrammingError, connections
from django.db.utils import InternalError

from apps.accounts.models import Organization
from apps.audit.models import AuditEntry
from apps.audit.services import record
from apps.tenancy.rls import login
from apps.tenancy.scope import scope

pytestmark = pytest.mark.django_db(transaction=True)
TABLES: Final = ("audit_auditentry", "audit_operatorentry")
CHANGES: Final = (
    "UPDATE {table} SET action = 'x'",
    "DELETE FROM {table}",
    "TRUNCATE {table}",
)


@pytest.fixture(autouse=True)
def entries(acme: Organization) -> None:
    with scope(acme.id):
        record("thing.made", subject="thing", subject_id=1)
    record("model.made", subject="model", subject_id=1)


@pytest.fixture
def generous_grants() -> Iterator[None]:
    """As if somebody had granted more, one day."""
    tables, who = ", ".join(TABLES), login("default")
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"GRANT UPDATE, DELETE ON {tables} TO {who}")
    yield
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"REVOKE UPDATE, DELETE ON {tables} FROM {who}")


@pytest.mark.parametrize("alias", ["default", "jobs", "ledger"])
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", CHANGES)
def test_no_serving_login_may_change_an_entry(
    acme: Organization, alias: str, table: str, change: str
) -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        scope(acme.id),
        connections[alias].cursor() as cursor,
    ):
        cursor.execute(change.format(table=table))


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", CHANGES[:2])
def test_the_trigger_holds_without_the_grants(
    acme: Organization, generous_grants: None, table: str, change: str
) -> None:
    with (
        pytest.raises((ProgrammingError, InternalError), match="append-only"),
        scope(acme.id),
        connections["default"].cursor() as cursor,
    ):
        cursor.execute(change.format(table=table))


def test_the_owner_may_so_that_an_organization_can_be_erased(
    acme: Organization, globex: Organization
) -> None:
    with scope(globex.id):
        record("thing.made", subject="thing", subject_id=1)

    with connections["owner"].cursor() as cursor:
        cursor.execute("DELETE FROM audit_auditentry WHERE org_id = %s", [acme.id])
    left = AuditEntry._base_manager.using("owner").values_list("org_id", flat=True)
    assert list(left) == [globex.id]
