"""Start the processes of a run, and end them however the run ends.

They are handed to the launcher's guard: it ends them in order and removes the run's
folder when this process is gone, also after a kill -9.
"""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.machine import held_on
from config.launcher.homes import Account
from config.launcher.problems import LaunchError
from config.launcher.processes import POLL_S, Process, birth_mark

ROOT: Final = Path(__file__).resolve().parent.parent
PATIENCE_S: Final = 60.0


@dataclass(slots=True)
class Servers:
    """The processes of one run; they write what they have to say into `logs`."""

    logs: Path
    guard: "subprocess.Popen[bytes]"
    started: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        cores: frozenset[int],
        env: Mapping[str, str],
        rank: int = 0,
        account: Account | None = None,
    ) -> "subprocess.Popen[bytes]":
        """Start one process in a session of its own; lower ranks are ended first."""
        with (self.logs / f"{name}.log").open("wb") as log, held_on(cores):
            process = subprocess.Popen(
                [*command],
                cwd=ROOT if account is None else "/",
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )
        self.started.append(process)
        self.entrust(Process(name, process.pid, birth_mark(process.pid), rank=rank))
        return process

    def entrust(self, process: Process) -> None:
        assert self.guard.stdin is not None  # noqa: S101  # opened as a pipe below
        self.guard.stdin.write(json.dumps(process.as_json()).encode() + b"\n")
        self.guard.stdin.flush()

    def tail(self, name: str) -> str:
        """The last lines a process wrote, for a message about its end."""
        text = (self.logs / f"{name}.log").read_text(errors="replace")
        return "\n".join(text.strip().splitlines()[-15:])

    def wait_for(self, name: str, is_ready: Callable[[], bool]) -> None:
        """Wait for the process started last; raise with its last words otherwise."""
        process = self.started[-1]
        deadline = time.monotonic() + PATIENCE_S
        while not is_ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise LaunchError(f"{name} did not start:\n{self.tail(name)}")
            time.sleep(POLL_S)


@contextlib.contextmanager
def servers(home: Path) -> Iterator[Servers]:
    """Give a run its servers; leaving ends them and removes `home`."""
    guard = subprocess.Popen(
        [sys.executable, "-m", "config.launcher.guard", home],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    run = Servers(home, guard)
    try:
        yield run
    finally:
        assert guard.stdin is not None  # noqa: S101  # opened as a pipe above
        guard.stdin.close()
        guard.wait()
        for process in run.started:
            process.wait()
