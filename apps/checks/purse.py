"""What a running check writes, while others look on and may take it over.

Before each call its most possible cost is noted under a lock on the check's row, so of
any number of processes none spends what another one counts on. A stored answer and its
cost are one transaction. Whoever runs the check holds its token; after it has been
taken over, what comes in late is still paid for, but no longer stored.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from apps.checks.cells import Cell, Given, Said
from apps.kit.ids import uuid7
from apps.router.pool import Connection, Database, DatabaseAwayError

LEASE_S: Final = 45
# An answer that is paid for is not given up because Postgres restarts.
STORE_WAITS_S: Final = (0.5, 1, 2, 4, 8, 15, 30)

_LOCK: Final = """
    SELECT 1 FROM checks_check
    WHERE org_id = %s AND id = %s AND state = 'running' AND token = %s FOR UPDATE
"""
# After the lock, by a statement of its own: it must see what others committed.
_HOLD: Final = """
    INSERT INTO checks_call (id, org_id, check_run_id, kind, seat, position, model,
        most_usd, created_at)
    SELECT %(id)s, c.org_id, c.id, %(kind)s, %(seat)s, %(position)s, %(model)s,
        %(most)s, now()
    FROM checks_check c
    WHERE c.org_id = %(org)s AND c.id = %(check)s AND %(most)s + (
        SELECT coalesce(sum(coalesce(cost_usd, most_usd)), 0) FROM checks_call
        WHERE org_id = c.org_id AND check_run_id = c.id
      ) <= c.ceiling_usd
    RETURNING id
"""
# A cancelled check still takes what was under way when it was.
_COUNT: Final = """
    UPDATE checks_check SET seq = seq + 1
    WHERE org_id = %s AND id = %s AND token = %s AND state IN ('running', 'cancelled')
    RETURNING seq
"""
_SETTLE: Final = """
    UPDATE checks_call SET cost_usd = %s
    WHERE org_id = %s AND id = %s AND cost_usd IS NULL
"""
_ANSWER: Final = """
    INSERT INTO checks_answer (id, org_id, check_run_id, seat, position, request_id,
        text, error, finish_reason, provider, input_tokens, output_tokens, cost_usd,
        latency_ms, passes, seq, created_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, '[]', %s, now())
    ON CONFLICT (org_id, check_run_id, seat, position) DO NOTHING
"""
_JUDGEMENT: Final = """
    INSERT INTO checks_judgement (id, org_id, check_run_id, seat, position, is_swapped,
        choice, request_id, seq, created_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, now())
    ON CONFLICT (org_id, check_run_id, seat, position, is_swapped) DO NOTHING
"""
# What a call cost that we did not hear the end of; the ledger is told of all of them.
SETTLE_LATE: Final = """
    UPDATE checks_call c SET cost_usd = r.cost_usd
    FROM router_routed_request r
    WHERE c.org_id = %s AND c.check_run_id = %s AND c.cost_usd IS NULL
      AND r.org_id = c.org_id AND r.id = c.id AND r.cost_usd IS NOT NULL
      AND r.created_at BETWEEN c.created_at - interval '1 hour'
                           AND c.created_at + interval '1 hour'
"""
_IS_OPEN: Final = """
    SELECT 1 FROM checks_call
    WHERE org_id = %s AND check_run_id = %s AND cost_usd IS NULL LIMIT 1
"""
_BEAT: Final = """
    UPDATE checks_check SET lease_until = now() + %s * interval '1 second'
    WHERE org_id = %s AND id = %s AND token = %s AND state = 'running'
    RETURNING id
