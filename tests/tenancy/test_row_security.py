"""The second wall: what the database itself refuses the web login."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from apps.accounts.models import APIKey, Membership, Organization, User
from apps.kit.ids import uuid7
from apps.tenancy.models import TenantManager, TenantQuerySet
from apps.tenancy.scope import ScopeError, scope
from tests.factories import make_key

pytestmark = pytest.mark.django_db
type SQL = Callable[..., list[Any]]


@pytest.fixture
def ours(acme: Organization) -> APIKey:
    return make_key(acme, name="ours")[0]


@pytest.fixture
def theirs(globex: Organization) -> APIKey:
    return make_key(globex, name="theirs")[0]


@pytest.fixture(autouse=True)
def _both(ours: APIKey, theirs: APIKey) -> None:
    """Every test starts with a key of each organization."""


@pytest.fixture
def sql() -> SQL:
    def run(query: str, *params: Any) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(query, params)
            return list(cursor.fetchall()) if cursor.description else []

    return run


@pytest.fixture
def unfiltered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The manager forgets its filter: row security stands alone."""

    def every_row(self: TenantManager[Any]) -> TenantQuerySet[Any]:
        return TenantQuerySet(self.model, using=self._db)

    monkeypatch.setattr(TenantManager, "get_queryset", every_row)


def test_without_a_scope_the_manager_refuses() -> None:
    with pytest.raises(ScopeError):
        APIKey.objects.count()


def test_without_a_scope_nothing_is_there(sql: SQL) -> None:
    assert sql("SELECT * FROM accounts_apikey") == []
    assert sql("SELECT * FROM accounts_organization") == []
    assert sql("UPDATE accounts_apikey SET name = 'x' RETURNING id") == []
    assert sql("DELETE FROM accounts_membership RETURNING id") == []


def test_without_a_scope_nothing_is_written(sql: SQL) -> None:
    with pytest.raises(DatabaseError, match="row-level security"):
        sql("INSERT INTO accounts_organization VALUES (%s, 'x', now())", uuid7())


def test_the_orm_sees_its_own_rows_only(acme: Organization, unfiltered: None) -> None:
    with scope(acme.id):
        assert [key.name for key in APIKey.objects.all()] == ["ours"]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT name FROM accounts_apikey WHERE name = 'theirs' OR true",
        "SELECT name FROM accounts_apikey UNION SELECT name FROM accounts_apikey",
        "SELECT name FROM (SELECT * FROM accounts_apikey) AS k",
        "WITH k AS (SELECT * FROM accounts_apikey) SELECT name FROM k",
        "SELECT k.name FROM accounts_organization o, accounts_apikey k",
    ],
)
def test_injected_sql_sees_its_own_rows_only(
    acme: Organization, sql: SQL, query: str
) -> None:
    with scope(acme.id):
        assert sql(query) == [("ours",)]


def test_a_foreign_primary_key_is_not_there(
    acme: Organization, theirs: APIKey, unfiltered: None
) -> None:
    with scope(acme.id):
        assert not APIKey.objects.filter(pk=theirs.pk).exists()
        assert APIKey.objects.filter(pk=theirs.pk).update(name="x") == 0
        assert APIKey.objects.filter(pk=theirs.pk).delete()[0] == 0


def test_a_row_is_not_inserted_into_another_organization(
    acme: Organization, globex: Organization, vic: User
) -> None:
    row = Membership(org=globex, user=vic, role="owner")
    with scope(acme.id), pytest.raises(DatabaseError, match="row-level security"):
        row.save()


def test_a_row_is_not_moved_into_another_organization(
    acme: Organization, globex: Organization
) -> None:
    with scope(acme.id), pytest.raises(DatabaseError, match="row-level security"):
        APIKey.objects.update(org=globex)


def test_one_foreign_row_fails_the_whole_batch(
    acme: Organization, globex: Organization, ours: APIKey, vic: User, gil: User
) -> None:
    rows = [
        Membership(user=gil, role="viewer"),
        Membership(org=globex, user=vic, role="owner"),
    ]
    with scope(acme.id):
        before = Membership.objects.count()
        with (
            pytest.raises(DatabaseError, match="row-level security"),
            transaction.atomic(),
        ):
            Membership.objects.bulk_create(rows)
        assert Membership.objects.count() == before


def test_bulk_create_fills_the_organization(acme: Organization, gil: User) -> None:
    with scope(acme.id):
        (row,) = Membership.objects.bulk_create([Membership(user=gil, role="viewer")])

    assert row.org_id == acme.id


def test_an_upsert_on_a_foreign_id_is_refused(
    acme: Organization, globex: Organization, sql: SQL
) -> None:
    upsert = (
        "INSERT INTO accounts_organization VALUES (%s, 'ours now', now())"
        " ON CONFLICT (id) DO UPDATE SET name = excluded.name"
    )
    with scope(acme.id), pytest.raises(DatabaseError, match="row-level security"):
        sql(upsert, globex.id)


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE accounts_apikey DISABLE ROW LEVEL SECURITY",
        "DROP POLICY tenant ON accounts_apikey",
        "CREATE POLICY mine ON accounts_apikey USING (true)",
        "SET ROLE modeloptix_owner",
        "SET SESSION AUTHORIZATION modeloptix_owner",
        "TRUNCATE accounts_apikey",
        "COPY accounts_apikey FROM '/dev/null'",
        "CREATE TABLE copy AS SELECT * FROM accounts_apikey",
        "CREATE VIEW all_keys AS SELECT * FROM accounts_apikey",
        "ALTER ROLE CURRENT_USER BYPASSRLS",
        "ALTER FUNCTION resolve_key(bytea) RENAME TO mine",
    ],
)
def test_the_web_login_cannot_lift_the_wall(
    acme: Organization, sql: SQL, statement: str
) -> None:
    with scope(acme.id), pytest.raises(DatabaseError):
        sql(statement)


def test_switching_row_security_off_is_an_error_and_no_leak(
    acme: Organization, sql: SQL
) -> None:
    with scope(acme.id):
        sql("SET LOCAL row_security = off")
        with pytest.raises(DatabaseError, match="row-level security"):
            sql("SELECT * FROM accounts_apikey")


def test_a_duplicate_in_another_organization_is_no_conflict(
    acme: Organization, globex: Organization, gil: User
) -> None:
    with scope(acme.id):
        Membership.objects.create(user=gil, role="viewer")
        with pytest.raises(IntegrityError):
            Membership.objects.create(user=gil, role="viewer")
