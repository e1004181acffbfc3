"""Three workers fight for one job while they, and the database, are being broken."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from bench.torture.stage import Stage
from bench.torture.tables import LocksFound, holder, locks_found

WORKERS: Final = 3
# A frozen worker comes back before, at and after the end of its lease.
FROZEN_LEASES: Final = (0.5, 3.0)
HOLDER_SHARE: Final = 0.75
POLL_S: Final = 0.1
# For everything to end once nothing is broken any more, on a busy machine.
PATIENCE_S: Final = 120.0


@dataclass(slots=True)
class Fight:
    """The workers, and what was done to them."""

    stage: Stage
    lease_s: float
    workers: list[int] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    thaw_at: dict[int, float] = field(default_factory=dict)

    def fill(self) -> None:
        while len(self.workers) < WORKERS:
            self.workers.append(self.stage.nursery.fork())

    def victim(self) -> int:
        """Mostly the worker that holds the job: it has something to spoil."""
        held_by = holder(self.stage.owner_url)
        is_fair = held_by in self.workers and random.random() < HOLDER_SHARE
        return held_by if held_by and is_fair else random.choice(self.workers)

    def kill(self) -> None:
        """As the kernel does when memory is short."""
        pid = self.victim()
        _signal(pid, signal.SIGKILL)
        self.workers.remove(pid)
        self.thaw_at.pop(pid, None)
        self.faults["kill -9"] += 1

    def freeze(self) -> None:
        """As a machine does that is suspended, or swaps."""
        pid = self.victim()
        _signal(pid, signal.SIGSTOP)
        frozen_s = random.uniform(*FROZEN_LEASES) * self.lease_s
        self.thaw_at[pid] = time.monotonic() + frozen_s
        self.faults["SIGSTOP"] += 1

    def crash(self) -> None:
        self.stage.crash_postgres()
        self.faults["database crash"] += 1

    def thaw(self, *, at: float) -> None:
        for pid in [pid for pid, moment in self.thaw_at.items() if moment <= at]:
            _signal(pid, signal.SIGCONT)
            del self.thaw_at[pid]


KINDS: Final = (Fight.kill, Fight.freeze, Fight.crash)
# A crash breaks all three workers at once, so it comes less often.
WEIGHTS: Final = (9, 9, 2)


@dataclass(frozen=True, slots=True)
class LocksReport:
    """The faults, and what they did."""

    faults: dict[str, int]
    found: LocksFound
    seconds: float


def torture_locks(
    stage: Stage,
    *,
    seconds: float,
    pause_s: float,
    lease_s: float,
) -> LocksReport:
    """Break something every `pause_s` seconds or so, then let the work end."""
    fight = Fight(stage, lease_s)
    began = time.monotonic()
    fight.fill()
    for fault in _faults(seconds, pause_s):
        fight.thaw(at=time.monotonic())
        fight.fill()
        if fault is not None:
            fault(fight)
    fight.thaw(at=float("inf"))
    fight.fill()
    _await_end(fight)
    return LocksReport(
        dict(fight.faults), locks_found(stage.owner_url), time.monotonic() - began
    )


def _faults(seconds: float, pause_s: float) -> Iterator[Callable[[Fight], None] | None]:
    """Every so often a fault, and nothing in the moments between."""
    ends_at = time.monotonic() + seconds
    next_at = time.monotonic() + pause_s
    # Each kind for certain, also in a short run on a slow machine.
    kinds = random.sample(KINDS, len(KINDS))
    while (now := time.monotonic()) < ends_at or kinds:
        if now < next_at:
            time.sleep(POLL_S)
            yield None
            continue
        next_at = now + pause_s * random.uniform(0.5, 1.5)
        yield kinds.pop() if kinds else random.choices(KINDS, WEIGHTS)[0]


def _await_end(fight: Fight) -> None:
    """One more whole pass, then no run may be open: each must come to some end."""
    before = locks_found(fight.stage.owner_url).completed
    _until(lambda: locks_found(fight.stage.owner_url).completed > before)
    for pid in fight.workers:
        _signal(pid, signal.SIGTERM)
    _until(lambda: not any(map(_is_alive, fight.workers)))
    _until(lambda: not locks_found(fight.stage.owner_url).unfinished)


def _until(is_so: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + PATIENCE_S
    while not is_so() and time.monotonic() < ends_at:
        time.sleep(POLL_S)


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
