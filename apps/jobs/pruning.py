"""Remove what nobody looks at any more: old runs, settled messages, old incidents."""

from typing import Final

from django.db import connections

from apps.jobs.lock import Held

DAYS_OF_RUNS: Final = 90
# A job that runs each minute would fill the table; of each job so many are kept.
RUNS_OF_A_JOB: Final = 200
DAYS_OF_MESSAGES: Final = 7
# A dead message may hold an address; nobody retried it for so long.
DAYS_OF_DEAD: Final = 30
DAYS_OF_INCIDENTS: Final = 365

_PARTS: Final = {
    "runs": (
        f"""
        DELETE FROM job_runs r USING (
            SELECT id, row_number()
                OVER (PARTITION BY name ORDER BY token DESC) AS place
            FROM job_runs
        ) AS ranked
        WHERE r.id = ranked.id AND r.status <> 'running' AND ranked.place > 1
          AND (ranked.place > {RUNS_OF_A_JOB}
               OR r.started_at < now() - interval '{DAYS_OF_RUNS} days')
        """  # noqa: S608  # our own numbers
    ),
    "messages": f"""
        DELETE FROM outbox_messages
        WHERE state = 'delivered'
          AND finished_at < now() - interval '{DAYS_OF_MESSAGES} days'
           OR state = 'dead' AND finished_at < now() - interval '{DAYS_OF_DEAD} days'
    """,  # noqa: S608  # our own numbers
    "incidents": f"""
        DELETE FROM job_incidents
        WHERE closed_at < now() - interval '{DAYS_OF_INCIDENTS} days'
    """,  # noqa: S608  # our own numbers
}


def prune(held: Held) -> str:
    """Remove them, each kind in a unit; returns how many of each there were."""
    counts = []
    for done, (kind, statement) in enumerate(_PARTS.items(), start=1):
        with held.unit(using="jobs"), connections["jobs"].cursor() as cursor:
            cursor.execute(statement)
            counts.append(f"{cursor.rowcount} {kind}")
            held.advance(None, done=done, total=len(_PARTS))
    return ", ".join(counts)
