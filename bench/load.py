"""Send requests over kept connections, one after another on each, and time them.

`python -m bench.load` reads one JSON object (a `Plan`) from its input and prints
one (a `Load`). It is a process of its own, so that it can be held on a core.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Final, cast

import uvloop

from bench.http1 import HEAD_END, LAST_CHUNK, closes, content_length, is_chunked
from bench.prompts import HOST, Call, requests

DONE: Final = b"[DONE]"
DRAIN_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Plan:
    """One load: `connections` callers for `seconds`, after `warm_s` uncounted."""

    call: Call
    connections: int
    seconds: float
    warm_s: float
    # Callers do not start in step: their first requests are spread over this time.
    spread_s: float
    seed: int


@dataclass(slots=True)
class Load:
    """What came of it; times are in milliseconds.

    Rates are made of the answers that ended within the counted seconds, whenever they
    began: a stream that is cut off by the end of the run lowers nobody's rate.
    """

    seconds: float = 0.0
    answered: int = 0  # every whole answer with status 200, warm-up included
    counted: int = 0
    chunks: int = 0  # of the counted
    broken: int = 0  # connections that ended before their answer did
    statuses: dict[int, int] = field(default_factory=dict)  # all but 200
    latencies: list[float] = field(default_factory=list)
    first_tokens: list[float] = field(default_factory=list)


class Run:
    """The state that all connections of one load share."""

    def __init__(self, plan: Plan) -> None:
        now = time.perf_counter()
        self.plan = plan
        self.requests: Iterator[bytes] = requests(plan.call, plan.seed)
        self.counts_from = now + plan.spread_s + plan.warm_s
        self.ends_at = self.counts_from + plan.seconds
        self.load = Load(seconds=plan.seconds)
        self.statuses: Counter[int] = Counter()

    def record(self, caller: "Caller", now: float) -> None:
        if caller.status != 200:
            self.statuses[caller.status] += 1
            return
        load = self.load
        load.answered += 1
        if self.counts_from <= now < self.ends_at:
            load.counted += 1
            load.chunks += caller.chunks
        if caller.started < self.counts_from:
            return
        load.latencies.append((now - caller.started) * 1000)
        if caller.first_at:
            load.first_tokens.append((caller.first_at - caller.started) * 1000)

    def result(self) -> Load:
        self.load.statuses = dict(self.statuses)
        return self.load


class Caller(asyncio.Protocol):
    """One connection: send, wait for the whole answer, send the next."""

    def __init__(self, run: Run, ended: asyncio.Future[None]) -> None:
        self._run = run
        self._ended = ended
        self._transport: asyncio.Transport
        self._is_waiting = False
        self._reset()

    def _reset(self) -> None:
        self._buffer = b""
        self._need: int | None = None
        self._tail = b""
        self._has_head = self._is_stream = self._is_done = self._ends_after = False
        self.status = self.chunks = 0
        self.first_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._is_waiting:
            self._run.load.broken += 1
        if not self._ended.done():
            self._ended.set_result(None)

    def _send(self) -> None:
        self._reset()
        self.started = time.perf_counter()
        if self.started >= self._run.ends_at:
            self._is_waiting = False
            self._transport.close()
            return
        self._is_waiting = True
        self._transport.write(next(self._run.requests))

    def data_received(self, data: bytes) -> None:
        if self._has_head:
            self._feed(data)
            return
        self._buffer += data
        end = self._buffer.find(HEAD_END)
        if end < 0:
            return
        head, rest = self._buffer[: end + 2], self._buffer[end + 4 :]
        self._has_head = True
        self.status = int(head[9:12])
        self._is_stream = is_chunked(head)
        self._ends_after = closes(head)
        self._need = content_length(head)
        self._feed(rest)

    def _feed(self, data: bytes) -> None:
        """Take a piece of the body; the answer may end with it."""
        if self._is_stream:
            self._count_events(data)
            if self._tail.endswith(LAST_CHUNK):
                self._finish()
            return
        if self._need is not None:
            self._need -= len(data)
            if self._need <= 0:
                self._finish()

    def _count_events(self, data: bytes) -> None:
        # The four bytes kept from the last piece find a mark that it cut in two,
        # and are too few to hold one that was counted already.
        marks = (self._tail[-4:] + data).count(b"data:")
        if marks:
            self.first_at = self.first_at or time.perf_counter()
            self.chunks += marks
        self._tail = self._tail[-16:] + data
        if DONE in self._tail:
            self._is_done = True

    def _finish(self) -> None:
        now = time.perf_counter()
        if self._is_stream and self.status == 200:
            if not self._is_done:
                self._transport.close()  # counted as broken
                return
            self.chunks -= 1  # the closing mark carries nothing
        self._run.record(self, now)
        if self._ends_after:
            self._is_waiting = False
            self._transport.close()
            return
        self._send()


async def _connect(run: Run, delay_s: float) -> None:
    """Keep one caller at work, over a new connection when the old one ends."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(delay_s)
    while time.perf_counter() < run.ends_at:
        ended: asyncio.Future[None] = loop.create_future()
        await loop.create_connection(
            lambda ended=ended: Caller(run, ended),  # type: ignore[misc]  # a default argument binds this round's future
            HOST,
            run.plan.call.port,
        )
        await ended


async def execute(plan: Plan) -> Load:
    run = Run(plan)
    step_s = plan.spread_s / plan.connections
    callers = [_connect(run, step_s * i) for i in range(plan.connections)]
    longest_s = plan.spread_s + plan.warm_s + plan.seconds + DRAIN_S
    await asyncio.wait_for(asyncio.gather(*callers), longest_s)
    return run.result()


def read_plan(text: str) -> Plan:
    fields = json.loads(text)
    return Plan(**{**fields, "call": Call(**fields["call"])})


if __name__ == "__main__":
    outcome = uvloop.run(execute(read_plan(sys.stdin.read())))
    json.dump(asdict(outcome), sys.stdout)
