"""The test database: made by its owner, used through the login of the web process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Never

from asgiref.sync import SyncToAsync
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connections, transaction
from psycopg.errors import DeadlockDetected
from psycopg.pq import TransactionStatus

from apps.tenancy.provision import LOGINS, drop_database, provision

# A server of the tests reads for some milliseconds after each change.
EMPTY_TRIES = 20
# Rows that migrations make.
KEPT = (
    "accounts_plan",
    "auth_permission",
    "django_content_type",
    "django_migrations",
)

# Tables whose rows can never be deleted one by one.
APPEND_ONLY = ("audit_auditentry", "audit_operatorentry")

# Deleting a test's few rows takes a tenth of the time of TRUNCATE, which makes new
# files for every table that refers to one of them. The lock lets readers go on, and
# waits for whoever is still writing, so that nothing is left to the next test.
EMPTY_TABLES = f"""
DO $$
DECLARE
    names text[] := ARRAY(
        SELECT c.oid::regclass::text FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
          AND NOT c.relispartition AND c.relname NOT IN {KEPT!r}
        ORDER BY c.oid
    );
    name text;
    has_rows boolean;
BEGIN
    SET CONSTRAINTS ALL DEFERRED;
    EXECUTE 'LOCK TABLE ' || array_to_string(names, ', ')
        || ' IN SHARE ROW EXCLUSIVE MODE';
    FOREACH name IN ARRAY names LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', name) INTO has_rows;
        CONTINUE WHEN NOT has_rows;
        IF name IN {APPEND_ONLY!r} THEN
            EXECUTE 'TRUNCATE ' || name;
        ELSE
            EXECUTE 'DELETE FROM ' || name;
        END IF;
    END LOOP;
END $$
"""  # the names are our own constants


END_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user
  AND pid <> pg_backend_pid()
"""


def create(worker: str) -> None:
    """Make an empty database beside the configured one and point every login at it."""
    name = "_".join(filter(None, ["test", settings.DATABASES["owner"]["NAME"], worker]))
    for alias in connections:
        connections[alias].settings_dict["NAME"] = name
        settings.DATABASES[alias]["NAME"] = name
    drop_database(settings.DATABASES)
    provision(settings.DATABASES)
    call_command("migrate", verbosity=0)


def destroy() -> None:
    close_all()
    # Threads of tests may have left some, which only their own login can end.
    for alias in LOGINS:
        with connections[alias].cursor() as cursor:
            cursor.execute(END_OTHERS)
        connections[alias].close()
    drop_database(settings.DATABASES)


@contextmanager
def rolled_back() -> Iterator[None]:
    """One transaction of the default login, undone in the end; no other login."""
    others: list[Any] = [
        connections[alias] for alias in connections if alias != "default"
    ]
    parked = [_park(other) for other in others]
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]  # allows durable inside
    block.__enter__()
    try:
        yield
    finally:
        transaction.set_rollback(True)
        block.__exit__(None, None, None)
        _close_unless_clean(connections["default"])
        for other, connection in zip(others, parked, strict=True):
            other.close()
            del other.connect
            other.connection = connection


def _park(other: Any) -> Any:
    """Take its connection from a login that is not to be used; gives what was open."""
    _close_unless_clean(other)
    connection, other.connection = other.connection, None
    other.connect = _refuse
    return connection


def _close_unless_clean(wrapper: Any) -> None:
    """Leave a connection open for the next test, if nothing of this one is in it.

    A new one costs its server process tens of milliseconds, most of which it spends
    on learning what tables there are.
    """
    is_open = wrapper.connection is not None and not wrapper.connection.closed
    is_clean = (
        is_open
        and wrapper.connection.info.transaction_status == TransactionStatus.IDLE
        and wrapper.autocommit
        and not wrapper.in_atomic_block
        and not wrapper.needs_rollback
        and not wrapper.savepoint_ids
        and not wrapper.atomic_blocks
        and not wrapper.run_on_commit
        and not wrapper.closed_in_transaction
        and not wrapper.errors_occurred
    )
    if not is_clean:
        wrapper.close()


def _refuse() -> Never:
    raise AssertionError("Another login sees nothing of `db`: use `transactional_db`.")


@contextmanager
def emptied() -> Iterator[None]:
    """Real commits through every login; all rows are removed in the end."""
    try:
        yield
    finally:
        close_unclean()
        _empty_tables()


def _empty_tables() -> None:
    """Remove every row; a server of the tests may be reading at this very moment.

    It and we can each hold what the other waits for. Postgres then refuses one of the
    two, and when that is us, nothing is emptied yet and we ask again.
    """
    for attempt in range(EMPTY_TRIES):
        try:
            with connections["owner"].cursor() as cursor:
                cursor.execute(EMPTY_TABLES)
        except OperationalError as problem:
            is_last = attempt == EMPTY_TRIES - 1
            if is_last or not isinstance(problem.__cause__, DeadlockDetected):
                raise
        else:
            return


def close_unclean() -> None:
    """End this thread's connections that a test left something in, and all those of
    the thread of async tests."""
    for alias in connections:
        _close_unless_clean(connections[alias])
    executor: Any = SyncToAsync.single_thread_executor
    executor.submit(connections.close_all).result()


def close_all() -> None:
    """Close this thread's connections and those of the thread of async tests."""
    connections.close_all()
    executor: Any = SyncToAsync.single_thread_executor
    executor.submit(connections.close_all).result()
