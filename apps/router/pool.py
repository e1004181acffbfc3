"""Postgres for the event loop: a few connections, each transaction in one scope.

Opened by whoever needs it first, so a process that never does holds none.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

Connection = psycopg.AsyncConnection[tuple[Any, ...]]

STATEMENT_TIMEOUT_S: Final = 3.0
MOST_CONNECTIONS: Final = 4
_SCOPE: Final = "SELECT set_config('app.org_id', %s, true)"


class DatabaseAwayError(Exception):
    """Postgres cannot be asked, or not in time."""


@dataclass(slots=True)
class Database:
    """The web login's line to Postgres, beside Django's."""

    dsn: str
    _pool: AsyncConnectionPool[Connection] | None = None
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def is_open(self) -> bool:
        return self._pool is not None

    @asynccontextmanager
    async def transaction(self, org_id: UUID) -> AsyncIterator[Connection]:
        """A transaction in the scope of the organization, for row security.

        Raises DatabaseAwayError when Postgres cannot be asked in time.
        """
        try:
            async with asyncio.timeout(STATEMENT_TIMEOUT_S):
                pool = self._pool or await self._open()
                async with pool.connection() as connection, connection.transaction():
                    await connection.execute(_SCOPE, [str(org_id)])
                    yield connection
        except (psycopg.OperationalError, PoolTimeout, OSError, TimeoutError) as found:
            raise DatabaseAwayError(str(found)) from found

    async def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    async def _open(self) -> AsyncConnectionPool[Connection]:
        async with self._opening:
            if self._pool is None:
                pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
                    self.dsn,
                    kwargs={"autocommit": True, "connect_timeout": 2},
                    min_size=0,
                    max_size=MOST_CONNECTIONS,
                    timeout=STATEMENT_TIMEOUT_S,
                    check=AsyncConnectionPool.check_connection,
                    open=False,
                )
                await pool.open()
                self._pool = pool
            return self._pool
