"""One service: what to run, and its present life with the log it writes."""

import re
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import IO

from config.launcher.homes import Account
from config.launcher.processes import Process, birth_mark

LOG_BYTES = 5_000_000
TAIL_LINES = 8
# Postgres and llama.cpp name the level; Valkey marks warnings with a lone hash.
SERIOUS = re.compile(r"\b(WARNING|ERROR|FATAL|PANIC)\b| # ")


class Voice(Enum):
    """How much of a service's log reaches the terminal; its file has all of it."""

    ALL = "all"
    WARNINGS = "warnings"
    NONE = "none"


def _nothing() -> None:
    """Do nothing before a start."""


@dataclass(frozen=True)
class Service:
    """How to start one service, tell that it is ready, and stop it."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    is_ready: Callable[[], bool] = lambda: True
    before: Callable[[], None] = _nothing
    stop_signal: int = signal.SIGTERM
    grace_s: float = 5.0
    rank: int = 0
    folder: Path | None = None
    account: Account | None = None
    voice: Voice = Voice.ALL


@dataclass
class Child:
    """The present life of a service, and how often it had to be started again."""

    service: Service
    log: Path
    show: Callable[[str, str], None]
    popen: subprocess.Popen[bytes] | None = None
    process: Process | None = None
    is_shown: bool = False
    started_at: float = 0.0
    restart_at: float | None = None
    failures: int = 0
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL_LINES))

    def start(self) -> Process:
        service = self.service
        service.before()
        account = service.account
        # A session of its own: Ctrl-C at the terminal reaches the supervisor alone.
        self.popen = subprocess.Popen(
            service.command,
            env=dict(service.environment),
            cwd=service.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
        self.started_at = time.monotonic()
        self.restart_at = None
        self.process = Process(
            service.name,
            self.popen.pid,
            birth_mark(self.popen.pid),
            service.stop_signal,
            service.grace_s,
            service.rank,
        )
        pipe = self.popen.stdout
        threading.Thread(target=self._read, args=(pipe,), daemon=True).start()
        return self.process

    def has_ended(self) -> bool:
        return self.popen is not None and self.popen.poll() is not None

    def ending(self) -> str:
        """Say how the last life ended."""
        code = self.popen.returncode if self.popen else 0
        if code is not None and code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        return f"stopped with code {code}"

    def _read(self, pipe: IO[bytes]) -> None:
        with pipe, self.log.open("ab") as log:
            for raw in pipe:
                if log.tell() > LOG_BYTES:
                    log.truncate(0)
                log.write(raw)
                log.flush()
                self._tell(raw.decode(errors="replace").rstrip())

    def _tell(self, line: str) -> None:
        self.tail.append(line)
        is_heard = {
            Voice.ALL: True,
            Voice.WARNINGS: self.is_shown and bool(SERIOUS.search(line)),
            Voice.NONE: False,
        }
        if is_heard[self.service.voice]:
            self.show(self.service.name, line)
