"""Take up what the outbox gave up, and forget what is old.

An alert or a message that waits is always in the outbox too. Where a message of the
outbox died, after hours of tries, this posts another: what it does is done once in any
case.
"""

from datetime import timedelta
from typing import Final

from apps.alerts.closing import post_try
from apps.alerts.models import Alert, Delivery
from apps.alerts.routing import set_timer
from apps.alerts.services import ROUTE
from apps.jobs import outbox
from apps.jobs.bites import delete_in_bites
from apps.jobs.lock import Held
from apps.kit.clock import utc_now
from apps.tenancy.scope import scope, unscoped

# Later than the outbox's own tries come.
LATE: Final = timedelta(hours=2)
DAYS_OF_MESSAGES: Final = 30
DAYS_OF_ALERTS: Final = 400
BITE: Final = 1000


def _deleting(table: str, parent: str, parent_column: str, is_old: str) -> str:
    """Delete the rows of a table whose parent row is old, some at a time."""
    return f"""
        DELETE FROM {table} WHERE id IN (
            SELECT t.id FROM {table} t
            JOIN {parent} p ON p.org_id = t.org_id AND p.id = t.{parent_column}
            WHERE {is_old} LIMIT %s
        )
    """  # noqa: S608  # our own names


_OLD_MESSAGE: Final = f"p.finished_at < now() - interval '{DAYS_OF_MESSAGES} days'"
_OLD_ALERT: Final = f"p.created_at < now() - interval '{DAYS_OF_ALERTS} days'"
# What refers to a row goes before it.
_STATEMENTS: Final = {
    "tries": _deleting(
        "alerts_attempt", "alerts_delivery", "delivery_id", _OLD_MESSAGE
    ),
    "parcels": _deleting(
        "alerts_parcel", "alerts_delivery", "delivery_id", _OLD_MESSAGE
    ),
    "messages": _deleting("alerts_delivery", "alerts_delivery", "id", _OLD_MESSAGE),
    "notices": _deleting("alerts_notice", "alerts_alert", "alert_id", _OLD_ALERT),
    "old parcels": _deleting("alerts_parcel", "alerts_alert", "alert_id", _OLD_ALERT),
    "alerts": _deleting("alerts_alert", "alerts_alert", "id", _OLD_ALERT),
}


def mend() -> int:
    """Post again what should have gone long ago; returns how much."""
    long_ago = utc_now() - LATE
    with unscoped("alerts that were not handed on may be any organization's"):
        new = Alert.objects.filter(routed_at=None, created_at__lt=long_ago)
        orgs = set(new.values_list("org_id", flat=True))
        states = (Delivery.State.COLLECTING, Delivery.State.SENDING)
        late = list(Delivery.objects.filter(state__in=states, due_at__lt=long_ago))
    for org_id in orgs:
        with scope(org_id):
            outbox.post(ROUTE, {}, org_id=org_id)
    for delivery in late:
        with scope(delivery.org_id):
            _again(delivery)
    return len(orgs) + len(late)


def _again(delivery: Delivery) -> None:
    if delivery.state == Delivery.State.COLLECTING:
        set_timer(delivery.id, delivery.due_at)
    else:
        post_try(delivery, delivery.tries + 1)


def prune(held: Held) -> str:
    """Delete messages after 30 days, and alerts after 400."""
    gone = {
        name: delete_in_bites(held, statement, BITE)
        for name, statement in _STATEMENTS.items()
    }
    return ", ".join(f"{number} {name}" for name, number in gone.items())
