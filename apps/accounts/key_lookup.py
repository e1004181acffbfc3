"""Find the caller behind a key: from the cache, else by one query, never blocking."""

import asyncio
import contextlib
import logging
from time import monotonic
from typing import Final
from uuid import UUID

import psycopg

from apps.accounts.key_cache import KEY_CACHE, Known
from apps.accounts.keys import (
    RESOLVE_SQL,
    TOUCH_SQL,
    Caller,
    caller_of_row,
    digest,
    is_well_formed,
)

logger = logging.getLogger(__name__)

QUERY_TIMEOUT_S: Final = 1.0
TOUCH_EVERY_S: Final = 5.0
ASK_AGAIN_S: Final = 3.0


class KeyLookup:
    """The asynchronous side of the key cache, with one connection of its own."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.AsyncConnection[tuple[object, ...]] | None = None
        self._lock = asyncio.Lock()
        self._used: set[UUID] = set()
        self._renewing: dict[bytes, asyncio.Task[None]] = {}
        self._away_until = 0.0

    async def caller(self, token: str) -> Caller | None:
        """The valid caller of `token`, or None.

        Raises psycopg.Error or TimeoutError when the key is not known here and
        Postgres cannot be asked.
        """
        key = digest(token)
        known = KEY_CACHE.get(key)
        if known is None and not is_well_formed(token):
            return None
        if known is None or not known.is_fresh:
            known = await self._renewed(key, known)
        caller = known.valid_caller
        if caller is not None and caller.key_id is not None:
            self._used.add(caller.key_id)
        return caller

    async def touch_loop(self) -> None:
        """Write when keys were last used; each key at most once a minute."""
        while True:
            await asyncio.sleep(TOUCH_EVERY_S)
            used, self._used = self._used, set()
            if not used:
                continue
            try:
                async with self._lock, asyncio.timeout(QUERY_TIMEOUT_S):
                    connection = await self._connect()
                    await connection.execute(TOUCH_SQL, [list(used)])
            except (psycopg.Error, OSError, TimeoutError) as problem:
                logger.warning("Last uses of keys are not written: %s", problem)

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def _renewed(self, key: bytes, known: Known | None) -> Known:
        """What holds now; an entry that may still serve is renewed behind its back."""
        if known is not None and (
            known.is_usable_while_renewing
            or (monotonic() < self._away_until and known.is_usable_without_database)
        ):
            self._renew_soon(key)
            return known
        try:
            return await self._renew(key)
        except (psycopg.Error, OSError, TimeoutError):
            if known is None or not known.is_usable_without_database:
                raise
            return known

    def _renew_soon(self, key: bytes) -> None:
        if key not in self._renewing:
            task = asyncio.create_task(self._renew_quietly(key))
            self._renewing[key] = task
            task.add_done_callback(lambda _: self._renewing.pop(key, None))

    async def _renew_quietly(self, key: bytes) -> None:
        with contextlib.suppress(psycopg.Error, OSError, TimeoutError):
            await self._renew(key)

    async def _renew(self, key: bytes) -> Known:
        try:
            async with self._lock, asyncio.timeout(QUERY_TIMEOUT_S):
                known = KEY_CACHE.get(key)
                while known is None or not known.is_fresh:
                    moment = KEY_CACHE.moment
                    caller = await self._fetch(key)
                    known = KEY_CACHE.store_answer(key, caller, asked_at=moment)
                return known
        except (psycopg.Error, OSError, TimeoutError):
            self._connection = None
            self._away_until = monotonic() + ASK_AGAIN_S
            raise

    async def _fetch(self, key: bytes) -> Caller | None:
        connection = await self._connect()
        cursor = await connection.execute(RESOLVE_SQL, [key])
        row = await cursor.fetchone()
        return caller_of_row(row) if row else None

    async def _connect(self) -> psycopg.AsyncConnection[tuple[object, ...]]:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(
                self._dsn, autocommit=True, connect_timeout=2
            )
        return self._connection
