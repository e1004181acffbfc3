"""What the person at the terminal sees."""

import io

import pytest

from config.launcher.console import CLEAR_LINE, Console


class Terminal(io.StringIO):
    """A terminal that remembers."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _ordinary_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_plain_output_has_no_control_characters() -> None:
    out = io.StringIO()
    console = Console(out)

    with console.step("Postgres"):
        console.log("web", "hello")

    assert "\x1b" not in out.getvalue()
    assert out.getvalue().splitlines()[0] == "web         | hello"
    assert out.getvalue().splitlines()[1].startswith("  ok Postgres")


def test_terminal_shows_the_step_under_way_and_its_part() -> None:
    out = Terminal()
    console = Console(out)

    with console.step("Database") as retitle:
        retitle("Tables")
        console.log("web", "hello")

    assert CLEAR_LINE in out.getvalue()
    assert "Database" in out.getvalue()
    assert "\x1b[36mweb" in out.getvalue()


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    out = Terminal()

    Console(out).log("web", "hello")

    assert out.getvalue() == "web         | hello\n"


def test_failed_step_is_marked() -> None:
    out = io.StringIO()

    with pytest.raises(ValueError, match="no"), Console(out).step("Web"):
        raise ValueError("no")

    assert out.getvalue().startswith("  x  Web")


def test_closed_terminal_does_not_stop_the_stop() -> None:
    out = io.StringIO()
    console = Console(out)
    out.close()

    console.line("stopped")
