"""Roll the ledger up into hours and days, exactly, while rows keep arriving.

A marked hour is summed again from all of its ledger rows, never added to. Why no
row is missed: the mark was committed together with its rows, so a mark that the
first statement deletes belongs to rows that the later statements, which take newer
snapshots (READ COMMITTED), all see. Rows that commit meanwhile bring a mark of
their own, which stays for the next pass. Why no row counts twice: sums replace the
hour's rows in the transaction that takes the mark away, so readers see either the
mark or the new sums. The advisory lock keeps two passes from the same hour.
"""

from datetime import UTC, date, datetime, time
from typing import Final
from uuid import UUID

from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper

from apps.router.sums import (
    DIMENSION_NAMES,
    SUM_NAMES,
    SUMS_OF_LEDGER,
    SUMS_OF_SUMS,
)

# One transaction's work: long ones hold back the cleaning of dead rows.
HOURS_A_PASS: Final = 500

_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('router.roll_up'))"
# Oldest first, so that a busy present cannot starve the past.
_TAKE_MARKS = """
    WITH chosen AS (
        SELECT DISTINCT org_id, starts_at FROM router_usage_dirty
        ORDER BY starts_at, org_id LIMIT %s
    ), taken AS (
        DELETE FROM router_usage_dirty d USING chosen c
        WHERE d.org_id = c.org_id AND d.starts_at = c.starts_at
        RETURNING d.org_id, d.starts_at
    )
    SELECT DISTINCT org_id, starts_at FROM taken
"""
# An organization that was deleted meanwhile has no sums to keep.
_HOURS = """
    FROM unnest(%s::uuid[], %s::timestamptz[]) AS hour (org_id, starts_at)
    JOIN accounts_organization o ON o.id = hour.org_id
"""
_FORGET_HOURS = """
    DELETE FROM router_usagehour u
    USING unnest(%s::uuid[], %s::timestamptz[]) AS hour (org_id, starts_at)
    WHERE u.org_id = hour.org_id AND u.starts_at = hour.starts_at
"""
_SUM_HOURS = f"""
    INSERT INTO router_usagehour (id, org_id, starts_at, {DIMENSION_NAMES}, {SUM_NAMES})
    SELECT gen_random_uuid(), hour.org_id, hour.starts_at, sums.*
    {_HOURS} CROSS JOIN LATERAL (
        SELECT {DIMENSION_NAMES}, {SUMS_OF_LEDGER} FROM router_routed_request r
        WHERE r.org_id = hour.org_id AND r.created_at >= hour.starts_at
          AND r.created_at < hour.starts_at + interval '1 hour'
        GROUP BY {DIMENSION_NAMES}
    ) AS sums
"""  # noqa: S608  # constants of this package
_DAYS = """
    SELECT DISTINCT hour.org_id, (hour.starts_at AT TIME ZONE 'UTC')::date AS day
    FROM unnest(%s::uuid[], %s::timestamptz[]) AS hour (org_id, starts_at)
"""
_FORGET_DAYS = f"""
    DELETE FROM router_usageday u USING ({_DAYS}) AS d
    WHERE u.org_id = d.org_id AND u.day = d.day
"""  # noqa: S608  # constants of this package
_SUM_DAYS = f"""
    INSERT INTO router_usageday (id, org_id, day, {DIMENSION_NAMES}, {SUM_NAMES})
    SELECT gen_random_uuid(), d.org_id, d.day, sums.*
    FROM ({_DAYS}) AS d CROSS JOIN LATERAL (
        SELECT {DIMENSION_NAMES}, {SUMS_OF_SUMS} FROM router_usagehour h
        WHERE h.org_id = d.org_id AND h.starts_at >= d.day::timestamp AT TIME ZONE 'UTC'
          AND h.starts_at < (d.day + 1)::timestamp AT TIME ZONE 'UTC'
        GROUP BY {DIMENSION_NAMES}
    ) AS sums
"""  # noqa: S608  # constants of this package


def roll_up(*, hours_a_pass: int = HOURS_A_PASS) -> int:
    """Bring every marked hour up to date; returns how many there were."""
    done, last = 0, hours_a_pass
    # A short pass took all there were; the present is marked again every moment.
    while last == hours_a_pass:
        last = _roll_up_some(hours_a_pass)
        done += last
    return done


def _roll_up_some(limit: int) -> int:
    with transaction.atomic(using="jobs"), connections["jobs"].cursor() as cursor:
        cursor.execute(_LOCK)
        if cursor.fetchone() != (True,):
            return 0
        cursor.execute(_TAKE_MARKS, [limit])
        taken: list[tuple[UUID, datetime]] = cursor.fetchall()
        # Months that were dropped have no rows to sum: their sums stay as they are.
        horizon = _horizon(cursor)
        hours = [one for one in taken if one[1] >= horizon]
        arrays = ([org_id for org_id, _ in hours], [moment for _, moment in hours])
        for statement in (_FORGET_HOURS, _SUM_HOURS, _FORGET_DAYS, _SUM_DAYS):
            cursor.execute(statement, arrays)
        return len(taken)


def _horizon(cursor: CursorWrapper) -> datetime:
    """The first moment that the ledger still has, as far as months were dropped."""
    cursor.execute("SELECT before FROM router_ledger_horizon")
    row = cursor.fetchone()
    first = row[0] if row else date(1970, 1, 1)
    return datetime.combine(first, time(), UTC)


def make_partitions() -> int:
    """Have last month's partitions and those of the next three months."""
    with connections["jobs"].cursor() as cursor:
        cursor.execute(
            "SELECT make_ledger_partitions("
            "(now() AT TIME ZONE 'UTC' - interval '1 month')::date, 5)"
        )
        made: tuple[int] = cursor.fetchone()
    return made[0]
