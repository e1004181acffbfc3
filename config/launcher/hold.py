"""Hold a data folder alone, know who else holds it, and clear up after the dead."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.launcher.environment import write_private
from config.launcher.problems import LaunchError
from config.launcher.processes import (
    Process,
    birth_mark,
    is_alive,
    stop_in_order,
    wait_until,
)

# A guard takes this long at most to end what its supervisor left.
GUARD_S = 20.0


@dataclass(frozen=True)
class Record:
    """What `run.json` says: who holds the folder, for what, and what they started."""

    mode: str
    url: str
    local_model_url: str
    holder: Process
    processes: list[Process] = field(default_factory=list)

    def save(self, data: Path, processes: list[Process]) -> None:
        listed = [process.as_json() for process in processes]
        facts = {**vars(self), "holder": self.holder.as_json(), "processes": listed}
        write_private(data / "run.json", json.dumps(facts, indent=2))


def own_record(mode: str, *, url: str, local_model_url: str) -> Record:
    pid = os.getpid()
    return Record(mode, url, local_model_url, Process(mode, pid, birth_mark(pid)))


def read_record(data: Path) -> Record | None:
    """Return the last holder's record; one that is damaged counts as none."""
    try:
        facts: dict[str, Any] = json.loads((data / "run.json").read_text())
        facts["holder"] = Process(**facts["holder"])
        facts["processes"] = [Process(**listed) for listed in facts["processes"]]
        return Record(**facts)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def living_holder(data: Path) -> Record | None:
    record = read_record(data)
    return record if record and is_alive(record.holder) else None


def take(data: Path) -> int | None:
    """Lock the folder and clear it up; nothing when a living holder has it.

    A dead holder's guard keeps the lock until it has ended what was left.
    """
    lock = os.open(data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    got: list[bool] = []

    def is_settled() -> bool:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            got.append(True)
        return bool(got) or living_holder(data) is not None

    is_over = wait_until(is_settled, GUARD_S)
    if got:
        clear_orphans(data)
        return lock
    os.close(lock)
    if not is_over:
        raise LaunchError(f"{data / 'lock'} is held by a process that does not end")
    return None


def clear_orphans(data: Path) -> None:
    """End what a supervisor and its guard left when both were killed."""
    record = read_record(data)
    stop_in_order(record.processes if record else [])


@contextlib.contextmanager
def use_together(data: Path) -> Iterator[None]:
    """Keep the holder from stopping its services while this command uses them."""
    with (data / "users").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        yield


def wait_for_users(data: Path) -> None:
    with (data / "users").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_EX)


def release(lock: int) -> None:
    os.close(lock)
