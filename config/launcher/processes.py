"""Tell a process of ours from a stranger with its number, and end it for good.

Process numbers are reused, so each is kept together with the moment it started.
Every service leads a session of its own; what it forked is found by that session,
also after the leader was killed.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

import psutil

POLL_S = 0.03


@dataclass(frozen=True)
class Process:
    """A started process: its number, its birth mark, how and when it is stopped."""

    name: str
    pid: int
    mark: str
    stop_signal: int = signal.SIGTERM
    grace_s: float = 5.0
    rank: int = 0

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def birth_mark(pid: int) -> str:
    """Name the life a process number has now; empty when nobody lives there.

    On Linux this is the boot and the tick the kernel recorded, which no change of
    the clock can move; a zombie counts as dead.
    """
    try:
        if Path("/proc/self/stat").exists():
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            return "" if stat[0] in {"Z", "X"} else f"{_boot()}/{stat[19]}"
        process = psutil.Process(pid)
        is_dead = process.status() == psutil.STATUS_ZOMBIE
        return "" if is_dead else f"{process.create_time():.2f}"
    except (OSError, psutil.Error):
        return ""


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text()[:8]


def is_alive(process: Process) -> bool:
    return bool(process.mark) and birth_mark(process.pid) == process.mark


def family(processes: Iterable[Process]) -> set[int]:
    """Every living process of these, and of the sessions they lead or led."""
    alive = {process.pid for process in processes if is_alive(process)}
    # A number that now belongs to someone else leads someone else's session.
    led = {p.pid for p in processes if p.pid in alive or not birth_mark(p.pid)}
    members = {pid for pid in psutil.pids() if _session(pid) in led}
    return {pid for pid in members | alive if birth_mark(pid)} - {os.getpid()}


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1


def wait_until(is_true: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def signal_quietly(pid: int, number: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, number)


def kill_family(processes: Iterable[Process]) -> None:
    """End what is left of these, without asking."""
    members = list(processes)

    def is_gone() -> bool:
        living = family(members)
        for pid in living:
            signal_quietly(pid, signal.SIGKILL)
        return not living

    wait_until(is_gone, seconds=3)


def stop_in_order(processes: Iterable[Process]) -> None:
    """Ask each to stop, those that answer requests first and the data last."""
    by_rank = sorted(processes, key=lambda process: process.rank)
    for _, group in groupby(by_rank, key=lambda process: process.rank):
        _stop_together(list(group))


def _stop_together(group: list[Process]) -> None:
    for process in filter(is_alive, group):
        signal_quietly(process.pid, process.stop_signal)
    patience_s = max(process.grace_s for process in group)
    wait_until(lambda: not any(map(is_alive, group)), patience_s)
    kill_family(group)
