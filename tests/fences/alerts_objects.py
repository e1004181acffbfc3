"""What the addresses of alerts can name: see `objects.py`."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from apps.accounts.models import Membership, Organization
from apps.alerts.crypto import Contents, seal_into
from apps.alerts.kinds import Cadence, Kind, Severity, Via
from apps.alerts.models import Alert, Channel, Delivery, Notice
from apps.alerts.rule_models import Rule
from apps.kit.clock import utc_now
from apps.kit.ids import uuid7
from apps.tenancy.scope import scope


def _alert(org: Organization) -> UUID:
    """An alert in everybody's inbox."""
    with scope(org.id):
        alert = Alert.objects.create(
            kind=Kind.BUDGET,
            severity=Severity.INFO,
            title="Named",
            url="/budgets/",
            routed_at=utc_now(),
        )
        for member in Membership.objects.all():
            Notice.objects.create(alert=alert, member=member, created_at=utc_now())
    return alert.id


def _channel(org: Organization) -> UUID:
    """A webhook whose address is refused, so that nobody is ever asked."""
    channel = Channel(id=uuid7(), org_id=org.id, via=Via.WEBHOOK, name="Named")
    seal_into(channel, Contents("https://127.0.0.1/", "whsec_of-the-tests-only"))
    with scope(org.id):
        channel.save(force_insert=True)
    return channel.id


def _delivery(org: Organization) -> UUID:
    channel_id, now = _channel(org), utc_now()
    with scope(org.id):
        return Delivery.objects.create(
            via=Via.WEBHOOK,
            channel_id=channel_id,
            cadence=Cadence.IMMEDIATE,
            state=Delivery.State.FAILED,
            opened_at=now,
            due_at=now,
            finished_at=now,
            body="{}",
        ).id


def _rule(org: Organization) -> UUID:
    with scope(org.id):
        return Rule.objects.create(
            about=Rule.About.PRICE_MOVE, name="Named", params={"percent": "10"}
        ).id


ALERTS_OBJECTS: Final[dict[str, Callable[[Organization], UUID]]] = {
    "alert": _alert,
    "channel": _channel,
    "delivery": _delivery,
    "alert_rule": _rule,
}