"""


class LostError(Exception):
    """The check is no longer ours to run: cancelled, or taken over."""


class SpentError(Exception):
    """The next call may cost more than the ceiling leaves."""


@dataclass(slots=True)
class Purse:
    """The books of one check, for whoever holds its token."""

    database: Database
    org_id: UUID
    check_id: UUID
    token: int

    async def hold(self, cell: Cell, model: str, most_usd: Decimal) -> UUID:
        """Note a call before it is made, and return the id that its request gets.

        Raises SpentError, and LostError when there is nothing to be called any more.
        """
        values = {
            "id": uuid7(),
            "org": self.org_id,
            "check": self.check_id,
            "kind": "judge" if cell.is_judged else "answer",
            "seat": cell.seat,
            "position": cell.position,
            "model": model,
            "most": most_usd,
        }
        async with self.database.transaction(self.org_id) as connection:
            locked = await connection.execute(_LOCK, self._place())
            if await locked.fetchone() is None:
                raise LostError
            row = await (await connection.execute(_HOLD, values)).fetchone()
        if row is None:
            raise SpentError
        return UUID(str(row[0]))

    async def settle(self, call_id: UUID, cost_usd: Decimal | None) -> None:
        """Book what a call cost that gave nothing; None leaves it to the ledger."""
        if cost_usd is None:
            return

        async def write(connection: Connection) -> None:
            await connection.execute(_SETTLE, [cost_usd, self.org_id, call_id])

        await self._write(write)

    async def store(self, cell: Cell, given: Given) -> None:
        """Store an answer with its cost."""

        async def write(connection: Connection) -> None:
            seq = await self._counted(connection)
            await self._settled(connection, given.request_id, given.cost_usd)
            if seq is not None:
                await connection.execute(_ANSWER, self._answer(cell, given, seq))

        await self._write(write)

    async def judged(self, cell: Cell, said: Said) -> None:
        """Store what the judge said, with its cost."""

        async def write(connection: Connection) -> None:
            seq = await self._counted(connection)
            await self._settled(connection, said.request_id, said.cost_usd)
            if seq is None:
                return
            row = [cell.seat, cell.position, cell.is_swapped, said.choice]
            values = [uuid7(), self.org_id, self.check_id, *row, said.request_id, seq]
            await connection.execute(_JUDGEMENT, values)

        await self._write(write)

    async def settle_late(self) -> bool:
        """Take the costs of calls without an end from the ledger; whether there were
        any, so that there may be more money by now.
        """
        place = [self.org_id, self.check_id]
        async with self.database.transaction(self.org_id) as connection:
            row = await (await connection.execute(_IS_OPEN, place)).fetchone()
            await connection.execute(SETTLE_LATE, place)
        return row is not None

    async def beat(self) -> bool:
        """Keep the lease; False when the check is no longer ours to run."""
        async with self.database.transaction(self.org_id) as connection:
            row = await connection.execute(_BEAT, [LEASE_S, *self._place()])
            return await row.fetchone() is not None

    def _place(self) -> list[object]:
        return [self.org_id, self.check_id, self.token]

    async def _counted(self, connection: Connection) -> int | None:
        row = await (await connection.execute(_COUNT, self._place())).fetchone()
        return int(row[0]) if row is not None else None

    async def _settled(
        self, connection: Connection, call_id: UUID, cost_usd: Decimal | None
    ) -> None:
        if cost_usd is not None:
            await connection.execute(_SETTLE, [cost_usd, self.org_id, call_id])

    def _answer(self, cell: Cell, given: Given, seq: int) -> list[object]:
        return [
            *(uuid7(), self.org_id, self.check_id, cell.seat, cell.position),
            *(given.request_id, given.text, given.error, given.finish_reason),
            *(given.provider, given.input_tokens, given.output_tokens),
            *(given.cost_usd, given.latency_ms, seq),
        ]

    async def _write(self, write: Callable[[Connection], Awaitable[None]]) -> None:
        """Write it, however long Postgres takes to come back within two minutes."""
        for wait_s in STORE_WAITS_S:
            try:
                async with self.database.transaction(self.org_id) as connection:
                    return await write(connection)
            except DatabaseAwayError:
                await asyncio.sleep(wait_s)
        async with self.database.transaction(self.org_id) as connection:
            await write(connection)
        return None
