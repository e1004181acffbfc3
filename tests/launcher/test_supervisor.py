"""Killed parts come back; a killed supervisor leaves nothing."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from config.launcher.environment import ROOT
from config.launcher.processes import Process, family, is_alive, wait_until


class Keeper:
    """A supervisor in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "doomed").mkdir()
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "tests.launcher.keeper", str(folder)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        assert wait_until(lambda: len(self.processes()) == 2, seconds=20)

    def processes(self) -> list[Process]:
        try:
            listed = json.loads((self.folder / "list").read_text())
        except OSError:
            return []
        return [Process(**facts) for facts in listed]

    def guard(self) -> psutil.Process | None:
        children = psutil.Process(self.popen.pid).children()
        guards = [child for child in children if _is_guard(child)]
        return guards[0] if guards else None


def _is_guard(process: psutil.Process) -> bool:
    try:
        return "config.launcher.guard" in process.cmdline()
    except psutil.Error:
        return False


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    kept = Keeper(tmp_path)
    yield kept
    kept.popen.terminate()
    kept.popen.wait()
    assert kept.popen.stdout
    kept.popen.stdout.close()
    assert wait_until(lambda: not family(kept.processes()), seconds=10)


def test_killed_service_starts_again_without_its_old_children(keeper: Keeper) -> None:
    old = keeper.processes()[0]
    assert wait_until(lambda: len(family([old])) == 2, seconds=5)

    os.kill(old.pid, signal.SIGKILL)

    assert wait_until(lambda: keeper.processes()[0] != old, seconds=10)
    assert family([old]) == set()
    assert is_alive(keeper.processes()[0])


def test_killed_supervisor_leaves_nothing(keeper: Keeper) -> None:
    keeper.popen.kill()

    assert wait_until(lambda: not family(keeper.processes()), seconds=10)
    assert wait_until(lambda: not (keeper.folder / "doomed").exists(), seconds=5)


def test_killed_guard_is_replaced(keeper: Keeper) -> None:
    assert wait_until(lambda: keeper.guard() is not None, seconds=5)
    first = keeper.guard()
    assert first

    first.kill()

    assert wait_until(lambda: keeper.guard() not in {None, first}, seconds=10)
    keeper.popen.kill()
    assert wait_until(lambda: not family(keeper.processes()), seconds=10)


def test_asked_to_stop_it_stops_everything(keeper: Keeper) -> None:
    keeper.popen.terminate()

    assert keeper.popen.wait(timeout=10) == 0
    assert family(keeper.processes()) == set()
