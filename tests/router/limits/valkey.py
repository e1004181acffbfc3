"""A Valkey of one's own, to freeze, kill and start again empty."""

import asyncio
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from config.launcher.embedded import Valkey

START_TIMEOUT_S = 30


class OwnValkey:
    """One server in a folder short enough for its socket."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="mxv"))
        self.server = Valkey(self._folder / "data", self._folder)
        self.url = self.server.url
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start it empty."""
        shutil.rmtree(self.server.home, ignore_errors=True)
        self.server.create()
        self._process = subprocess.Popen(  # noqa: ASYNC220  # returns at once
            self.server.command(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        async with asyncio.timeout(START_TIMEOUT_S):
            while not self.server.is_ready():
                await asyncio.sleep(0.02)

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
