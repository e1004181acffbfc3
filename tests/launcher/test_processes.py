"""Processes of ours are told from strangers, and ended with all they forked."""

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from config.launcher.processes import (
    Process,
    birth_mark,
    family,
    is_alive,
    kill_family,
    stop_in_order,
    wait_until,
)

# A leader with a child of its own, as granian with its worker.
PAIR = "sleep 60 & echo ready; wait"
STUBBORN = "trap '' TERM; echo ready; while :; do sleep 1; done"


class Started:
    """Scripts started for one test."""

    def __init__(self) -> None:
        self.popens: list[subprocess.Popen[bytes]] = []

    def __call__(self, script: str, **more: float) -> Process:
        popen = subprocess.Popen(
            ["sh", "-c", script], stdout=subprocess.PIPE, start_new_session=True
        )
        assert popen.stdout
        popen.stdout.readline()
        self.popens.append(popen)
        return Process("sh", popen.pid, birth_mark(popen.pid), **more)  # type: ignore[arg-type]  # grace_s and rank


@pytest.fixture
def started() -> Iterator[Started]:
    scripts = Started()
    yield scripts
    for popen in scripts.popens:
        kill_family([Process("sh", popen.pid, birth_mark(popen.pid))])
        assert popen.stdout
        popen.stdout.close()
        popen.wait()


def test_mark_of_this_process_does_not_change() -> None:
    assert birth_mark(os.getpid()) == birth_mark(os.getpid()) != ""


def test_number_nobody_has_is_dead() -> None:
    assert birth_mark(2**22 + 1) == ""


def test_stranger_with_our_number_is_not_ours() -> None:
    assert not is_alive(Process("web", os.getpid(), mark="another life"))
    assert family([Process("web", os.getpid(), mark="another life")]) == set()


def test_zombie_is_dead(started: Started) -> None:
    process = started(PAIR)

    os.kill(process.pid, signal.SIGKILL)

    assert wait_until(lambda: not is_alive(process), seconds=3)


def test_orphans_of_a_killed_leader_are_found_and_ended(started: Started) -> None:
    process = started(PAIR)
    os.kill(process.pid, signal.SIGKILL)
    started.popens[0].wait()

    assert len(family([process])) == 1
    kill_family([process])

    assert family([process]) == set()


def test_lower_ranks_stop_first(started: Started) -> None:
    data, web = started(PAIR, rank=2), started(STUBBORN, grace_s=0.2)

    stop_in_order([data, web])

    assert not is_alive(web)
    assert not is_alive(data)
    assert started.popens[0].wait() == -signal.SIGTERM
    assert started.popens[1].wait() == -signal.SIGKILL
