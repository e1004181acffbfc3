"""Messages and tasks go through while workers and broker are killed again and again."""

import random
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass
from typing import Final

from bench.torture.stage import Stage
from bench.torture.tables import QueueFound, queue_found
from config.launcher.problems import LaunchError

WORKERS: Final = ("anna", "bert")
POLL_S: Final = 0.2
type Living = dict[str, "subprocess.Popen[bytes]"]
# For a task of a killed worker to be handed out again, and to be done.
PATIENCE_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class QueueReport:
    """How many were posted and sent, what was killed, and what came of it."""

    count: int
    kills: dict[str, int]
    found: QueueFound
    seconds: float

    @property
    def is_clean(self) -> bool:
        found = self.found
        done = found.messages == found.tasks == self.count
        return done and not found.doubled_messages


def torture_queue(
    stage: Stage, *, count: int, kills: int, seconds: float
) -> QueueReport:
    """Post `count` messages and as many tasks over `seconds`, killing meanwhile."""
    began = time.monotonic()
    living = {name: stage.celery(name) for name in WORKERS}
    living["poster"] = stage.poster(count, seconds)
    killed: Counter[str] = Counter()
    for number in range(kills):
        _sleep_until(began + seconds * (number + 1) / (kills + 1))
        victim = random.choice([*WORKERS, "broker"])
        if victim == "broker":
            stage.crash_valkey()
        else:
            living[victim] = _replaced(stage, victim, living[victim])
        killed["broker" if victim == "broker" else "worker"] += 1
    found = _awaited(stage, living, count)
    return QueueReport(count, dict(killed), found, time.monotonic() - began)


def _replaced(
    stage: Stage, name: str, worker: "subprocess.Popen[bytes]"
) -> "subprocess.Popen[bytes]":
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    return stage.celery(name)


def _awaited(stage: Stage, living: Living, count: int) -> QueueFound:
    ends_at = time.monotonic() + PATIENCE_S
    while True:
        for name, process in living.items():
            if process.poll() is not None:
                raise LaunchError(f"{name} ended:\n{stage.run.tail(name)}")
        found = queue_found(stage.owner_url)
        is_done = found.messages >= count and found.tasks >= count
        if is_done or time.monotonic() > ends_at:
            return found
        time.sleep(POLL_S)


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))
