"""Delete in bites, so that no statement locks much for long."""

from django.db import connections

from apps.jobs.lock import Held


def delete_in_bites(held: Held, statement: str, bite: int) -> int:
    """Run a DELETE whose one parameter is its LIMIT until it finds less; a unit each.

    Returns how many rows are gone, of whatever organization.
    """
    gone, last = 0, bite
    while last == bite:
        with held.unit(using="jobs"), connections["jobs"].cursor() as cursor:
            cursor.execute(statement, [bite])
            last = cursor.rowcount
        gone += last
    return gone
