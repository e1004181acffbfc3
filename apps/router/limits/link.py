"""One pipelined connection to Valkey for the whole process, made to be given up on.

A round trip costs a few microseconds of ours: commands are packed by hiredis, sent
as they come and answered in their order, without a pool, a lock or a task for each.
If the oldest one waits for longer than TIMEOUT_S, nobody waits any longer and the
breaker is open: until every answer that is due has come, or, when none comes for
PROBE_EVERY_S, until a probe on nobody's time has found Valkey well.
"""

import asyncio
import contextlib
import logging
import ssl
from collections import deque
from collections.abc import Sequence
from time import monotonic
from typing import Any, Final, cast

import hiredis
from redis.connection import parse_url

logger = logging.getLogger(__name__)

TIMEOUT_S: Final = 0.05
CONNECT_TIMEOUT_S: Final = 0.5
PROBE_EVERY_S: Final = 1.0
# A timer this late was held up by our own process, and so were the answers.
LATE_S: Final = 0.02

Argument = str | bytes | int


def packed(words: Sequence[Argument]) -> bytes:
    """One command as it goes over the wire."""
    # Its stubs know tuples of one word only.
    return bytes(hiredis.pack_command(cast(Any, tuple(words))))


class LinkDownError(Exception):
    """Valkey cannot be asked now; count in this process."""


