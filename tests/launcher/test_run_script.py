"""The shell script: it finds a Python by running it, and installs once.

A stub stands for Python, and says what it was asked to do.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from config.launcher.environment import ROOT

LISTS = ("requirements.txt", "requirements-local.txt", "requirements-dev.txt")
STUB = """#!/bin/sh
echo "$*" >> "$TOLD"
case "$*" in
    *"-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    *"pip install"*) [ -z "${BREAK:-}" ] ;;
    *config.launcher*) echo "started $*" ;;
esac
"""
SHIM = "#!/bin/sh\nexit 127\n"
TOOLS = (
    "sh",
    "cat",
    "cksum",
    "tr",
    "df",
    "awk",
    "mkdir",
    "rm",
    "cp",
    "sleep",
    "dirname",
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    (folder / "bin").mkdir(parents=True)
    shutil.copy(ROOT / "run", folder / "run")
    for name in LISTS:
        (folder / name).write_text(f"{name}\n")
    for tool in TOOLS:
        (folder / "bin" / tool).symlink_to(str(shutil.which(tool)))
    return folder


def put(checkout: Path, name: str, text: str) -> None:
    program = checkout / "bin" / name
    program.write_text(text)
    program.chmod(0o755)


def call(
    checkout: Path, *arguments: str, **more: str
) -> "subprocess.CompletedProcess[str]":
    environment = {
        "PATH": str(checkout / "bin"),
        "HOME": str(checkout / "home"),
        "TOLD": str(checkout / "told"),
        **more,
    }
    return subprocess.run(
        [checkout / "run", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def installs(checkout: Path) -> list[str]:
    told = (checkout / "told").read_text().splitlines()
    return [line for line in told if "pip install" in line]


def test_shim_that_answers_127_is_passed_over(checkout: Path) -> None:
    put(checkout, "python3.13", SHIM)
    put(checkout, "python3.12", STUB)

    done = call(checkout, "--port", "8001")

    assert done.stdout == "started -m config.launcher --port 8001\n"


def test_no_python_is_said_in_one_line(checkout: Path) -> None:
    done = call(checkout)

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("./run: no Python 3.12 to 3.14")


def test_named_python_that_does_not_work_is_refused(checkout: Path) -> None:
    put(checkout, "python3.13", STUB)

    done = call(checkout, MODELOPTIX_PYTHON="/nowhere/python")

    assert done.returncode == 1
    assert "MODELOPTIX_PYTHON=/nowhere/python is not a working" in done.stderr


def test_second_call_installs_nothing(checkout: Path) -> None:
    put(checkout, "python3.13", STUB)

    call(checkout)
    call(checkout)

    assert len(installs(checkout)) == 1
    assert "-r requirements.txt -r requirements-local.txt" in installs(checkout)[0]


def test_changed_requirements_are_installed(checkout: Path) -> None:
    put(checkout, "python3.13", STUB)
    call(checkout)

    (checkout / LISTS[0]).write_text("changed\n")
    call(checkout)

    assert len(installs(checkout)) == 2


def test_interrupted_install_is_done_again(checkout: Path) -> None:
    put(checkout, "python3.13", STUB)

    failed = call(checkout, BREAK="yes")
    call(checkout)

    assert failed.returncode == 1
    assert len(installs(checkout)) == 2


def test_tools_of_the_tests_are_not_taken_away_by_a_start(checkout: Path) -> None:
    put(checkout, "python3.13", STUB)
    call(checkout, "test")

    (checkout / LISTS[0]).write_text("changed\n")
    call(checkout)

    assert all("requirements-dev.txt" in line for line in installs(checkout))
    assert len(installs(checkout)) == 2


def test_start_without_the_local_model_does_not_install_it(checkout: Path) -> None:
    put(checkout, "python3.13", STUB)

    call(checkout, "--no-local-model")

    assert "requirements-local" not in installs(checkout)[0]


def test_environment_made_elsewhere_is_kept(checkout: Path) -> None:
    put(checkout, "python3.13", STUB)
    (checkout / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(checkout / "bin" / "python3.13", checkout / ".venv" / "bin" / "python")
    (checkout / ".venv" / "mine").touch()

    call(checkout)

    assert (checkout / ".venv" / "mine").exists()


def test_turn_of_a_killed_install_is_taken(checkout: Path) -> None:
    put(checkout, "python3.13", STUB)
    turn = checkout / ".modeloptix" / "installing"
    turn.mkdir(parents=True)
    (turn / "pid").write_text("999999999\n")

    done = call(checkout)

    assert done.stdout.startswith("started")
    assert not turn.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_of_somebody_else_is_said(checkout: Path) -> None:
    put(checkout, "python3.13", STUB)
    checkout.chmod(0o555)

    done = call(checkout)

    checkout.chmod(0o755)
    assert "cannot write in" in done.stderr
