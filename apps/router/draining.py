"""End a web process without breaking what it has begun.

The server stops listening at SIGTERM, closes idle connections and lets requests that
run come to their end. It would wait for them until it is killed, so they get a time of
their own here: what still runs then is cancelled, which writes its row and closes its
provider, and the ledger is shipped before the process goes.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Drain:
    """The requests of this process, and whether they are its last."""

    is_on: bool = False
    _running: set["asyncio.Task[Any]"] = field(default_factory=set)

    async def track(self, work: Awaitable[None]) -> None:
        """Run a request in the present task, which may be ended when time is up."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # an ASGI application runs in a task
        self._running.add(task)
        try:
            await work
        finally:
            self._running.discard(task)

    def watch(self) -> None:
        """Take SIGTERM first; where the loop cannot, the server alone ends things."""
        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(signal.SIGTERM, self.begin)

    def begin(self) -> None:
        """Count the time, and have the server stop: its SIGINT means what its SIGTERM
        meant, whose handler this one has replaced.
        """
        if self.is_on:
            return
        self.is_on = True
        logger.info("Ending: %d requests are under way", len(self._running))
        loop = asyncio.get_running_loop()
        loop.call_later(settings.SHUTDOWN_GRACE_S, self.cut_off)
        os.kill(os.getpid(), signal.SIGINT)

    def cut_off(self) -> None:
        """End what has taken too long."""
        if self._running:
            logger.warning("Ended %d requests that still ran", len(self._running))
        for task in list(self._running):
            task.cancel()


DRAIN = Drain()
