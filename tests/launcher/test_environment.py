"""What the children find in their environment."""

import json
import stat
from pathlib import Path

import pytest

from config.launcher import environment
from config.launcher.problems import LaunchError


def test_dotenv_is_read(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(
        "# keys\nexport A_KEY=one\nB='two # 2'\nC=three # third\nD=\nE=# none\n"
    )

    values = environment.parse_dotenv(file)

    assert values == {"A_KEY": "one", "B": "two # 2", "C": "three"}


def test_missing_dotenv_is_empty(tmp_path: Path) -> None:
    assert environment.parse_dotenv(tmp_path / ".env") == {}


def test_malformed_dotenv_stops_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("A=1\nnonsense\n")

    with pytest.raises(LaunchError, match="line 2 is not NAME=value"):
        environment.parse_dotenv(file)


def test_secrets_are_made_once_and_private(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"

    first = environment.keep_secrets(file)

    assert environment.keep_secrets(file) == first
    assert set(first) == set(environment.SECRET_NAMES)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_damaged_secrets_are_not_replaced(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    file.write_text("{")

    with pytest.raises(LaunchError, match="not readable JSON"):
        environment.keep_secrets(file)


def test_given_values_win_over_made_ones(tmp_path: Path) -> None:
    made = environment.base(tmp_path, {"DEBUG": "false", "SECRET_KEY": "mine"})

    assert made["DEBUG"] == "false"
    assert made["SECRET_KEY"] == "mine"
    assert json.loads((tmp_path / "secrets.json").read_text())["SECRET_KEY"] != "mine"


@pytest.mark.parametrize(
    ("host", "url", "name"),
    [
        ("127.0.0.1", "http://127.0.0.1:8001", "127.0.0.1"),
        ("0.0.0.0", "http://127.0.0.1:8001", "localhost"),  # noqa: S104  # not bound
        ("::1", "http://[::1]:8001", "[::1]"),
        ("box.lan", "http://box.lan:8001", "box.lan"),
    ],
)
def test_site_is_where_it_listens(host: str, url: str, name: str) -> None:
    made = environment.site(host, 8001, {})

    assert made["SITE_URL"] == url
    assert name in made["ALLOWED_HOSTS"].split(",")


def test_given_site_is_kept() -> None:
    made = environment.site("127.0.0.1", 8001, {"SITE_URL": "https://mx.example"})

    assert made["SITE_URL"] == "https://mx.example"


def test_tests_see_no_key_and_no_database_of_the_caller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-real")
    monkeypatch.setenv("DATABASE_URL", "postgresql://real@/real")

    sealed = environment.sealed()

    assert "OPENAI_API_KEY" not in sealed
    assert "DATABASE_URL" not in sealed
