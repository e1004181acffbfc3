"""The operator's log in the admin: read by staff, changed by nobody."""

import pytest
from django.urls import reverse

from apps.audit.actor import Actor, Via, acting
from apps.audit.models import OperatorEntry
from apps.audit.services import record
from tests.accounts.staff import staff_client

pytestmark = pytest.mark.django_db(transaction=True)


def test_staff_read_what_was_done_and_change_nothing() -> None:
    with acting(Actor(via=Via.ADMIN, email="ed@example.com", ip="192.0.2.9")):
        record(
            "model.changed",
            subject="model",
            subject_id="a/b",
            before={"name": "Old name"},
            after={"name": "New name"},
            org_id=None,
        )
    entry = OperatorEntry.objects.get(action="model.changed")
    client = staff_client()
    one = reverse("admin:audit_operatorentry_change", args=[entry.id])

    listed = client.get(reverse("admin:audit_operatorentry_changelist"))
    assert "model.changed" in listed.content.decode()
    text = client.get(one).content.decode()
    for part in ("Old name", "New name", "ed@example.com", "192.0.2.9"):
        assert part in text
    assert client.post(one, {"action": "x"}).status_code == 403
    delete = reverse("admin:audit_operatorentry_delete", args=[entry.id])
    assert client.post(delete, {"post": "yes"}).status_code == 403
