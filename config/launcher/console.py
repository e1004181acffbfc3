"""What the person at the terminal sees: steps while starting, then prefixed logs."""

import contextlib
import itertools
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TextIO

COLOURS = {
    "web": 36,
    "worker": 35,
    "beat": 34,
    "local model": 33,
    "valkey": 31,
    "postgres": 32,
}
PREFIX_WIDTH = max(map(len, COLOURS))
CLEAR_LINE = "\r\x1b[K"
FRAME_S = 0.1


class Console:
    """One writer for many threads; a step that is under way stays the last line."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._is_live = self._out.isatty() and os.environ.get("TERM") != "dumb"
        self._is_coloured = self._is_live and not os.environ.get("NO_COLOR")
        self._lock = threading.Lock()
        self._step = self._title = ""

    def line(self, text: str = "") -> None:
        with self._lock:
            clear = CLEAR_LINE if self._step and self._is_live else ""
            self._write(f"{clear}{text}\n{self._step if clear else ''}")

    def log(self, name: str, text: str) -> None:
        self.line(
            f"{self._paint(f'{name:<{PREFIX_WIDTH}} |', COLOURS.get(name, 37))} {text}"
        )

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[Callable[[str], None]]:
        """Show that something is under way, which part of it, and how long it took."""
        began, is_over = time.monotonic(), threading.Event()
        self._title = title
        spinner = threading.Thread(target=self._spin, args=(is_over,), daemon=True)
        if self._is_live:
            spinner.start()
        mark, colour = "x ", 31
        try:
            yield lambda part: setattr(self, "_title", f"{title}: {part.lower()}")
            mark, colour = "ok", 32
        finally:
            is_over.set()
            if self._is_live:
                spinner.join()
            took = f"{time.monotonic() - began:.1f} s"
            self._settle(f"  {self._paint(mark, colour)} {title:<28} {took}")

    def _spin(self, is_over: threading.Event) -> None:
        for frame in itertools.cycle("|/-\\"):
            with self._lock:
                self._step = f"  {frame}  {self._title} ..."
                self._write(f"{CLEAR_LINE}{self._step}")
            if is_over.wait(FRAME_S):
                return

    def _settle(self, text: str) -> None:
        with self._lock:
            self._step = ""
            self._write(f"{CLEAR_LINE if self._is_live else ''}{text}\n")

    def _paint(self, text: str, colour: int) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._is_coloured else text

    def _write(self, text: str) -> None:
        # The terminal may be gone by the time the services are being stopped.
        with contextlib.suppress(OSError, ValueError):
            self._out.write(text)
            self._out.flush()
