"""Mail without a mail server: printed, and kept for the page under DEBUG."""

import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.test import Client

from apps.accounts import mail


@pytest.fixture
def development(settings: Any, tmp_path: Path) -> Path:
    settings.DEBUG = True
    settings.DATA_DIR = tmp_path
    return tmp_path / "mail"


def _send(subject: str) -> None:
    message = EmailMultiAlternatives(
        subject, f"Text of {subject}, café", to=["olga@example.com"]
    )
    message.attach_alternative("<p>Other</p>", "text/html")
    assert mail.KeptMail(alias="default").send_messages([message]) == 1


def test_mail_is_printed_and_kept(
    development: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _send("First")
    _send("Second")

    newest, oldest = mail.kept_messages()
    assert (newest.subject, oldest.subject) == ("Second", "First")
    assert newest.to == "olga@example.com"
    assert newest.text == "Text of Second, café\n"
    assert "Subject: First" in capsys.readouterr().out


def test_kept_mail_is_for_this_user_alone(development: Path) -> None:
    _send("First")
    (file,) = development.iterdir()

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(development.stat().st_mode) == 0o700


def test_only_the_latest_mails_are_kept(
    development: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "MOST_KEPT", 2)
    for subject in ("First", "Second", "Third"):
        _send(subject)

    assert [m.subject for m in mail.kept_messages()] == ["Third", "Second"]


def test_nothing_is_kept_in_production(development: Path, settings: Any) -> None:
    settings.DEBUG = False
    _send("First")

    assert mail.kept_messages() == []


def test_the_page_shows_what_was_sent(development: Path, client: Client) -> None:
    assert b"No mail" in client.get("/dev/mail/").content
    _send("First")

    assert b"Text of First" in client.get("/dev/mail/").content


def test_the_page_is_not_there_in_production(client: Client) -> None:
    assert client.get("/dev/mail/").status_code == 404
