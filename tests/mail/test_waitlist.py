"""The waitlist through a real mail server: asked, confirmed, left by its links."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.jobs.models import Message
from apps.web.models import WaitlistEntry
from tests.mail.conftest import Inbox

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_place_is_confirmed_and_given_up_by_mail(
    smtp: Inbox, messages: Callable[[], list[Message]], client: Client, settings: Any
) -> None:
    settings.SIGN_UP = "waitlist"
    client.post("/waitlist/", {"email": "ina@example.com"})
    (message,) = messages()

    (received,) = smtp.taken
    body = received.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    (confirm,) = re.findall(r"/waitlist/confirm/[\w-]+/", text)
    # The outbox keeps no link that could be used.
    assert confirm not in str(message.payload)
    assert received["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    client.post(confirm)
    assert WaitlistEntry.objects.get().confirmed_at

    (leave,) = re.findall(r"<https?://[^/]+(/[^>]+)>", received["List-Unsubscribe"])
    client.post(leave, {"List-Unsubscribe": "One-Click"})
    assert not WaitlistEntry.objects.exists()
