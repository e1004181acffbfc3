"""Alerts as mails: a message of the last minutes, of the day, of the week."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urljoin

from django.conf import settings
from django.urls import reverse

from apps.accounts import entitlements
from apps.accounts.models import Organization
from apps.alerts.audience import Person
from apps.alerts.kinds import Cadence, Kind
from apps.alerts.models import Alert, Delivery
from apps.alerts.wishes import ALWAYS_MAILED
from apps.mail import services as mail_services
from apps.mail.kinds import Kind as MailKind
from apps.mail.unsubscribe import link_for
from apps.tenancy.scope import require_org_id

# A mail shows so many; all of them are in the inbox.
MOST_IN_MAIL: Final = 40
WEEK: Final = timedelta(days=7)


def mail(
    delivery: Delivery, alerts: Sequence[Alert], person: Person | None, now: datetime
) -> None:
    """Close a message to a mailbox: its mail is posted in the same transaction."""
    wanted = [a for a in alerts if person and _is_wanted(a, delivery, person)]
    is_digest = bool(
        person and delivery.cadence == Cadence.WEEKLY and wants_digest(person)
    )
    delivery.closed_at = delivery.finished_at = now
    delivery.alert_count = len(wanted)
    delivery.state = Delivery.State.DROPPED
    if person and (wanted or is_digest):
        delivery.state = Delivery.State.DELIVERED
        delivery.title = _send(delivery, wanted, person, is_digest=is_digest)
    delivery.save()


def wants_digest(person: Person) -> bool:
    wish = person.wish(Kind.DIGEST)
    return wish.email and not wish.is_never and person.takes_mail(Kind.DIGEST)


def _is_wanted(alert: Alert, delivery: Delivery, person: Person) -> bool:
    """Whether it still is: one may have unsubscribed, or left the plan, meanwhile."""
    if not person.takes_mail(alert.about):
        return False
    if delivery.cadence == Cadence.WEEKLY or alert.about in ALWAYS_MAILED:
        return True
    return entitlements.allows(require_org_id(), "alerts.email")


def _send(
    delivery: Delivery, alerts: Sequence[Alert], person: Person, *, is_digest: bool
) -> str:
    kind = _kind_of(alerts, is_digest=is_digest)
    context: dict[str, Any] = {
        "org_name": Organization.objects.get().name,
        "alerts": [_line(alert) for alert in _shown(alerts)],
        "more": max(0, len(alerts) - MOST_IN_MAIL),
        "first_title": alerts[0].title if alerts else "",
        "total": len(alerts),
        "span": "week" if delivery.cadence == Cadence.WEEKLY else "day",
        "is_folded": delivery.cadence == Cadence.IMMEDIATE,
        "url": settings.SITE_URL + reverse("alerts:inbox"),
        "preferences_url": settings.SITE_URL + reverse("alerts:preferences"),
    }
    template = "alerts"
    if is_digest:
        template = "alert_digest"
        context |= _week_of(delivery, person)
    mail_services.send(
        template,
        to=person.email,
        context=context,
        org_id=delivery.org_id,
        unsubscribe_url=link_for(person.user_id, kind),
    )
    return alerts[0].title if len(alerts) == 1 else f"{len(alerts)} alerts"


def _shown(alerts: Sequence[Alert]) -> list[Alert]:
    """The gravest first, and of them the newest."""
    ranked = sorted(alerts, key=lambda a: (-a.severity, -a.created_at.timestamp()))
    return ranked[:MOST_IN_MAIL]


def _line(alert: Alert) -> dict[str, Any]:
    return {
        "title": alert.title,
        "body": alert.body,
        "severity": alert.grade.label,
        "kind": alert.about.label,
        "address": urljoin(settings.SITE_URL, alert.url) if alert.url else "",
    }


def _kind_of(alerts: Sequence[Alert], *, is_digest: bool) -> MailKind:
    """What "unsubscribe" ends: this kind, or with several of them all alerts."""
    if is_digest:
        return MailKind.DIGEST
    kinds = {alert.kind for alert in alerts}
    return MailKind(kinds.pop()) if len(kinds) == 1 else MailKind.ALERTS


def _week_of(delivery: Delivery, person: Person) -> dict[str, Any]:
    """All that was told in the seven days before, by kind, whatever way it went."""
    start, end = delivery.due_at - WEEK, delivery.closed_at or delivery.due_at
    week = Alert.objects.filter(created_at__gte=start, created_at__lt=end)
    counts = Counter(
        Kind(kind)
        for kind in week.values_list("kind", flat=True)
        if not person.wish(Kind(kind)).is_never
    )
    return {
        "counts": [(kind.label, number) for kind, number in counts.most_common()],
        "told": sum(counts.values()),
        "from_day": start.astimezone(person.zone).date(),
        "until_day": end.astimezone(person.zone).date(),
    }
