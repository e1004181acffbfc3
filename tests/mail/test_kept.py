"""A development installation keeps its mail for `/dev/mail/`."""

import stat
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from apps.mail import kept, services


@pytest.fixture
def development(settings: Any, tmp_path: Path) -> Path:
    settings.DEBUG = True
    settings.DATA_DIR = tmp_path
    return tmp_path / "mail"


def _send(code: str) -> None:
    services.send("login_code", to="olga@example.com", context={"code": code})


def test_kept_mail_is_for_this_user_alone(development: Path) -> None:
    _send("first")
    (file,) = development.iterdir()

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(development.stat().st_mode) == 0o700


def test_only_the_latest_mails_are_kept(
    development: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MOST_KEPT", 2)
    for code in ("first", "second", "third"):
        _send(code)

    newest, oldest = kept.kept_messages()
    assert "third" in newest.text
    assert "second" in oldest.html


def test_nothing_is_kept_in_production(development: Path, settings: Any) -> None:
    settings.DEBUG = False
    _send("first")

    assert kept.kept_messages() == []


def test_the_pages_show_what_was_sent(development: Path, client: Client) -> None:
    assert b"No mail" in client.get("/dev/mail/").content
    _send("first<b>")
    (message,) = kept.kept_messages()
    page = client.get(f"/dev/mail/{message.name}/")
    html = client.get(f"/dev/mail/{message.name}/html/")

    assert message.name.encode() in client.get("/dev/mail/").content
    assert b"first&lt;b&gt;" in page.content
    assert b"Message-ID" in page.content
    assert b"first&lt;b&gt;" in html.content


def test_the_html_of_a_mail_runs_nothing(development: Path, client: Client) -> None:
    _send("first")
    (message,) = kept.kept_messages()
    answer = client.get(f"/dev/mail/{message.name}/html/")

    policy = answer.headers["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize("path", ["", "nothing/", "nothing/html/"])
def test_the_pages_are_not_there_in_production(client: Client, path: str) -> None:
    assert client.get(f"/dev/mail/{path}").status_code == 404
