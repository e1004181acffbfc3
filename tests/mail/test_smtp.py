"""Mail over a real SMTP server: delivered, refused for now, refused for good."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail as django_mail
from django.core.management import CommandError, call_command
from django.db import transaction

from apps.jobs.models import Message
from apps.mail import services
from config.env import EnvError, mailer
from tests.mail.conftest import Inbox, smtp_mailer

pytestmark = pytest.mark.django_db(transaction=True)
type Outbox = Callable[[], list[Message]]


def _send(to: str = "olga@example.com", **options: Any) -> None:
    services.send(
        "password_reset_key",
        to=to,
        context={"password_reset_url": "https://modeloptix.test/r/secret-link"},
        **options,
    )


def test_a_mail_arrives_with_text_and_html(smtp: Inbox, messages: Outbox) -> None:
    _send()
    (message,) = messages()

    (mail,) = smtp.taken
    assert message.state == Message.State.DELIVERED
    assert mail["To"] == "olga@example.com"
    assert mail["Subject"] == "Choose a new password for ModelOptix"
    assert mail["Message-ID"] == f"<{message.id}@testserver>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] is None
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        assert "https://modeloptix.test/r/secret-link" in body.get_content()


def test_nothing_is_sent_for_a_transaction_that_fails(
    smtp: Inbox, messages: Outbox
) -> None:
    with transaction.atomic():
        _send()
        transaction.set_rollback(True)

    assert messages() == []
    assert smtp.taken == []


def test_each_recipient_gets_a_mail_of_their_own(smtp: Inbox, messages: Outbox) -> None:
    services.send(
        "login_code", to=["olga@example.com", "adam@example.com"], context={"code": "1"}
    )

    assert sorted(mail["To"] for mail in smtp.taken) == [
        "adam@example.com",
        "olga@example.com",
    ]


def test_greylisting_is_waited_out(
    smtp: Inbox, messages: Outbox, again: Outbox
) -> None:
    smtp.answers = ["451 4.7.1 Come back later", "421 Busy"]
    _send()

    (first,) = messages()
    assert (first.state, smtp.taken) == (Message.State.WAITING, [])
    assert "451" in first.error
    again()
    (third,) = again()

    assert third.state == Message.State.DELIVERED
    assert [mail["Message-ID"] for mail in smtp.taken] == [f"<{first.id}@testserver>"]


@pytest.mark.parametrize("place", ["recipient", "content"])
def test_a_refusal_for_good_is_not_tried_again_and_is_shown(
    smtp: Inbox, messages: Outbox, place: str
) -> None:
    if place == "recipient":
        smtp.refused_recipients["olga@example.com"] = "550 5.1.1 No such user"
    else:
        smtp.answers = ["554 5.7.1 Spam"]
    _send()

    (message,) = messages()

    assert message.state == Message.State.DEAD
    assert "55" in message.error
    assert smtp.taken == []


def test_a_server_without_tls_gets_nothing_in_clear(
    smtp: Inbox, messages: Outbox, settings: Any
) -> None:
    settings.MAILERS = {"default": smtp_mailer(smtp.port, use_tls=True)}
    _send()

    (message,) = messages()

    assert message.state == Message.State.WAITING
    assert "STARTTLS" in message.error
    assert smtp.taken == []


def test_a_server_that_is_away_is_tried_again(
    smtp: Inbox, messages: Outbox, again: Outbox, settings: Any
) -> None:
    settings.MAILERS = {"default": smtp_mailer(1)}
    _send()
    (waiting,) = messages()
    settings.MAILERS = {"default": smtp_mailer(smtp.port)}
    (sent,) = again()

    assert (waiting.state, sent.state) == ("waiting", "delivered")


def test_the_outbox_holds_no_link_that_could_be_used(
    smtp: Inbox, messages: Outbox
) -> None:
    smtp.answers = ["451 Later"]
    _send()

    (message,) = messages()
    assert "secret-link" not in str(message.payload)
    assert message.payload["to"] == "olga@example.com"


@pytest.mark.parametrize(
    "to", ["olga@example.com\nBcc: all@example.com", "olga@example.com\r\nX: y"]
)
def test_an_address_cannot_smuggle_in_a_header(to: str) -> None:
    with pytest.raises(services.HeaderError):
        _send(to)


def test_a_name_cannot_smuggle_in_a_header_or_a_link(settings: Any) -> None:
    context: dict[str, Any] = {"org_name": "Acme\nBcc: all@example.com", "url": "u"}
    services.send("deletion_undone", to="olga@example.com", context=context)
    context["org_name"] = "www.evil.example"
    services.send("deletion_undone", to="olga@example.com", context=context)

    first, second = django_mail.outbox
    assert first.subject.startswith("Acme Bcc")
    assert "Bcc" not in first.message()
    assert "www.evil.example" not in f"{second.subject} {second.body}"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.test", (587, False, True)),
        ("smtp://mail.test:25", (25, False, False)),
        ("smtp://mail.test:2525?starttls=yes", (2525, False, True)),
        ("smtp://mail.test:587?starttls=no", (587, False, False)),
        ("smtps://mail.test", (465, True, False)),
    ],
)
def test_how_a_server_is_spoken_to(url: str, expected: tuple[Any, ...]) -> None:
    options: Any = mailer("EMAIL_URL", url)["OPTIONS"]

    assert (options["port"], options["use_ssl"], options["use_tls"]) == expected


def test_a_mistyped_server_stops_the_start() -> None:
    with pytest.raises(EnvError, match="starttls"):
        mailer("EMAIL_URL", "smtp://mail.test?starttls=maybe")


def test_a_test_mail_says_what_the_server_says(
    smtp: Inbox, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("send_test_mail", "olga@example.com")
    assert [mail["To"] for mail in smtp.taken] == ["olga@example.com"]
    assert "was taken by" in capsys.readouterr().out

    smtp.answers = ["554 5.7.1 Not from there"]
    with pytest.raises(CommandError, match="Not from there"):
        call_command("send_test_mail", "olga@example.com")
