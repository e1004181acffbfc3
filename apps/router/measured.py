"""How providers answered our own attempts: what the catalog's trust is judged by."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db import connections

from apps.catalog.measurements import Measured

# What was the caller's doing or ours: a key, a quota or a request that nobody takes
# says nothing of how reliable a provider is.
NOT_THEIRS: Final = (
    *("cancelled", "bad_request", "rate_limited", "refused_key", "unsupported"),
)
_SQL: Final = """
    SELECT provider,
        count(*) FILTER (WHERE outcome <> ALL (%(not_theirs)s)),
        count(*) FILTER (WHERE outcome <> ALL (%(not_theirs)s) AND outcome <> 'ok'),
        percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms)
            FILTER (WHERE outcome = 'ok'),
        percentile_cont(0.9) WITHIN GROUP (ORDER BY duration_ms)
            FILTER (WHERE outcome = 'ok')
    FROM router_attempt
    WHERE created_at >= %(since)s
    GROUP BY provider
"""


def measure(since: datetime) -> Iterable[Measured]:
    """Attempts by provider since then, of every organization, as the jobs login."""
    with connections["jobs"].cursor() as cursor:
        cursor.execute(_SQL, {"not_theirs": list(NOT_THEIRS), "since": since})
        rows = list(cursor.fetchall())
    return [Measured(*row) for row in rows]
