"""The test database: made by its owner, used through the login of the web process."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Never

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
    _unpark()
    others: list[Any] = [
        connections[alias] for alias in connections if alias != "default"
    ]
    for other in others:
        other.ensure_connection = _refuse
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]  # allows durable inside
    block.__enter__()
    try:
        yield
    finally:
        transaction.set_rollback(True)
        block.__exit__(None, None, None)
        for other in others:
            del other.ensure_connection
        _park()


def _refuse() -> Never:
    raise AssertionError("Another login sees nothing of `db`: use `transactional_db`.")


@contextmanager
def emptied() -> Iterator[None]:
    """Real commits through every login; all rows are removed in the end."""
    _unpark()
    try:
        yield
    finally:
        _close_unfit()
        _in_async_thread(_close_unfit)
        _empty_tables()
        _park()


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


def close_all() -> None:
    """Close this thread's connections and those of the thread of async tests."""
    _unpark()
    connections.close_all()
    _in_async_thread(connections.close_all)


def _unpark() -> None:
    """Give both threads the connections that the last test left behind.

    They are kept because a new connection costs a process of Postgres, which has to
    learn the whole schema first, and most tests have no more to do than that. Between
    tests they are out of Django's sight, so that what needs no database finds none.
    """
    _take_back()
    _in_async_thread(_take_back)


def _park() -> None:
    """Put away, in both threads, what the next test can use, and close the rest."""
    _put_away()
    _in_async_thread(_put_away)


def _put_away() -> None:
    _close_unfit()
    for connection in connections.all(initialized_only=True):
        if connection.connection is not None:
            _parked[threading.get_ident(), connection.alias] = connection.connection
            connection.connection = None


def _close_unfit() -> None:
    """Close what holds locks that somebody would wait for, or is of no use."""
    for connection in connections.all(initialized_only=True):
        raw = connection.connection
        is_idle = raw and raw.info.transaction_status == TransactionStatus.IDLE
        if raw is not None and not is_idle:
            connection.close()


def _take_back() -> None:
    for connection in connections.all(initialized_only=True):
        raw = _parked.pop((threading.get_ident(), connection.alias), None)
        if raw is not None:
            connection.connection = raw


_parked: Final[dict[tuple[int, str], Any]] = {}


def _in_async_thread(task: Callable[[], None]) -> None:
    executor: Any = SyncToAsync.single_thread_executor
    executor.submit(task).result()
