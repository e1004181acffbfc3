"""A router for work outside the web: a worker's jobs call models through it too.

A worker has threads and no event loop. The first job that calls models begins a router
in a loop of its own thread, further jobs share it, and the last one ends it: its
journal, purse and pool are those of any other process, so what is metered and held
there holds here. A worker that is killed leaves its journal to whoever starts next.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import Context
from typing import Any, Final

from apps.router import runtime
from apps.router.runtime import Runtime

logger = logging.getLogger(__name__)

START_WAIT_S: Final = 60.0
STOP_WAIT_S: Final = 30.0


def _hand_over[Got](
    work: Coroutine[Any, Any, Got], loop: asyncio.AbstractEventLoop
) -> "Future[Got]":
    """Run it there outside of any scope: a job works for one organization, and the
    router's own tasks, which begin in the first job, work for all of them.
    """
    return Context().run(asyncio.run_coroutine_threadsafe, work, loop)


class Lane:
    """The way from a job's thread to the loop that calls models."""

    def __init__(self, loop: asyncio.AbstractEventLoop, router: Runtime) -> None:
        self._loop = loop
        self.router = router

    def run[Got](self, work: Callable[[Runtime], Coroutine[Any, Any, Got]]) -> Got:
        """Run it there, and wait for what it returns or raises."""
        task = _hand_over(work(self.router), self._loop)
        try:
            return task.result()
        except BaseException:
            task.cancel()
            raise


class _Shared:
    """The one router of a worker, and how many jobs use it at the moment."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._users = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def enter(self) -> Lane:
        with self._turn:
            lane = self._begun()
            self._users += 1
            return lane

    def leave(self) -> None:
        with self._turn:
            self._users -= 1
            if not self._users and self._loop is not None:
                self._end()

    def _begun(self) -> Lane:
        found = runtime.running()
        if found is None:
            found = self._begin()
        if found.loop is None:
            raise RuntimeError("A router that has not begun is no use to anybody.")
        return Lane(found.loop, found)

    def _begin(self) -> Runtime:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="router", daemon=True
        )
        self._thread.start()
        try:
            return self._ask(runtime.start(), START_WAIT_S)
        except BaseException:
            self._close()
            raise

    def _end(self) -> None:
        try:
            self._ask(runtime.stop(), STOP_WAIT_S)
        except Exception:
            logger.exception("The worker's router did not end well")
        finally:
            self._close()

    def _ask[Got](self, work: Coroutine[Any, Any, Got], wait_s: float) -> Got:
        assert self._loop is not None  # noqa: S101  # there is one from begin to end
        return _hand_over(work, self._loop).result(wait_s)

    def _close(self) -> None:
        loop, thread = self._loop, self._thread
        self._loop = self._thread = None
        if loop is None or thread is None:
            return
        loop.call_soon_threadsafe(loop.stop)
        thread.join(STOP_WAIT_S)
        if not thread.is_alive():
            loop.close()


_SHARED: Final = _Shared()


@contextmanager
def router() -> Iterator[Lane]:
    """A router for the length of a job; where the web's runs, it is that one."""
    lane = _SHARED.enter()
    try:
        yield lane
    finally:
        _SHARED.leave()
