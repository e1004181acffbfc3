"""A waiting message's moment has come: what is in it is final, and it goes.

One transaction closes the message and posts what follows, so a worker that dies leaves
either a message that still waits or one that is on its way. Mails go to the outbox of
`apps.mail`; for channels the body is written down, because every try sends the same.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from urllib.parse import urljoin
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.text import Truncator

from apps.accounts import entitlements
from apps.accounts.models import Organization
from apps.alerts import mailing, wording
from apps.alerts.audience import FEATURES, Person, load_people
from apps.alerts.kinds import Cadence, Severity, Via
from apps.alerts.models import Alert, Channel, Delivery, Parcel
from apps.alerts.routing import move, set_timer
from apps.alerts.wording import Letter, Told
from apps.jobs import outbox
from apps.kit.clock import utc_now
from apps.tenancy.scope import require_org_id

TRY: Final = "alerts.try"
# A webhook's message has so many alerts at the most; a burst of more is several.
MOST_IN_WEBHOOK: Final = 200
_SHAPES: Final = {
    Via.WEBHOOK: wording.webhook,
    Via.SLACK: wording.slack,
    Via.DISCORD: wording.discord,
}


def leave(delivery_id: UUID) -> bool:
    """Send a message on its way; False when it is gone already, or not due yet."""
    delivery = _locked(delivery_id)
    if delivery is None:
        return False
    now = utc_now()
    if delivery.due_at > now:
        # Put off meanwhile, or this timer was early by the difference of two clocks.
        set_timer(delivery.id, delivery.due_at)
        return False
    alerts = _alerts_in(delivery)
    person = _person_at(delivery)
    if _is_put_off(delivery, alerts, person, now):
        return False
    if delivery.member_id is not None:
        mailing.mail(delivery, alerts, person, now)
    else:
        _hand_over(delivery, alerts, now)
    return True


def _locked(delivery_id: UUID) -> Delivery | None:
    rows = Delivery.objects.select_for_update(of=("self",))
    return rows.filter(id=delivery_id, state=Delivery.State.COLLECTING).first()


def _alerts_in(delivery: Delivery) -> list[Alert]:
    ids = Parcel.objects.filter(delivery=delivery).values("alert_id")
    return list(Alert.objects.filter(id__in=ids).order_by("created_at", "id"))


def _person_at(delivery: Delivery) -> Person | None:
    """Whose mailbox or own channel it goes to; None for the organization's."""
    member_id = delivery.member_id
    if delivery.channel_id is not None:
        channel = Channel.objects.filter(id=delivery.channel_id)
        member_id = channel.values_list("member_id", flat=True).first()
    return load_people([member_id]).get(member_id) if member_id else None


def _is_put_off(
    delivery: Delivery, alerts: Sequence[Alert], person: Person | None, now: datetime
) -> bool:
    """Whether quiet hours hold it, as they are set by now; it leaves at their end."""
    if person is None or person.quiet is None:
        return False
    if delivery.cadence != Cadence.IMMEDIATE or not alerts:
        return False
    worst = Severity(max(alert.severity for alert in alerts))
    due_at = person.quiet.release(now, worst)
    if due_at <= now:
        return False
    move(delivery, due_at)
    return True


def _hand_over(delivery: Delivery, alerts: Sequence[Alert], now: datetime) -> None:
    channels = Channel.objects.filter(deliveries=delivery, is_enabled=True)
    if not alerts or not channels.exists() or not _may(FEATURES[Via(delivery.via)]):
        drop(delivery, now)
        return
    if Via(delivery.via) != Via.WEBHOOK:
        start(delivery, alerts, now)
        return
    for position in range(0, len(alerts), MOST_IN_WEBHOOK):
        part = alerts[position : position + MOST_IN_WEBHOOK]
        start(_part(delivery, part, position, now), part, now)


def _may(feature: str) -> bool:
    return entitlements.allows(require_org_id(), feature)


def _part(
    delivery: Delivery, alerts: Sequence[Alert], position: int, now: datetime
) -> Delivery:
    """The message itself for its first part; for a further one another beside it."""
    if position == 0:
        return delivery
    further = Delivery.objects.create(
        via=delivery.via,
        channel_id=delivery.channel_id,
        cadence=delivery.cadence,
        state=Delivery.State.SENDING,
        opened_at=delivery.opened_at,
        due_at=now,
    )
    moved = Parcel.objects.filter(delivery=delivery, alert__in=alerts)
    moved.update(delivery=further)
    return further


def start(delivery: Delivery, alerts: Sequence[Alert], now: datetime) -> None:
    """Write down what is sent, and post the first try."""
    write_down(delivery, alerts, now)
    post_try(delivery, 1)


def write_down(delivery: Delivery, alerts: Sequence[Alert], now: datetime) -> None:
    letter = letter_of(delivery, alerts, now)
    delivery.title = Truncator(letter.title).chars(300)
    delivery.body = _SHAPES[Via(delivery.via)](letter)
    delivery.alert_count = len(alerts)
    delivery.state = Delivery.State.SENDING
    delivery.due_at = delivery.closed_at = now
    delivery.save()


def post_try(
    delivery: Delivery,
    number: int,
    *,
    due_at: datetime | None = None,
    is_by_hand: bool = False,
) -> None:
    outbox.post(
        TRY,
        {"delivery": str(delivery.id), "number": number, "by_hand": is_by_hand},
        org_id=require_org_id(),
        due_at=due_at,
    )


def drop(delivery: Delivery, now: datetime) -> None:
    delivery.state, delivery.closed_at = Delivery.State.DROPPED, now
    delivery.finished_at = now
    delivery.save(update_fields=["state", "closed_at", "finished_at"])


def letter_of(delivery: Delivery, alerts: Sequence[Alert], now: datetime) -> Letter:
    return Letter(
        id=str(delivery.id),
        org_id=str(require_org_id()),
        org_name=Organization.objects.get().name,
        created_at=now,
        inbox_url=settings.SITE_URL + reverse("alerts:inbox"),
        alerts=tuple(told_of(alert) for alert in alerts),
        is_test=delivery.is_test,
    )


def told_of(alert: Alert) -> Told:
    return Told(
        id=str(alert.id),
        kind=alert.about,
        severity=alert.grade,
        title=alert.title,
        body=alert.body,
        url=urljoin(settings.SITE_URL, alert.url) if alert.url else "",
        subject=alert.subject,
        created_at=alert.created_at,
        data=alert.data,
    )
