"""Reads of budgets: what is spent and held of each in its period of today."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection, connections

from apps.router.limits.rules import next_start
from apps.tenancy.scope import require_org_id

# What the ledger has of a budget `b` of the alias `a` since `p.starts_on`.
_SPENT: Final = """
        SELECT CASE WHEN b.alias_id IS NULL THEN (
            SELECT sum(cost_usd) FROM router_spend s
            WHERE s.org_id = b.org_id AND s.day >= p.starts_on
              AND s.key_id = coalesce(b.key_id, '00000000-0000-0000-0000-000000000000')
        ) ELSE (
            SELECT sum(cost_usd) FROM router_alias_spend s
            WHERE s.org_id = b.org_id AND s.day >= p.starts_on AND s.alias = a.name
        ) END AS usd
"""
_STATES: Final = f"""
    SELECT b.id, b.key_id, coalesce(k.name, ''), b.period, b.limit_usd, p.starts_on,
        coalesce(s.usd, 0), coalesce(h.usd, 0), b.alias_id, coalesce(a.name, '')
    FROM router_budget b
    LEFT JOIN accounts_apikey k ON k.org_id = b.org_id AND k.id = b.key_id
    LEFT JOIN router_alias a ON a.org_id = b.org_id AND a.id = b.alias_id
    CROSS JOIN LATERAL (
        SELECT date_trunc(b.period, now() AT TIME ZONE 'UTC')::date AS starts_on
    ) p
    LEFT JOIN LATERAL (
{_SPENT}
    ) s ON true
    LEFT JOIN LATERAL (
        SELECT sum(amount_usd) AS usd FROM router_budgethold h
        WHERE h.org_id = b.org_id AND h.budget_id = b.id
          AND h.starts_on = p.starts_on
    ) h ON true
    WHERE b.org_id = %s AND (%s::uuid IS NULL OR b.id = %s)
    ORDER BY b.key_id NULLS FIRST, a.name NULLS FIRST, b.period, b.id
"""  # noqa: S608  # constants of this file
# Budgets of any organization whose owners were not told yet how much is spent.
_DUE: Final = f"""
    SELECT b.org_id, b.id, p.starts_on, level.percent
    FROM router_budget b
    LEFT JOIN router_alias a ON a.org_id = b.org_id AND a.id = b.alias_id
    CROSS JOIN LATERAL (
        SELECT date_trunc(b.period, now() AT TIME ZONE 'UTC')::date AS starts_on
    ) p
    CROSS JOIN LATERAL (
{_SPENT}
    ) s
    CROSS JOIN LATERAL (
        SELECT CASE WHEN s.usd * 100 >= b.limit_usd * 99 THEN 100 ELSE 80 END
            AS percent
    ) level
    WHERE s.usd * 100 >= b.limit_usd * 80 AND NOT EXISTS (
        SELECT FROM router_budgetnotice n
        WHERE n.org_id = b.org_id AND n.budget_id = b.id
          AND n.starts_on = p.starts_on AND n.percent >= level.percent
    )
    ORDER BY b.org_id, b.id
"""  # noqa: S608  # constants of this file


@dataclass(frozen=True, slots=True)
class BudgetState:
    """A budget and its period of today; money in US dollars."""

    id: UUID
    key_id: UUID | None
    key_name: str
    period: str
    limit_usd: Decimal
    starts_on: date
    spent_usd: Decimal
    held_usd: Decimal
    alias_id: UUID | None = None
    alias_name: str = ""

    @property
    def left_usd(self) -> Decimal:
        return max(Decimal(0), self.limit_usd - self.spent_usd)

    @property
    def percent(self) -> int:
        """How much is spent, rounded down: 100 only when all of it is."""
        return int(self.spent_usd * 100 / self.limit_usd)

    @property
    def used_share(self) -> Decimal:
        return self.spent_usd / self.limit_usd

    @property
    def level(self) -> str:
        """How it stands: "ok", "near" from 80 % up, "over" when it is used up."""
        if self.percent >= 99:
            return "over"
        return "near" if self.percent >= 80 else "ok"

    @property
    def ends_on(self) -> date:
        """The first day of the next period."""
        return next_start("day" if self.period == "day" else "month", self.starts_on)

    @property
    def period_words(self) -> str:
        return "daily" if self.period == "day" else "monthly"

    @property
    def whose(self) -> str:
        if self.alias_id:
            return f"of the alias {self.alias_name}"
        return f"of the key {self.key_name}" if self.key_id else "of all keys together"


def budget_states() -> list[BudgetState]:
    """Every budget of the organization in scope: its own first, then the keys'."""
    return _read(None)


def budget_state(budget_id: UUID) -> BudgetState | None:
    found = _read(budget_id)
    return found[0] if found else None


def due_notices() -> list[tuple[UUID, UUID, date, int]]:
    """Organization, budget, period's start and percentage of each mail that is due.

    Reads all organizations' budgets, so it takes the jobs login.
    """
    with connections["jobs"].cursor() as cursor:
        cursor.execute(_DUE)
        return list(cursor.fetchall())


def drop_expired_holds() -> int:
    """End the leases that nobody renewed; their holders are long dead."""
    with connections["jobs"].cursor() as cursor:
        cursor.execute("DELETE FROM router_budgethold WHERE expires_at < now()")
        return int(cursor.rowcount)


def _read(budget_id: UUID | None) -> list[BudgetState]:
    with connection.cursor() as cursor:
        cursor.execute(_STATES, [require_org_id(), budget_id, budget_id])
        return [BudgetState(*row) for row in cursor.fetchall()]
