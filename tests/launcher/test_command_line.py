"""The command line of `./run`."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from config.launcher.__main__ import guarded, parse
from config.launcher.environment import ROOT
from config.launcher.gates import gates


def test_defaults_are_local() -> None:
    options = parse([])

    assert (options.host, options.port) == ("127.0.0.1", 8000)
    assert not options.no_local_model


@pytest.mark.parametrize("port", ["0", "65536", "x", "-1"])
def test_impossible_port_is_refused(
    port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(["--port", port])

    assert "is not a port" in capsys.readouterr().err


def test_reset_without_a_terminal_needs_yes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MODELOPTIX_DATA_DIR", str(tmp_path))
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    (tmp_path / "precious").touch()

    assert guarded(["--reset"]) == 1
    assert "add --yes" in capsys.readouterr().err
    assert (tmp_path / "precious").exists()


def test_every_gate_of_the_house_is_run_in_order() -> None:
    names = [gate.name for gate in gates()]

    assert names == [
        "ruff format",
        "ruff check",
        "djade",
        "djlint",
        "mypy",
        "lint-imports",
        "check --deploy",
        "makemigrations",
    ]
    assert [gate.name for gate in gates(["ruff"])] == names[:2]


def test_help_names_every_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "config.launcher", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    for command in ("manage", "shell", "psql", "test", "bench", "check", "--reset"):
        assert command in done.stdout
