"""What shadows and judges may cost: held before each call, so it is never overspent.

A hold is as much as the call can cost at the most. It is taken under a lock on the
experiment's row, so of any number of processes none takes what another one holds. When
a process dies its holds end by themselves, long after its calls have; what those cost
is taken from the ledger (`experiment_services.reconcile`).
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from apps.kit.ids import uuid7
from apps.kit.money import from_nano
from apps.router.pool import Database

# Longer than any request may take.
HELD_FOR_S: Final = 900

_LOCK: Final = """
    SELECT spent_usd FROM router_experiment
    WHERE org_id = %s AND id = %s AND state = 'running' FOR UPDATE
"""
# After the lock, and by a statement of its own: it must see what others committed.
_HOLD: Final = """
    INSERT INTO router_experimenthold (
        id, org_id, experiment_id, amount_usd, expires_at)
    SELECT %(id)s, e.org_id, e.id, %(amount)s, now() + %(held)s * interval '1 second'
    FROM router_experiment e
    WHERE e.org_id = %(org)s AND e.id = %(experiment)s
      AND e.spent_usd + %(amount)s + (
        SELECT coalesce(sum(h.amount_usd), 0) FROM router_experimenthold h
        WHERE h.org_id = e.org_id AND h.experiment_id = e.id AND h.expires_at > now()
      ) <= e.budget_usd
    RETURNING id
"""
_LET_GO: Final = "DELETE FROM router_experimenthold WHERE org_id = %s AND id = %s"
_SPEND: Final = """
    UPDATE router_experiment SET spent_usd = spent_usd + %s
    WHERE org_id = %s AND id = %s
"""
_JUDGED: Final = """
    INSERT INTO router_judgement (
        id, org_id, experiment_id, request_id, outcome, is_consistent, judge,
        created_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, now())
    ON CONFLICT (org_id, experiment_id, request_id) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Hold:
    """Money of one experiment for one call."""

    id: UUID
    org_id: UUID
    experiment_id: UUID


@dataclass(slots=True)
class ExperimentPurse:
    """The budgets of experiments, and what judges said, in Postgres."""

    database: Database

    async def hold(
        self, org_id: UUID, experiment_id: UUID, amount_nano: int
    ) -> Hold | None:
        """Hold so much; None when that is not left, or the experiment is over."""
        values = {
            "id": uuid7(),
            "org": org_id,
            "experiment": experiment_id,
            "amount": from_nano(amount_nano),
            "held": HELD_FOR_S,
        }
        async with self.database.transaction(org_id) as connection:
            locked = await connection.execute(_LOCK, [org_id, experiment_id])
            if await locked.fetchone() is None:
                return None
            row = await (await connection.execute(_HOLD, values)).fetchone()
        return Hold(row[0], org_id, experiment_id) if row is not None else None

    async def settle(self, hold: Hold, cost_nano: int) -> None:
        """Book what it cost in place of what was held."""
        org_id = hold.org_id
        async with self.database.transaction(org_id) as connection:
            # The experiment first, as whoever holds does: one order, no deadlock.
            await connection.execute(
                _SPEND, [from_nano(cost_nano), org_id, hold.experiment_id]
            )
            await connection.execute(_LET_GO, [org_id, hold.id])

    async def judged(
        self,
        place: Hold,
        request_id: UUID,
        outcome: str,
        *,
        is_consistent: bool,
        judge: str,
    ) -> None:
        """Note what a judge said of one request."""
        values = [
            uuid7(),
            place.org_id,
            place.experiment_id,
            request_id,
            outcome,
            is_consistent,
            judge,
        ]
        async with self.database.transaction(place.org_id) as connection:
            await connection.execute(_JUDGED, values)
