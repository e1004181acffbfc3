"""Stamp the organization in scope on each transaction, and on nothing longer.

Row security reads `app.org_id`. It is only ever set with `is_local => true`: behind
pgbouncer in transaction mode a session-level value is seen by whoever gets the
server connection next.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Never

import psycopg
from django.db import NotSupportedError
from django.db.backends.postgresql import base
from psycopg.abc import Params, Query
from psycopg.pq import TransactionStatus

from apps.tenancy.scope import current_org_id

STAMPED_ALIASES = frozenset({"default", "jobs"})
_STAMP = "SELECT set_config('app.org_id', %s, true)"
# What a rollback to a savepoint leaves behind: it may have undone a stamp.
_UNKNOWN = "unknown"


class StampedCursor(psycopg.ClientCursor[Any]):
    """A cursor whose every statement runs under the organization in scope."""

    def execute(self, query: Query, params: Params | None = None, **kwargs: Any) -> Any:
        with self._stamped(query):
            return super().execute(query, params, **kwargs)  # type: ignore[arg-type]  # the overloads split what comes here as one

    def executemany(self, query: Query, params_seq: Any, **kwargs: Any) -> None:
        with self._stamped(query):
            super().executemany(query, params_seq, **kwargs)

    @contextmanager
    def copy(self, statement: Query, *args: Any, **kwargs: Any) -> Iterator[Any]:
        with self._stamped(statement), super().copy(statement, *args, **kwargs) as copy:
            yield copy

    def stream(self, *args: Any, **kwargs: Any) -> Never:
        raise NotSupportedError("A streamed result outlives its transaction's stamp.")

    @contextmanager
    def _stamped(self, query: Query) -> Iterator[None]:
        if not self._stamp(query):
            yield
            return
        # A lone statement got a transaction of its own, which ends with it.
        try:
            yield
        except BaseException:
            self.connection.rollback()
            raise
        self.connection.commit()

    def _stamp(self, query: Query) -> bool:
        """Make the stamp fit the scope; True when this opened a transaction."""
        connection = self.connection
        status = connection.pgconn.transaction_status
        held = getattr(connection, "org_stamp", "")
        if status == TransactionStatus.IDLE:
            held = ""
        elif status != TransactionStatus.INTRANS:
            # Failed: nothing but the rollback to come can run here.
            self._believe(_UNKNOWN)
            return False
        org_id = current_org_id()
        wanted = str(org_id) if org_id else ""
        opens = status == TransactionStatus.IDLE and connection.autocommit
        if held != wanted:
            super().execute(f"BEGIN; {_STAMP}" if opens else _STAMP, [wanted])
        is_rollback = isinstance(query, str) and query[:8].upper() == "ROLLBACK"
        self._believe(_UNKNOWN if is_rollback else wanted)
        return opens and held != wanted

    def _believe(self, stamp: str) -> None:
        """Note what this transaction is stamped with; a new one starts unstamped."""
        self.connection.org_stamp = stamp  # type: ignore[attr-defined]  # our note


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL with stamped transactions for the logins under row security."""

    def get_connection_params(self) -> dict[str, Any]:
        params = super().get_connection_params()
        if self.alias in STAMPED_ALIASES:
            params["cursor_factory"] = StampedCursor
        return params

    def chunked_cursor(self) -> Any:
        # A named cursor would be read after its transaction's stamp is gone.
        return self.cursor()
