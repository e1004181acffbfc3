"""The stamp of a transaction: always there, always right, never longer."""

from collections.abc import Callable
from uuid import UUID

import psycopg
import pytest
from django.db import (
    DatabaseError,
    NotSupportedError,
    ProgrammingError,
    connection,
    transaction,
)

from apps.accounts.models import APIKey, Organization
from apps.tenancy.scope import scope
from tests.factories import make_key

pytestmark = pytest.mark.django_db(transaction=True)
type Stamp = Callable[[], UUID | None]


def test_a_lone_statement_is_stamped_and_leaves_nothing_behind(
    acme: Organization, stamp: Stamp
) -> None:
    with scope(acme.id):
        assert stamp() == acme.id
        assert _status() == "IDLE"

    assert stamp() is None


def test_the_stamp_never_outlives_its_transaction(acme: Organization) -> None:
    with scope(acme.id):
        APIKey.objects.count()

    # Straight to the server: no code of ours stands between.
    raw = connection.connection
    row = psycopg.Cursor(raw).execute("SELECT current_setting('app.org_id', true)")
    assert row.fetchone() in {("",), (None,)}


def test_a_transaction_is_stamped_once(
    acme: Organization, stamp: Stamp, statements: list[str]
) -> None:
    with scope(acme.id), transaction.atomic():
        assert stamp() == stamp() == acme.id

    assert len([s for s in statements if "set_config" in s]) == 1


def test_a_scope_opened_within_a_transaction_is_stamped(
    acme: Organization, globex: Organization, stamp: Stamp
) -> None:
    with transaction.atomic():
        assert stamp() is None
        with scope(acme.id):
            assert stamp() == acme.id
        assert stamp() is None
        with scope(globex.id):
            assert stamp() == globex.id


def test_a_stamp_made_within_a_savepoint_is_made_again_after_its_rollback(
    acme: Organization, stamp: Stamp
) -> None:
    with transaction.atomic():
        stamp()
        outer = transaction.savepoint_create()
        with scope(acme.id):
            stamp()
            transaction.savepoint_rollback(outer)
            assert stamp() == acme.id


def test_a_rollback_brings_no_stamp_back(acme: Organization, stamp: Stamp) -> None:
    with transaction.atomic():
        with scope(acme.id):
            stamp()
            inner = transaction.savepoint_create()
        assert stamp() is None
        transaction.savepoint_rollback(inner)
        assert stamp() is None


def test_an_error_within_a_transaction_is_survived_by_its_savepoint(
    acme: Organization, stamp: Stamp
) -> None:
    with scope(acme.id), transaction.atomic():
        with pytest.raises(ProgrammingError), transaction.atomic():
            _run("SELECT nonsense")
        assert stamp() == acme.id


def test_a_failed_transaction_refuses_statements_until_it_is_rolled_back(
    acme: Organization, stamp: Stamp
) -> None:
    with scope(acme.id):
        connection.set_autocommit(False)
        with pytest.raises(ProgrammingError):
            _run("SELECT nonsense")
        with pytest.raises(DatabaseError, match="transaction is aborted"):
            _run("SELECT 1")
        connection.rollback()
        assert stamp() == acme.id
        connection.rollback()
        connection.set_autocommit(True)


def test_a_lone_statement_that_fails_leaves_no_transaction_open(
    acme: Organization, stamp: Stamp
) -> None:
    with scope(acme.id):
        with pytest.raises(ProgrammingError):
            _run("SELECT nonsense")
        assert _status() == "IDLE"
        assert stamp() == acme.id


def test_many_rows_are_written_under_one_stamp(acme: Organization) -> None:
    make_key(acme, name="one")
    with scope(acme.id), connection.cursor() as cursor:
        names = [("two",), ("three",)]
        cursor.executemany("UPDATE accounts_apikey SET name = %s", names)
        assert APIKey.objects.get().name == "three"


def test_a_copy_reads_the_rows_in_scope(
    acme: Organization, globex: Organization
) -> None:
    make_key(acme, name="ours")
    make_key(globex, name="theirs")
    with scope(acme.id), connection.cursor() as cursor:
        with cursor.copy("COPY accounts_apikey (name) TO STDOUT") as copy:
            assert bytes(b"".join(copy)) == b"ours\n"
        assert _status() == "IDLE"


def test_a_streamed_result_is_refused(acme: Organization) -> None:
    with (
        scope(acme.id),
        connection.cursor() as cursor,
        pytest.raises(NotSupportedError),
    ):
        cursor.stream("SELECT 1")


def test_an_iterator_reads_the_rows_in_scope(acme: Organization) -> None:
    make_key(acme, name="ours")
    with scope(acme.id):
        assert [key.name for key in APIKey.objects.iterator()] == ["ours"]

    with connection.chunked_cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def test_a_new_connection_starts_unstamped(acme: Organization, stamp: Stamp) -> None:
    with scope(acme.id):
        assert stamp() == acme.id
        connection.close()
        assert stamp() == acme.id
    connection.close()

    assert stamp() is None


def _run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def _status() -> str:
    status: int = connection.connection.pgconn.transaction_status
    return psycopg.pq.TransactionStatus(status).name


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement psycopg sends, ours included."""
    sent: list[str] = []
    convert = psycopg.ClientCursor._execute_gen

    def noted(
        self: psycopg.ClientCursor, query: object, *args: object, **kw: object
    ) -> object:
        sent.append(str(query))
        return convert(self, query, *args, **kw)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(psycopg.ClientCursor, "_execute_gen", noted)
    return sent
