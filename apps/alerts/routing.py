"""Put new alerts into the inboxes, and into the messages that wait to leave.

Runs in one transaction with the mark that the alerts are routed, under a lock of the
organization: an alert is handed on whole and once, however many workers there are and
whenever one of them dies.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Max, Q

from apps.alerts.audience import Audience, Place, load_audience
from apps.alerts.folding import joined
from apps.alerts.kinds import Cadence, Severity
from apps.alerts.models import Alert, Delivery, Notice, Parcel
from apps.alerts.quiet import next_monday, next_morning
from apps.alerts.services import ROUTE
from apps.jobs import outbox
from apps.kit.clock import utc_now
from apps.tenancy.scope import require_org_id

LEAVE: Final = "alerts.leave"
# Alerts in one transaction; a burst of more takes several.
BATCH: Final = 500
_FOLLOWING: Final = {Cadence.DAILY: next_morning, Cadence.WEEKLY: next_monday}


def route() -> int:
    """Hand on what is new in the organization in scope; returns how many alerts."""
    lock_organization()
    alerts = list(
        Alert.objects.filter(routed_at=None).order_by("created_at", "id")[:BATCH]
    )
    if not alerts:
        return 0
    audience, now = load_audience(), utc_now()
    _fill_inboxes(audience, alerts)
    boxes: dict[Place, list[Alert]] = defaultdict(list)
    for alert in alerts:
        for place in audience.places(alert):
            boxes[place].append(alert)
    for place in sorted(boxes, key=str):
        _collect(audience, place, boxes[place], now)
    Alert.objects.filter(id__in=[a.id for a in alerts]).update(routed_at=now)
    if len(alerts) == BATCH:
        outbox.post(ROUTE, {}, org_id=require_org_id())
    return len(alerts)


def lock_organization() -> None:
    """Let one transaction at a time open messages of this organization."""
    with connection.cursor() as cursor:
        place = f"alerts|{require_org_id()}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [place])


def _fill_inboxes(audience: Audience, alerts: Sequence[Alert]) -> None:
    notices = [
        Notice(alert=alert, member_id=member_id, created_at=alert.created_at)
        for alert in alerts
        for member_id in audience.readers(alert)
    ]
    Notice.objects.bulk_create(notices, ignore_conflicts=True, batch_size=1000)


def _collect(
    audience: Audience, place: Place, alerts: Sequence[Alert], now: datetime
) -> None:
    """Add alerts to the message that waits for this place, or open one."""
    worst = Severity(max(alert.severity for alert in alerts))
    waiting = collecting(place)
    due_at = _due_at(audience, place, worst, waiting, now)
    delivery = waiting or open_delivery(place, due_at, now, audience)
    parcels = [Parcel(delivery=delivery, alert=alert) for alert in alerts]
    Parcel.objects.bulk_create(parcels, ignore_conflicts=True, batch_size=1000)
    if due_at < delivery.due_at:
        move(delivery, due_at)


def collecting(place: Place) -> Delivery | None:
    """The message that waits for a place, locked: it cannot leave meanwhile."""
    rows = Delivery.objects.select_for_update(of=("self",)).filter(
        _at(place), state=Delivery.State.COLLECTING, cadence=place.cadence
    )
    return rows.first()


def _at(place: Place) -> Q:
    return Q(member_id=place.member_id, channel_id=place.channel_id)


def _due_at(
    audience: Audience,
    place: Place,
    worst: Severity,
    waiting: Delivery | None,
    now: datetime,
) -> datetime:
    following = _FOLLOWING.get(place.cadence)
    if following:
        zone = audience.zone_at(place)
        return waiting.due_at if waiting else following(now, zone)
    return joined(
        waiting.due_at if waiting else None,
        now,
        worst,
        fold=timedelta(seconds=settings.ALERT_FOLD_S),
        last_left=_last_left(place),
        quiet=audience.quiet_at(place),
    )


def _last_left(place: Place) -> datetime | None:
    left = Delivery.objects.filter(
        _at(place), cadence=Cadence.IMMEDIATE, is_test=False
    ).exclude(state=Delivery.State.DROPPED)
    found: datetime | None = left.aggregate(at=Max("closed_at"))["at"]
    return found


def open_delivery(
    place: Place, due_at: datetime, now: datetime, audience: Audience
) -> Delivery:
    """A new message to a place, and the timer at whose end it leaves."""
    period, zone = None, audience.zone_at(place)
    following = _FOLLOWING.get(place.cadence)
    if following and place.member_id:
        # Who moves to another time zone may have had this morning's already.
        while _is_taken(place, period := due_at.astimezone(zone).date()):
            due_at = following(due_at, zone)
    delivery = Delivery.objects.create(
        via=place.via,
        member_id=place.member_id,
        channel_id=place.channel_id,
        cadence=place.cadence,
        opened_at=now,
        due_at=due_at,
        period=period,
    )
    set_timer(delivery.id, due_at)
    return delivery


def _is_taken(place: Place, period: date) -> bool:
    taken = Delivery.objects.filter(
        member_id=place.member_id, cadence=place.cadence, period=period
    )
    return taken.exists()


def move(delivery: Delivery, due_at: datetime) -> None:
    """Let a waiting message leave at another moment."""
    delivery.due_at = due_at
    delivery.save(update_fields=["due_at"])
    set_timer(delivery.id, due_at)


def set_timer(delivery_id: UUID, due_at: datetime) -> None:
    outbox.post(
        LEAVE,
        {"delivery": str(delivery_id)},
        org_id=require_org_id(),
        due_at=due_at,
    )
