"""See to it that everybody who wants a weekly digest has one coming.

The digest is the weekly message that collects alerts anyway. Where none has come it
is opened ahead of its Monday all the same, so that "all quiet" is sent too. One row a
person and Monday: whatever dies or runs twice, it goes out once.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from apps.accounts.models import Membership
from apps.alerts.audience import Audience, Place, load_people
from apps.alerts.kinds import Cadence, Via
from apps.alerts.mailing import wants_digest
from apps.alerts.models import Delivery
from apps.alerts.quiet import next_monday
from apps.alerts.routing import lock_organization, open_delivery
from apps.jobs.lock import Held
from apps.kit.clock import utc_now
from apps.tenancy.scope import scope, unscoped

# Ahead of Monday 09:00: longer than the job may stand still over a weekend.
AHEAD: Final = timedelta(days=4)


def open_digests(held: Held) -> str:
    """Open what is due within four days, organization by organization."""
    with unscoped("a weekly digest is for the members of every organization"):
        orgs = sorted(set(Membership.objects.values_list("org_id", flat=True)))
    opened = 0
    for number, org_id in enumerate(orgs, 1):
        held.check()
        with scope(org_id), transaction.atomic():
            opened += _open_for_organization()
        held.advance(None, number, len(orgs))
    return f"{opened} digests opened"


def _open_for_organization() -> int:
    now = utc_now()
    people = {
        member_id: person
        for member_id, person in load_people().items()
        if wants_digest(person) and next_monday(now, person.zone) - now <= AHEAD
    }
    if not people:
        return 0
    lock_organization()
    missing = set(people) - _have_one()
    audience = Audience(people, {}, frozenset())
    for member_id in sorted(missing):
        place = Place(Via.EMAIL, member_id, None, Cadence.WEEKLY)
        due_at = next_monday(now, people[member_id].zone)
        open_delivery(place, due_at, now, audience)
    return len(missing)


def _have_one() -> set[UUID | None]:
    waiting = Delivery.objects.filter(
        cadence=Cadence.WEEKLY, state=Delivery.State.COLLECTING
    )
    return set(waiting.values_list("member_id", flat=True))
