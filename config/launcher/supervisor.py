"""Keep the services running, and end all of them whatever happens to this process.

A service that dies is started again, slower each time. The supervisor's own death is
the guard's business: it reads each start from a pipe and acts when the pipe closes.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType

from config.launcher.child import Child, Service
from config.launcher.console import Console
from config.launcher.problems import LaunchError
from config.launcher.processes import Process, kill_family, stop_in_order

FIRST_PAUSE_S = 0.3
LONGEST_PAUSE_S = 30.0
# A life this long means the trouble before it was another one.
HEALTHY_LIFE_S = 60.0
TICK_S = 0.1


class Stopped(Exception):  # noqa: N818  # not an error: somebody asked for it
    """Someone asked the supervisor to stop."""


class Supervisor:
    """Start services, watch them, stop them in order."""

    def __init__(
        self, console: Console, *, logs: Path, lock: int, doomed: Iterable[Path] = ()
    ) -> None:
        self._console = console
        self._logs = logs
        self._lock = lock
        self._doomed = [str(folder) for folder in doomed]
        self._children: dict[str, Child] = {}
        self._stop = threading.Event()
        self._signal = 0
        self._guard: subprocess.Popen[bytes] | None = None
        self.on_change: Callable[[list[Process]], None] = lambda _: None
        logs.mkdir(mode=0o700, exist_ok=True)

    def __enter__(self) -> "Supervisor":
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._asked_to_stop)
        self._start_guard()
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children.values():
            # Data services call their own stop a warning.
            child.is_shown = False
        stop_in_order(self.processes())
        if self._guard and self._guard.stdin:
            self._guard.stdin.close()
            self._guard.wait()

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._signal = number
        self._stop.set()

    def processes(self) -> list[Process]:
        return [child.process for child in self._children.values() if child.process]

    def start(self, service: Service) -> None:
        log = self._logs / f"{service.name.replace(' ', '-')}.log"
        child = Child(service, log, self._console.log)
        self._children[service.name] = child
        self._begin(child)

    def _begin(self, child: Child) -> None:
        process = child.start()
        self._tell_guard(process)
        self.on_change(self.processes())

    def run_once(self, service: Service, hear: Callable[[str, str], None]) -> None:
        """Run what ends by itself; failing, it stops the start."""
        child = Child(service, self._logs / f"{service.name}.log", hear)
        self._children[service.name] = child
        self._begin(child)
        while not child.has_ended():
            self.pause(0.02)
        del self._children[service.name]
        if child.popen and child.popen.returncode:
            raise LaunchError(self._post_mortem(child, child.ending()))

    def wait_ready(self, name: str, *, seconds: float) -> None:
        """Wait for a service; one that ends instead stops the start."""
        child = self._children[name]
        deadline = time.monotonic() + seconds
        while not child.service.is_ready():
            self.pause(0.02)
            if child.has_ended():
                raise LaunchError(self._post_mortem(child, child.ending()))
            if time.monotonic() > deadline:
                ending = f"is not ready after {seconds:.0f} s"
                raise LaunchError(self._post_mortem(child, ending))
        child.is_shown = True

    def _post_mortem(self, child: Child, ending: str) -> str:
        # The reader may still be taking the last words from the pipe.
        time.sleep(TICK_S)
        words = "".join(f"\n    {line}" for line in child.tail)
        return f"{child.service.name} {ending}{words}\n  its log: {child.log}"

    def pause(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise Stopped

    def wait_for(self, popen: "subprocess.Popen[bytes]") -> int:
        """Wait for a command that shares the terminal, keeping the services up."""
        while popen.poll() is None:
            time.sleep(0.03)
            self._tend()
            if self._stop.is_set() and self._signal != signal.SIGINT:
                # Ctrl-C reaches the command by itself; the others only reach us.
                popen.terminate()
        return popen.returncode

    def watch(self) -> None:
        """Keep everything running until somebody asks to stop."""
        while not self._stop.wait(TICK_S):
            self._tend()

    def _tend(self) -> None:
        if self._guard and self._guard.poll() is not None:
            self._start_guard()
        for child in self._children.values():
            if child.restart_at is None and child.has_ended():
                self._plan_restart(child)
            elif child.restart_at is not None and time.monotonic() >= child.restart_at:
                self._restart(child)

    def _plan_restart(self, child: Child) -> None:
        lived_s = time.monotonic() - child.started_at
        child.failures = 0 if lived_s > HEALTHY_LIFE_S else child.failures + 1
        pause_s = min(FIRST_PAUSE_S * 2**child.failures, LONGEST_PAUSE_S)
        name = child.service.name
        self._console.log(name, f"{child.ending()}; starts again in {pause_s:.1f} s")
        child.restart_at = time.monotonic() + pause_s
        if child.process:
            # What it forked would keep its port, its files and its memory.
            kill_family([child.process])

    def _restart(self, child: Child) -> None:
        try:
            self._begin(child)
        except (OSError, LaunchError) as problem:
            self._console.log(child.service.name, f"did not start: {problem}")
            child.restart_at = time.monotonic() + LONGEST_PAUSE_S

    def _start_guard(self) -> None:
        self._guard = subprocess.Popen(
            [sys.executable, "-m", "config.launcher.guard", *self._doomed],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=[self._lock],
        )
        for process in self.processes():
            self._tell_guard(process)

    def _tell_guard(self, process: Process) -> None:
        if self._guard and self._guard.stdin:
            line = json.dumps(process.as_json()).encode() + b"\n"
            try:
                os.write(self._guard.stdin.fileno(), line)
            except BrokenPipeError:
                # Killed just now: the next tick starts another, with the whole list.
                return
