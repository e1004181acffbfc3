"""The demo account: made once, kept, and made anew when its file is lost."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from apps.accounts.keys import digest, resolve
from apps.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "demo.json"


def _seed(file: Path) -> dict[str, Any]:
    call_command("seed_demo", file=file)
    facts: dict[str, Any] = json.loads(file.read_text())
    return facts


def test_the_file_holds_all_it_takes_to_sign_in_and_call(
    file: Path, client: Client
) -> None:
    facts = _seed(file)

    assert set(facts) == {
        "url",
        "email",
        "password",
        "live_key",
        "test_key",
        "organization",
    }
    assert facts["url"] == "http://testserver"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    answer = client.post(
        "/accounts/login/", {"login": facts["email"], "password": facts["password"]}
    )
    assert answer.status_code == 302
    callers = [resolve(digest(facts[name])) for name in ("live_key", "test_key")]
    assert [caller.is_test for caller in callers if caller] == [False, True]


def test_a_second_run_changes_nothing(file: Path) -> None:
    assert _seed(file) == _seed(file)


@pytest.mark.parametrize("loss", ["", "[]", "{}", None])
def test_a_lost_file_makes_new_secrets_and_ends_the_old_ones(
    file: Path, loss: str | None
) -> None:
    before = _seed(file)
    if loss is None:
        file.unlink()
    else:
        file.write_text(loss)

    after = _seed(file)

    assert User.objects.count() == 1
    assert after["organization"] == before["organization"]
    assert not {before["password"], before["live_key"]} & set(after.values())
    assert resolve(digest(before["live_key"])) is None
    assert resolve(digest(after["live_key"])) is not None
