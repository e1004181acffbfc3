"""Who of an organization hears of an alert, and by which ways."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from apps.accounts import entitlements
from apps.accounts.models import Membership
from apps.alerts.kinds import Cadence, Kind, Severity, Via
from apps.alerts.models import Alert, Channel, Personal, Preference
from apps.alerts.quiet import Quiet, zone_named
from apps.alerts.wishes import ALWAYS_MAILED, Wish, usual_wish
from apps.mail.kinds import Kind as MailKind
from apps.mail.models import OptOut
from apps.tenancy.scope import require_org_id

FEATURES: Final = {via: f"alerts.{via}" for via in Via}
_UTC: Final = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A mailbox or a channel, and how often something goes there."""

    via: Via
    member_id: UUID | None
    channel_id: UUID | None
    cadence: Cadence


@dataclass(frozen=True, slots=True)
class Person:
    """A member, and how they want to be told."""

    member_id: UUID
    user_id: UUID
    email: str
    role: str
    wishes: Mapping[Kind, Wish]
    zone: ZoneInfo
    quiet: Quiet | None
    # Kinds of mail they unsubscribed from, wherever they are a member.
    refused: frozenset[str]

    def wish(self, kind: Kind) -> Wish:
        return self.wishes.get(kind) or usual_wish(kind, self.role)

    def takes_mail(self, kind: Kind) -> bool:
        return self.refused.isdisjoint({kind.value, MailKind.ALERTS.value})


@dataclass(frozen=True, slots=True)
class Audience:
    """Everybody, and every channel that works."""

    people: Mapping[UUID, Person]
    channels: Mapping[UUID, Channel]
    features: frozenset[Via]

    def places(self, alert: Alert) -> Iterator[Place]:
        """Where an alert goes, each once."""
        for person in self.people.values():
            yield from self._places_of(person, alert)
        for channel in self.channels.values():
            if channel.member_id is None and _takes(channel, alert):
                yield _place(channel, Cadence.IMMEDIATE)

    def _places_of(self, person: Person, alert: Alert) -> Iterator[Place]:
        wish = person.wish(alert.about)
        if not wish.wants(alert.grade):
            return
        if wish.email and person.takes_mail(alert.about):
            yield Place(
                Via.EMAIL, person.member_id, None, self._mail_cadence(alert, wish)
            )
        if wish.chat:
            for channel in self.channels.values():
                if channel.member_id == person.member_id:
                    yield _place(channel, wish.cadence)

    def _mail_cadence(self, alert: Alert, wish: Wish) -> Cadence:
        """As wished; a plan with the digest alone keeps it for that."""
        is_mailed = Via.EMAIL in self.features or alert.about in ALWAYS_MAILED
        return wish.cadence if is_mailed else Cadence.WEEKLY

    def readers(self, alert: Alert) -> Iterator[UUID]:
        """The members in whose inbox it is put."""
        for person in self.people.values():
            wish = person.wish(alert.about)
            if wish.in_app and wish.wants(alert.grade):
                yield person.member_id

    def quiet_at(self, place: Place) -> Quiet | None:
        """The quiet hours that hold there: a person's; an organization has none."""
        person = self.person_at(place)
        return person.quiet if person else None

    def zone_at(self, place: Place) -> ZoneInfo:
        person = self.person_at(place)
        return person.zone if person else _UTC

    def person_at(self, place: Place) -> Person | None:
        if place.channel_id is not None:
            owner_id = self.channels[place.channel_id].member_id
            return self.people.get(owner_id) if owner_id else None
        return self.people.get(place.member_id) if place.member_id else None


def load_audience() -> Audience:
    """The audience of the organization in scope, as it is now."""
    org_id = require_org_id()
    features = {via for via in Via if entitlements.allows(org_id, FEATURES[via])}
    channels = Channel.objects.filter(is_enabled=True, via__in=sorted(features))
    return Audience(
        load_people(), {row.id: row for row in channels}, frozenset(features)
    )


def load_people(member_ids: Iterable[UUID] | None = None) -> dict[UUID, Person]:
    """The organization's members, all or these, with what they chose."""
    members = Membership.objects.select_related("user").order_by("id")
    if member_ids is not None:
        members = members.filter(id__in=list(member_ids))
    found = list(members)
    wishes = _wishes([member.id for member in found])
    personal = {row.member_id: row for row in Personal.objects.all()}
    refused = _refused([member.user_id for member in found])
    return {
        member.id: _person(
            member, wishes[member.id], personal.get(member.id), refused[member.user_id]
        )
        for member in found
    }


def wish_of(row: Preference) -> Wish:
    severity, cadence = Severity(row.min_severity), Cadence(row.cadence)
    return Wish(row.in_app, row.email, row.chat, severity, cadence)


def quiet_of(row: Personal | None) -> Quiet | None:
    if row is None or row.quiet_from is None or row.quiet_until is None:
        return None
    breaks = None if row.quiet_breaks is None else Severity(row.quiet_breaks)
    return Quiet(zone_named(row.time_zone), row.quiet_from, row.quiet_until, breaks)


def _person(
    member: Membership,
    wishes: Mapping[Kind, Wish],
    personal: Personal | None,
    refused: Iterable[str],
) -> Person:
    return Person(
        member_id=member.id,
        user_id=member.user_id,
        email=member.user.email,
        role=member.role,
        wishes=wishes,
        zone=zone_named(personal.time_zone) if personal else _UTC,
        quiet=quiet_of(personal),
        refused=frozenset(refused),
    )


def _wishes(member_ids: Iterable[UUID]) -> Mapping[UUID, Mapping[Kind, Wish]]:
    rows = Preference.objects.filter(member_id__in=list(member_ids))
    found: dict[UUID, dict[Kind, Wish]] = defaultdict(dict)
    for row in rows:
        found[row.member_id][Kind(row.kind)] = wish_of(row)
    return found


def _refused(user_ids: Iterable[UUID]) -> Mapping[UUID, set[str]]:
    found: dict[UUID, set[str]] = defaultdict(set)
    rows = OptOut.objects.filter(user_id__in=list(user_ids))
    for user_id, kind in rows.values_list("user_id", "kind"):
        found[user_id].add(kind)
    return found


def _takes(channel: Channel, alert: Alert) -> bool:
    is_wanted = not channel.kinds or alert.kind in channel.kinds
    return is_wanted and alert.severity >= channel.min_severity


def _place(channel: Channel, cadence: Cadence) -> Place:
    return Place(Via(channel.via), None, channel.id, cadence)
