"""The test database: made by its owner, used through the login of the web process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Never

from asgiref.sync import SyncToAsync
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connections, transaction
from psycopg.errors import DeadlockDetected

from apps.tenancy.provision import drop_database, provision

# A server of the tests reads for some milliseconds after each change.
EMPTY_TRIES = 20
# Rows that migrations make.
KEPT = (
    "accounts_plan",
    "auth_permission",
    "django_content_type",
    "django_migrations",
)

EMPTY_TABLES = f"""
DO $$
DECLARE
    one record;
    has_rows boolean;
    tables text := '';
BEGIN
    FOR one IN
        SELECT c.oid::regclass::text AS name FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
          AND NOT c.relispartition AND c.relname NOT IN {KEPT!r}
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', one.name) INTO has_rows;
        IF has_rows THEN
            tables := tables || ', ' || one.name;
        END IF;
    END LOOP;
    IF tables <> '' THEN
        EXECUTE 'TRUNCATE ' || substr(tables, 3) || ' CASCADE';
    END IF;
END $$
"""  # the names are our own constants


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
    connections.close_all()
    drop_database(settings.DATABASES)


@contextmanager
def rolled_back() -> Iterator[None]:
    """One transaction of the default login, undone in the end; no other login."""
    others: list[Any] = [
        connections[alias] for alias in connections if alias != "default"
    ]
    for other in others:
        other.close()
        other.connect = _refuse
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]  # allows durable inside
    block.__enter__()
    try:
        yield
    finally:
        transaction.set_rollback(True)
        block.__exit__(None, None, None)
        connections["default"].close()
        for other in others:
            del other.connect


def _refuse() -> Never:
    raise AssertionError("Another login sees nothing of `db`: use `transactional_db`.")


@contextmanager
def emptied() -> Iterator[None]:
    """Real commits through every login; all rows are removed in the end."""
    try:
        yield
    finally:
        close_all()
        _empty_tables()
        connections["owner"].close()


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
    connections.close_all()
    executor: Any = SyncToAsync.single_thread_executor
    executor.submit(connections.close_all).result()
