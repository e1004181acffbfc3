"""Share the circuits between processes, through one hash in Valkey.

Verdicts are written as they fall and read twice a second, on nobody's time. Who may
probe is settled by a key that only one process can set. While Valkey is slow or gone
each process goes by what it sees itself.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from time import time
from typing import Final
from uuid import UUID

import msgspec

from apps.kit.ids import uuid7
from apps.router.breaker import PROBE_LEASE_S, Breakers, Verdict
from apps.router.limits.link import Link, LinkDownError

logger = logging.getLogger(__name__)

CIRCUITS: Final = "mx:circuits"
PROBE: Final = "mx:circuits:probe:"
LOOK_EVERY_S: Final = 0.5
LEAST_PAUSE_S: Final = 0.05
# A closed circuit needs to be known only until every process has looked.
FORGET_CLOSED_S: Final = 60.0
# An open one that nobody asked for in so long says nothing any more.
FORGET_OPEN_S: Final = 3600.0

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Verdict).decode


@dataclass(slots=True)
class BreakerLink:
    """Keeps one process's circuits and the shared ones alike."""

    breakers: Breakers
    link: Link
    clock: Callable[[], float] = time
    _name: str = field(default_factory=lambda: uuid7().hex)
    _unsaid: dict[UUID, Verdict] = field(default_factory=dict)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self.link.start()
        self.breakers.on_wanted = self._wake.set
        self._task = asyncio.create_task(self._loop())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.link.close()

    def tell(self, offer_id: UUID, verdict: Verdict) -> None:
        """Have the others hear of this process's own verdict."""
        self._unsaid[offer_id] = verdict
        self._wake.set()

    async def _loop(self) -> None:
        while True:
            try:
                await self.exchange()
            except Exception:
                logger.exception("The circuits are not shared")
            # Busy offers are wanted all the time, and must not make this spin.
            await asyncio.sleep(LEAST_PAUSE_S)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), LOOK_EVERY_S)
            self._wake.clear()

    async def exchange(self) -> None:
        """Say what is new here, hear what is new elsewhere, settle who probes."""
        try:
            await self._say()
            await self._hear()
        except LinkDownError:
            # What was not said stays to be said.
            for offer_id in self.breakers.wanted():
                self.breakers.grant_probe(offer_id)
            return
        for offer_id in self.breakers.wanted():
            await self._claim_probe(offer_id)

    async def _say(self) -> None:
        while self._unsaid:
            offer_id, verdict = next(iter(self._unsaid.items()))
            await self.link.ask("HSET", CIRCUITS, offer_id.hex, _encode(verdict))
            if self._unsaid.get(offer_id) is verdict:
                del self._unsaid[offer_id]

    async def _hear(self) -> None:
        """Learn what others decided; say again what a restarted Valkey forgot."""
        answer = await self.link.ask("HGETALL", CIRCUITS)
        now, told = self.clock(), set()
        for name, value in zip(answer[::2], answer[1::2], strict=True):
            try:
                offer_id, verdict = UUID(hex=name.decode()), _decode(value)
            except (ValueError, msgspec.MsgspecError):
                await self.link.ask("HDEL", CIRCUITS, name)
                continue
            if _is_stale(verdict, now):
                await self.link.ask("HDEL", CIRCUITS, name)
                continue
            told.add(offer_id)
            self.breakers.learn(offer_id, verdict)
        for offer_id, verdict in self.breakers.verdicts():
            if offer_id not in told and not _is_stale(verdict, now):
                self.tell(offer_id, verdict)

    async def _claim_probe(self, offer_id: UUID) -> None:
        lease_ms = int(PROBE_LEASE_S * 1000)
        try:
            is_ours = await self.link.ask(
                "SET", PROBE + offer_id.hex, self._name, "NX", "PX", lease_ms
            )
        except LinkDownError:
            is_ours = True
        if is_ours:
            self.breakers.grant_probe(offer_id)
        else:
            self.breakers.put_off(offer_id)


def _is_stale(verdict: Verdict, now: float) -> bool:
    if verdict.is_open:
        return now - verdict.until > FORGET_OPEN_S
    return now - verdict.at > FORGET_CLOSED_S
