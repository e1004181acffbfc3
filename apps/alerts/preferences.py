"""Writes of what a person wants to be told, and when to be left alone."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import time
from uuid import UUID

from django.db import transaction

from apps.accounts.models import Membership
from apps.alerts.audience import Person, load_people
from apps.alerts.kinds import Cadence, Kind, Severity
from apps.alerts.models import Delivery, Personal, Preference
from apps.alerts.quiet import next_monday, next_morning
from apps.alerts.routing import lock_organization, move
from apps.alerts.wishes import Wish
from apps.kit.clock import utc_now
from apps.kit.errors import NotFoundError
from apps.mail import unsubscribe
from apps.mail.kinds import Kind as MailKind


@dataclass(frozen=True, slots=True)
class Times:
    """When somebody is to be left alone, by the clock where they are."""

    time_zone: str = "UTC"
    quiet_from: time | None = None
    quiet_until: time | None = None
    quiet_breaks: Severity | None = Severity.URGENT


def person_of(member: Membership) -> Person:
    person = load_people([member.id]).get(member.id)
    if person is None:
        raise NotFoundError("There is no such member.")
    return person


def times_of(member: Membership) -> Times:
    row = Personal.objects.filter(member=member).first()
    if row is None:
        return Times()
    breaks = None if row.quiet_breaks is None else Severity(row.quiet_breaks)
    return Times(row.time_zone, row.quiet_from, row.quiet_until, breaks)


def wishes_of(person: Person) -> dict[Kind, Wish]:
    """Every kind, as it holds: a mail that somebody unsubscribed from is off."""
    found = {kind: person.wish(kind) for kind in Kind}
    return {
        kind: wish if person.takes_mail(kind) else replace(wish, email=False)
        for kind, wish in found.items()
    }


@transaction.atomic
def save(member: Membership, wishes: Mapping[Kind, Wish], times: Times) -> None:
    """Set everything a person wants; a kind whose mail they ask for is mailed again."""
    lock_organization()
    before = person_of(member)
    for kind, wish in wishes.items():
        Preference.objects.update_or_create(
            member=member,
            kind=kind,
            defaults={
                "in_app": wish.in_app,
                "email": wish.email,
                "chat": wish.chat,
                "min_severity": wish.min_severity,
                "cadence": wish.cadence,
            },
        )
        if wish.email:
            _mail_again(member.user_id, kind)
    if any(wish.email for wish in wishes.values()):
        _mail_again(member.user_id, MailKind.ALERTS)
    Personal.objects.update_or_create(
        member=member,
        defaults={
            "time_zone": times.time_zone,
            "quiet_from": times.quiet_from,
            "quiet_until": times.quiet_until,
            "quiet_breaks": times.quiet_breaks,
        },
    )
    after = person_of(member)
    if after.zone != before.zone:
        _move_mornings(after)


def _mail_again(user_id: UUID, kind: Kind | MailKind) -> None:
    unsubscribe.subscribe(unsubscribe.Subscription(user_id, MailKind(kind.value)))


def _move_mornings(person: Person) -> None:
    """The daily and weekly mails that wait leave at 09:00 of the new zone."""
    now = utc_now()
    for cadence, following in (
        (Cadence.DAILY, next_morning),
        (Cadence.WEEKLY, next_monday),
    ):
        waiting = Delivery.objects.select_for_update(of=("self",)).filter(
            member_id=person.member_id,
            cadence=cadence,
            state=Delivery.State.COLLECTING,
        )
        for delivery in waiting:
            due_at = following(now, person.zone)
            period = due_at.astimezone(person.zone).date()
            same = Delivery.objects.filter(
                member_id=person.member_id, cadence=cadence, period=period
            )
            if same.exclude(id=delivery.id).exists():
                # This morning's went out in the old zone already.
                due_at = following(due_at, person.zone)
                period = due_at.astimezone(person.zone).date()
            delivery.period = period
            delivery.save(update_fields=["period"])
            move(delivery, due_at)
