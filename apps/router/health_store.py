"""Bring what processes see of offers to the database, and back what all of them saw.

Counts are lost with a process that is killed before it wrote them; they are measures,
not money. While Postgres is away they wait in memory, two hours at the most.
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import psycopg
from django.db import connections

from apps.jobs.lock import Held
from apps.kit.clock import utc_now
from apps.router.breaker import Verdict
from apps.router.breaker_link import BreakerLink
from apps.router.health import (
    BINS,
    LEAST_SAMPLES,
    Health,
    SpanKey,
    Tally,
    quantile_ms,
)
from apps.router.health_models import OfferIncident, OfferSpan

logger = logging.getLogger(__name__)

WRITE_EVERY_S: Final = 15.0
# Percentiles of the last hour, read again once a minute; in this process's own, what
# is older counts for half after five minutes.
KEPT: Final = timedelta(days=30)
RECENT: Final = timedelta(hours=1)
LOOK_EVERY: Final = 4
FADE_EVERY: Final = 20
WRITE_TIMEOUT_S: Final = 5.0
# Verdicts that wait for Postgres; the oldest are dropped.
MOST_VERDICTS: Final = 1000

_NOTE: Final = "SELECT note_offer_spans($1, $2, $3, $4, $5, $6, $7)"
_OPEN: Final = "SELECT open_offer_incident($1, $2, $3, $4, $5)"
_CLOSE: Final = "SELECT close_offer_incidents($1, $2)"


@dataclass(slots=True)
class HealthKeeper:
    """Writes one process's measurements, shares its circuits, reads everybody's."""

    health: Health
    link: BreakerLink
    ledger_dsn: str
    _verdicts: list[tuple[UUID, Verdict]] = field(default_factory=list)
    _task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.health.breakers.on_verdict = self._hear
        await self.link.start()
        self._task = asyncio.create_task(self._loop())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        with contextlib.suppress(psycopg.Error, OSError, TimeoutError):
            await self.write()
        await self.link.close()

    def _hear(self, offer_id: UUID, verdict: Verdict) -> None:
        self.link.tell(offer_id, verdict)
        self._verdicts.append((offer_id, verdict))
        del self._verdicts[:-MOST_VERDICTS]

    async def _loop(self) -> None:
        turn = 0
        while True:
            try:
                if turn % LOOK_EVERY == 0:
                    shared = await asyncio.to_thread(recent_p95, utc_now() - RECENT)
                    self.health.shared_p95 = shared
                if turn % FADE_EVERY == FADE_EVERY - 1:
                    self.health.fade()
                await self.write()
            except Exception as problem:  # noqa: BLE001  # measures wait; nothing else does
                logger.warning("The offers' health is not written: %s", problem)
            turn += 1
            await asyncio.sleep(WRITE_EVERY_S)

    async def write(self) -> None:
        """Write what was counted since the last time; what fails is kept."""
        tallies, verdicts = self.health.take_tallies(), self._verdicts
        self._verdicts = []
        if not tallies and not verdicts:
            return
        try:
            async with asyncio.timeout(WRITE_TIMEOUT_S):
                await self._write(tallies, verdicts)
        except BaseException:
            self.health.give_back(tallies)
            self._verdicts = [*verdicts, *self._verdicts]
            raise

    async def _write(
        self, tallies: dict[SpanKey, Tally], verdicts: list[tuple[UUID, Verdict]]
    ) -> None:
        connection = await psycopg.AsyncConnection.connect(self.ledger_dsn)
        # One transaction: what was rolled back is written again.
        async with connection, psycopg.AsyncRawCursor(connection) as cursor:
            if tallies:
                await cursor.execute(_NOTE, _columns(tallies))
            for offer_id, verdict in verdicts:
                await self._write_verdict(cursor, offer_id, verdict)
            # What answers is well, whoever said otherwise and is gone.
            well = [
                (offer_id, utc_now())
                for (_, offer_id), tally in tallies.items()
                if tally.outcomes[0]
                and self.health.breakers.state(offer_id) == "closed"
            ]
            if well:
                await cursor.execute(_CLOSE, [list(c) for c in zip(*well, strict=True)])

    async def _write_verdict(
        self, cursor: psycopg.AsyncRawCursor[Any], offer_id: UUID, verdict: Verdict
    ) -> None:
        moment = datetime.fromtimestamp(verdict.at, UTC)
        if not verdict.is_open:
            await cursor.execute(_CLOSE, [[offer_id], [moment]])
            return
        provider, model = self.health.names.get(offer_id, ("", ""))
        await cursor.execute(_OPEN, [offer_id, provider, model, verdict.reason, moment])


def _columns(tallies: dict[SpanKey, Tally]) -> list[list[Any]]:
    rows = [
        (
            offer_id,
            datetime.fromtimestamp(span, UTC),
            tally.provider,
            tally.model,
            _literal(tally.outcomes),
            _literal(tally.latencies),
            _literal(tally.first_tokens),
        )
        for (span, offer_id), tally in tallies.items()
    ]
    return [list(column) for column in zip(*rows, strict=True)]


def _literal(counts: list[int]) -> str:
    return "{" + ",".join(map(str, counts)) + "}"


def prune(held: Held) -> str:
    """Drop what is older than anybody looks at; an incident that lasts stays."""
    with held.unit(using="jobs"):
        before = utc_now() - KEPT
        spans, _ = OfferSpan.objects.using("jobs").filter(starts_at__lt=before).delete()
        over = OfferIncident.objects.using("jobs").filter(closed_at__lt=before)
        ended, _ = over.delete()
    return f"{spans} spans, {ended} incidents"


def recent_p95(since: datetime) -> dict[UUID, tuple[int | None, int | None]]:
    """By offer the p95 of whole answers and of first tokens, ms; runs in a thread."""
    sums: dict[UUID, tuple[list[int], list[int]]] = {}
    try:
        rows = OfferSpan.objects.using("jobs").filter(starts_at__gte=since)
        for offer_id, *both in rows.values_list(
            "offer_id", "latencies", "first_tokens"
        ):
            total = sums.setdefault(offer_id, ([0] * BINS, [0] * BINS))
            for mine, theirs in zip(total, both, strict=True):
                mine[:] = [a + b for a, b in zip(mine, theirs, strict=True)]
    finally:
        connections["jobs"].close()
    return {offer: (_p95(whole), _p95(first)) for offer, (whole, first) in sums.items()}


def _p95(bins: list[int]) -> int | None:
    return quantile_ms(bins, 0.95) if sum(bins) >= LEAST_SAMPLES else None
