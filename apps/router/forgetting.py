"""What the jobs remove: kept answers and stored responses whose time is over."""

from typing import Final

from apps.jobs.bites import delete_in_bites
from apps.jobs.lock import Held

BITE: Final = 1000
# Tables of kept answers; each row says itself when its time is over.
TABLES: Final = (
    "router_idempotentanswer",
    "router_semanticanswer",
    "router_experimenthold",
)
# What the organization keeps no longer: by its own days, or by none.
_EXPIRED_RESPONSES: Final = """
    DELETE FROM router_storedresponse r USING (
        SELECT x.org_id, x.id FROM router_storedresponse x
        LEFT JOIN privacy_privacysettings s
            ON s.org_id = x.org_id AND s.stores_prompts
        WHERE s.org_id IS NULL
            OR x.created_at < now() - make_interval(days => least(s.retention_days, 30))
        LIMIT %s
    ) old
    WHERE r.org_id = old.org_id AND r.id = old.id
"""


def drop_expired_answers(held: Held) -> int:
    """Delete whatever is past its time; returns how many rows."""
    return sum(delete_in_bites(held, _expired_rows(table), BITE) for table in TABLES)


def drop_expired_responses(held: Held) -> int:
    """Delete what is older than may be kept, and what nobody may keep any more."""
    return delete_in_bites(held, _EXPIRED_RESPONSES, BITE)


def _expired_rows(table: str) -> str:
    return (
        f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table}"  # noqa: S608  # our own names
        " WHERE expires_at < now() ORDER BY expires_at LIMIT %s)"
    )
