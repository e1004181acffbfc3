"""Mail through Resend's API, on a server of ours that speaks it."""

from collections.abc import Callable

import pytest

from apps.jobs.models import Message
from apps.mail import services
from config.env import resend as resend_mailer
from tests.mail.conftest import Resend

pytestmark = pytest.mark.django_db(transaction=True)
type Outbox = Callable[[], list[Message]]


def _send() -> None:
    services.send(
        "login_code",
        to="olga@example.com",
        context={"code": "ABC123"},
        unsubscribe_url="https://modeloptix.test/mail/unsubscribe/t/",
    )


def test_a_mail_is_handed_over_whole(resend: Resend, messages: Outbox) -> None:
    _send()
    (message,) = messages()

    (taken,) = resend.taken
    assert message.state == Message.State.DELIVERED
    assert taken["to"] == ["olga@example.com"]
    assert "ABC123" in taken["text"]
    assert "ABC123" in taken["html"]
    assert taken["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert list(resend.keys) == [f"{message.id}@testserver"]


def test_a_crash_after_it_was_taken_sends_no_second_one(
    resend: Resend, messages: Outbox, again: Outbox
) -> None:
    resend.breaks_after = 1
    _send()

    (first,) = messages()
    (second,) = again()

    assert (first.state, second.state) == ("waiting", "delivered")
    assert len(resend.taken) == 1


@pytest.mark.parametrize("status", [401, 403, 409, 429, 500, 503])
def test_what_may_pass_is_tried_again(
    resend: Resend, messages: Outbox, again: Outbox, status: int
) -> None:
    resend.answers = [(status, {"name": "error", "message": "Not now"})]
    _send()

    (first,) = messages()
    (second,) = again()

    assert (first.state, second.state) == ("waiting", "delivered")


@pytest.mark.parametrize("status", [400, 422])
def test_what_is_refused_for_good_is_given_up(
    resend: Resend, messages: Outbox, status: int
) -> None:
    resend.answers = [(status, {"name": "validation_error", "message": "Bad address"})]
    _send()

    (message,) = messages()

    assert message.state == Message.State.DEAD
    assert "Bad address" in message.error


def test_the_key_is_not_in_what_is_shown(resend: Resend, messages: Outbox) -> None:
    resend.answers = [(500, {"message": "no"})]
    _send()

    (message,) = messages()

    assert "re_test" not in message.error


def test_another_address_of_the_api_can_be_set() -> None:
    assert "api_url" not in str(resend_mailer("k", ""))
    assert "http://fake" in str(resend_mailer("k", "http://fake"))
