"""What the machine did meanwhile: CPU, memory, and who else was busy on it."""

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Cores:
    """The gateway has one to itself; mock, load and database share the others."""

    gateway: frozenset[int]
    others: frozenset[int]

    @property
    def are_apart(self) -> bool:
        return not self.gateway & self.others


def share_out() -> Cores:
    """Give the gateway the last core that this process may use."""
    allowed = sorted(_allowed())
    if len(allowed) < 2:
        return Cores(frozenset(allowed), frozenset(allowed))
    return Cores(frozenset(allowed[-1:]), frozenset(allowed[:-1]))


def everywhere() -> Cores:
    """All processes on all cores."""
    allowed = frozenset(_allowed())
    return Cores(allowed, allowed)


def _allowed() -> set[int]:
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


@contextlib.contextmanager
def held_on(cores: frozenset[int]) -> Iterator[None]:
    """Have processes started inside inherit these cores; where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def tree(pid: int) -> list[psutil.Process]:
    """A process and its living descendants; empty once it is gone."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def cpu_s(pid: int) -> float:
    """CPU seconds of a process tree so far, children that ended included."""
    total = 0.0
    for process in tree(pid):
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
            total += times.children_user + times.children_system
    return total


def own_cpu_s() -> float:
    """What this process and its ended children, such as loads, have used."""
    return sum(os.times()[:4])


def rss_mib(pid: int) -> float:
    total = 0
    for process in tree(pid):
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return round(total / 2**20, 1)


def busy_s() -> float:
    """CPU seconds that anyone used; what the hypervisor took away counts too."""
    times = psutil.cpu_times()
    # Linux counts guests in `user` already.
    idle = times.idle + getattr(times, "iowait", 0.0)
    twice = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
    return float(sum(times) - idle - twice)


def now_s() -> float:
    return time.monotonic()
