"""Reads of alerts: one person's inbox, the organization's list, delivery logs."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from apps.accounts.models import Membership
from apps.alerts.kinds import Kind, Severity
from apps.alerts.models import Alert, Channel, Delivery, Notice
from apps.alerts.rule_models import Rule
from apps.kit.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class InboxFilter:
    """Which notices are listed; what is None or False is not asked for."""

    kind: Kind | None = None
    min_severity: Severity | None = None
    is_unread: bool = False


def inbox(member: Membership, wanted: InboxFilter) -> QuerySet[Notice]:
    """A person's notices, the newest first."""
    rows = Notice.objects.filter(member=member).select_related("alert")
    if wanted.kind is not None:
        rows = rows.filter(alert__kind=wanted.kind)
    if wanted.min_severity is not None:
        rows = rows.filter(alert__severity__gte=wanted.min_severity)
    return rows.filter(read_at=None) if wanted.is_unread else rows


def count_unread(member: Membership) -> int:
    return Notice.objects.filter(member=member, read_at=None).count()


def alerts(
    wanted: InboxFilter, *, before: datetime | None = None, limit: int = 100
) -> list[Alert]:
    """The organization's alerts, the newest first, whoever has read them."""
    rows = Alert.objects.all()
    if wanted.kind is not None:
        rows = rows.filter(kind=wanted.kind)
    if wanted.min_severity is not None:
        rows = rows.filter(severity__gte=wanted.min_severity)
    if before is not None:
        rows = rows.filter(created_at__lt=before)
    return list(rows[:limit])


def channels(member: Membership | None = None) -> list[Channel]:
    """The organization's channels, and with `member` that person's own beside them."""
    shared = Channel.objects.filter(member=None)
    if member is None:
        return list(shared)
    return [*shared, *Channel.objects.filter(member=member)]


def deliveries(channel: Channel, *, limit: int = 50) -> list[Delivery]:
    """The newest messages of a channel with their tries."""
    rows = Delivery.objects.filter(channel=channel).prefetch_related("attempts")
    return list(rows[:limit])


def get_delivery(delivery_id: UUID) -> Delivery:
    """A message to a channel, with its tries; raises NotFoundError."""
    rows = Delivery.objects.select_related("channel").prefetch_related("attempts")
    found = rows.filter(id=delivery_id, channel__isnull=False).first()
    if found is None:
        raise NotFoundError("There is no such delivery.")
    return found


def rules() -> list[Rule]:
    return list(Rule.objects.all())


def get_rule(rule_id: UUID) -> Rule:
    rule = Rule.objects.filter(id=rule_id).first()
    if rule is None:
        raise NotFoundError("There is no such rule.")
    return rule


def get_alert(alert_id: UUID) -> Alert:
    alert = Alert.objects.filter(id=alert_id).first()
    if alert is None:
        raise NotFoundError("There is no such alert.")
    return alert
