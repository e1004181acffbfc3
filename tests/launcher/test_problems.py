"""What stops a start is said in one line."""

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.launcher import problems
from config.launcher.problems import LaunchError


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_taken_port_is_named_with_the_next_one(taken: int) -> None:
    with pytest.raises(LaunchError, match=f"port {taken} is taken: ./run --port"):
        problems.require_port("127.0.0.1", taken)


def test_free_port_is_accepted() -> None:
    problems.require_port("127.0.0.1", problems.free_port())


def test_nearly_full_disk_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(problems, "NEED_FREE_MB", 10**9)

    with pytest.raises(LaunchError, match="the disk is nearly full"):
        problems.require_space(tmp_path)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full (/data/x); free some space"),
        (errno.EACCES, "no permission (/data/x)"),
        (errno.EROFS, "no permission (/data/x)"),
        (errno.EIO, "Input/output error (/data/x)"),
    ],
)
def test_refusal_of_the_system_is_told(number: int, words: str) -> None:
    problem = OSError(number, os.strerror(number), "/data/x")

    assert problems.tell(problem).startswith(words)