class _Wire(asyncio.Protocol):
    """Answers to their waiters, first come, first served."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[float, asyncio.Future[Any] | None]] = deque()
        self.lost = asyncio.Event()
        # Since when answers are overdue; None when they are not.
        self.slow_since: float | None = None
        self._reader = hiredis.Reader()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        waiter = None
        try:
            while (reply := self._reader.gets()) is not False:
                _, waiter = self.waiting.popleft()
                if isinstance(reply, hiredis.ReplyError):
                    # It lost our scripts, is a replica now, or is out of memory.
                    raise hiredis.ProtocolError(str(reply))
                if waiter is not None and not waiter.done():
                    waiter.set_result(reply)
        except (hiredis.ProtocolError, IndexError) as problem:
            logger.warning("Valkey answers in error: %s", problem)
            if waiter is not None and not waiter.done():
                waiter.set_exception(LinkDownError())
            self.give_up()

        if not self.waiting:
            self.slow_since = None

    def connection_lost(self, exc: Exception | None) -> None:
        self.give_up()

    def send(self, command: bytes, waiter: asyncio.Future[Any] | None) -> None:
        assert self.transport is not None  # noqa: S101  # made before anyone sends
        self.waiting.append((monotonic(), waiter))
        self.transport.write(command)

    def let_go(self) -> None:
        """Have nobody wait any longer; the answers may still come."""
        self.slow_since = monotonic()
        for _, waiter in self.waiting:
            if waiter is not None and not waiter.done():
                waiter.set_exception(LinkDownError())

    def give_up(self) -> None:
        """Tell everybody who waits, and close."""
        self.lost.set()
        if self.transport is not None:
            self.transport.abort()
        self.let_go()
        self.waiting.clear()


class Link:
    """The connection, kept up in the background."""

    def __init__(self, url: str, scripts: Sequence[str]) -> None:
        self._where = parse_url(url)  # type: ignore[no-untyped-call]  # redis has no types
        self._scripts = scripts
        self._shas: list[bytes] = []
        self._wire: _Wire | None = None
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    @property
    def is_up(self) -> bool:
        wire = self._wire
        if wire is None or wire.lost.is_set():
            return False
        return wire.slow_since is None

    async def start(self) -> None:
        """Connect, or leave that to the background when it takes too long."""
        await self._connect()
        self._task = asyncio.create_task(self._keep_up())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._timer is not None:
            self._timer.cancel()
        self._drop()

    def run(
        self, script: int, keys: Sequence[str], arguments: Sequence[Argument]
    ) -> asyncio.Future[Any]:
        """Run a script by its number; the future fails with LinkDownError."""
        return self.ask("EVALSHA", self._sha(script), len(keys), *keys, *arguments)

    def tell(
        self, script: int, keys: Sequence[str], arguments: Sequence[Argument]
    ) -> None:
        """Run a script whose answer nobody waits for."""
        if self._wire is None or not self.is_up:
            return
        sha = self._sha(script)
        words = ("EVALSHA", sha, len(keys), *keys, *arguments)
        self._wire.send(packed(words), None)
        self._watch()

    def ask(self, *words: Argument) -> asyncio.Future[Any]:
        """Send one command; raises LinkDownError at once while the breaker is open."""
        if self._wire is None or not self.is_up:
            raise LinkDownError
        waiter: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._wire.send(packed(words), waiter)
        self._watch()
        return waiter

    def _sha(self, script: int) -> bytes:
        if not self._shas:
            raise LinkDownError
        return self._shas[script]

    def _watch(self) -> None:
        if self._timer is None:
            self._set_timer(TIMEOUT_S)

    def _set_timer(self, delay_s: float) -> None:
        self._due = monotonic() + delay_s
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._look)

    def _look(self) -> None:
        """Give up when the oldest command has waited too long."""
        self._timer = None
        if self._wire is None or not self._wire.waiting:
            return
        now, wire = monotonic(), self._wire
        waited_s = now - wire.waiting[0][0]
        if now - self._due > LATE_S:
            self._set_timer(LATE_S)
        elif wire.slow_since is not None and now - wire.slow_since > PROBE_EVERY_S:
            logger.warning("Valkey does not answer: counting in this process for now")
            self._drop()
        elif wire.slow_since is not None or waited_s >= TIMEOUT_S:
            if wire.slow_since is None:
                wire.let_go()
            self._set_timer(PROBE_EVERY_S / 4)
        else:
            self._set_timer(TIMEOUT_S - waited_s)

    def _drop(self) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.give_up()

    async def _keep_up(self) -> None:
        while True:
            if self._wire is not None:
                up_since = monotonic()
                await self._wire.lost.wait()
                self._drop()
                if monotonic() - up_since < PROBE_EVERY_S:
                    await asyncio.sleep(PROBE_EVERY_S)
            await self._connect()
            if self._wire is None:
                await asyncio.sleep(PROBE_EVERY_S)

    async def _connect(self) -> None:
        wire = None
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                wire = await self._open()
                self._shas = await self._greet(wire)
            self._wire = wire
        except (OSError, TimeoutError, LinkDownError) as problem:
            logger.info("Valkey cannot be reached: %s", problem or "no answer in time")
            if wire is not None:
                wire.give_up()

    async def _open(self) -> _Wire:
        loop, where = asyncio.get_running_loop(), self._where
        if path := where.get("path"):
            _, wire = await loop.create_unix_connection(_Wire, path)
            return wire
        is_tls = "SSL" in getattr(where.get("connection_class"), "__name__", "")
        _, wire = await loop.create_connection(
            _Wire,
            where.get("host", "127.0.0.1"),
            where.get("port", 6379),
            ssl=ssl.create_default_context() if is_tls else None,
        )
        return wire

    async def _greet(self, wire: _Wire) -> list[bytes]:
        """Sign in, choose the database, leave the scripts; returns their names."""
        commands: list[tuple[Argument, ...]] = []
        if password := self._where.get("password"):
            user = self._where.get("username") or "default"
            commands.append(("AUTH", user, password))
        if database := self._where.get("db"):
            commands.append(("SELECT", database))
        commands += [("SCRIPT", "LOAD", script) for script in self._scripts]
        loop = asyncio.get_running_loop()
        answers = []
        for words in commands:
            waiter: asyncio.Future[Any] = loop.create_future()
            wire.send(packed(words), waiter)
            answers.append(waiter)
        try:
            replies = await asyncio.gather(*answers)
        finally:
            for answer in answers:
                with contextlib.suppress(LinkDownError, asyncio.CancelledError):
                    if answer.done():
                        answer.exception()
        return replies[len(replies) - len(self._scripts) :]
