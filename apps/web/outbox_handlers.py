"""What the outbox hands to the pages' app: telling staff what jobs found wrong."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from apps.accounts.models import Staff, User
from apps.jobs.outbox import handles
from apps.jobs.watch import TOPIC
from apps.mail.services import send


@handles(TOPIC, exactly_once_in="default")
def tell_staff(payload: dict[str, Any], *, message_id: UUID) -> None:
    """Mail an incident to whoever runs this installation, once."""
    context = {
        "subject_line": payload["subject"],
        "problem": payload["problem"],
        "url": settings.SITE_URL + reverse("web:jobs"),
    }
    send("job_incident", to=_staff(), context=context)


def _staff() -> list[str]:
    people = User.objects.filter(id__in=Staff.objects.values("user_id"))
    addresses = {*people.values_list("email", flat=True), *settings.ADMINS}
    return sorted(addresses)
