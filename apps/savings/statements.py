"""The monthly statement: the ledger's sums of a month, by mail, once."""

from datetime import date, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from apps.accounts.models import Organization
from apps.alerts.audience import Person, load_people
from apps.alerts.kinds import Kind
from apps.mail import services as mail
from apps.mail.kinds import Kind as MailKind
from apps.savings.models import Statement
from apps.savings.queries import by_use_case, lifetime, rows, totals
from apps.tenancy.scope import require_org_id

MOST_LINES: Final = 10


def month_before(today: date) -> tuple[date, date]:
    """The first and the last day of the month before this one."""
    last = today.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


def send(first: date, last: date) -> bool:
    """Mail a month's statement to who wants it; False when it is out already, or when
    days of it are not closed yet.
    """
    if rows(first, last).filter(closed_at__isnull=True).exists():
        return False
    with transaction.atomic():
        _, is_new = Statement.objects.get_or_create(month=first)
        if is_new:
            _mail(first, last)
    return is_new


def _wants(person: Person) -> bool:
    """By the person's own preferences: owners, unless they or others chose."""
    wish = person.wish(Kind.SAVINGS)
    return wish.email and not wish.is_never and person.takes_mail(Kind.SAVINGS)


def _mail(first: date, last: date) -> None:
    people = [one for one in load_people().values() if _wants(one)]
    lines = by_use_case(first, last)
    address = reverse("savings:home")
    mail.notify(
        "savings_statement",
        kind=MailKind.SAVINGS,
        people={one.user_id: one.email for one in people},
        context={
            "org_name": Organization.objects.get().name,
            "month": first,
            "totals": totals(first, last),
            "lines": lines[:MOST_LINES],
            "more": max(0, len(lines) - MOST_LINES),
            "lifetime": lifetime(),
            "url": f"{settings.SITE_URL}{address}?from={first}&to={last}&range=custom",
        },
        org_id=require_org_id(),
    )
