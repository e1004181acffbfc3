"""What one web process holds for its lifetime: planner, client, recorder, keys.

`start` and `stop` are called by the ASGI lifespan. The loops here keep the snapshot
and the key cache in step with Postgres: by its notifications, and by looking again
every few seconds in case one was lost.
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from time import monotonic
from typing import Final
from uuid import UUID

import psycopg
from django.conf import settings

from apps.accounts.key_cache import KEY_CACHE
from apps.accounts.key_lookup import KeyLookup
from apps.accounts.keys import Caller
from apps.kit.clock import utc_now
from apps.kit.errors import NoModelAvailableError
from apps.privacy.keeper import Keeper
from apps.providers.client import ProviderClient
from apps.router import snapshot
from apps.router.affinity import Affinity
from apps.router.answer_cache import AnswerCache
from apps.router.breaker_link import BreakerLink
from apps.router.experiment_purse import ExperimentPurse
from apps.router.health import Health
from apps.router.health_store import HealthKeeper
from apps.router.idempotency import Idempotency
from apps.router.idempotency_store import Store
from apps.router.limits.desk import Desk
from apps.router.limits.gate import Gate
from apps.router.limits.link import Link
from apps.router.limits.rates import Headers, Rates, UsualLimit
from apps.router.limits.rules import OrgLimits
from apps.router.plan import Planner
from apps.router.pool import Database
from apps.router.recorder import Recorder
from apps.router.second_look import SecondLooks
from apps.router.semantic_cache import SemanticCache
from apps.router.shadow import Shadows
from apps.router.steps import Counter
from apps.router.vectors import Vectors
from apps.router.ways import NO_WAYS, Keychain, KeyRests
from apps.tenancy.dsn import dsn_of

logger = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 10.0
# Measured latencies change without a notification.
RELOAD_EVERY_S: Final = 60.0
RETRY_S: Final = 1.0
# How long a start waits for Postgres's ear before it reads.
FIRST_LISTEN_S: Final = 1.0
KEYS_CHANNEL: Final = "modeloptix_keys"
CATALOG_CHANNEL: Final = "modeloptix_catalog"
POLICY_CHANNEL: Final = "modeloptix_policy"
VAULT_CHANNEL: Final = "modeloptix_vault"
CHANNELS: Final = (KEYS_CHANNEL, CATALOG_CHANNEL, POLICY_CHANNEL, VAULT_CHANNEL)


@dataclass(slots=True)
class Runtime:
    """The process-wide parts behind `/v1`."""

    planner: Planner
    client: ProviderClient
    recorder: Recorder
    keys: KeyLookup
    gate: Gate
    deadline_s: float
    attempt_timeout_s: float
    rests: KeyRests = field(default_factory=KeyRests)
    affinity: Affinity = field(default_factory=lambda: Affinity.at(settings.REDIS_URL))
    vectors: Vectors = field(default_factory=lambda: Vectors(dsn_of("ledger")))
    health: Health = field(default_factory=Health)
    health_keeper: HealthKeeper | None = None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    keeper: Keeper = field(default_factory=lambda: Keeper(dsn_of("ledger")))
    answers: AnswerCache = field(
        default_factory=lambda: AnswerCache.at(settings.REDIS_URL)
    )
    database: Database = field(default_factory=lambda: Database(dsn_of("default")))
    idempotency: Idempotency = field(init=False)
    shadows: Shadows = field(init=False)
    semantic: SemanticCache = field(init=False)
    second_looks: SecondLooks = field(default_factory=SecondLooks)
    steps: Counter = field(default_factory=Counter)
    # Whose loop all of this belongs to; set when it begins.
    loop: asyncio.AbstractEventLoop | None = None
    _reload: asyncio.Event = field(default_factory=asyncio.Event)
    _seen: tuple[object, ...] = ()

    def __post_init__(self) -> None:
        store = Store(self.database)
        self.idempotency = Idempotency(store, settings.REQUEST_DEADLINE_S)
        self.semantic = SemanticCache(self.database)
        self.shadows = Shadows(
            ExperimentPurse(self.database), lambda: self.planner.snapshot
        )

    async def begin(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.recorder.on_shipped = self.gate.shipped
        self.recorder.on_adopted = self.gate.inherit
        await self.gate.start()
        await self.recorder.start()
        await self.keeper.start()
        await self.answers.start()
        await self.affinity.start()
        self.health_keeper = HealthKeeper(
            self.health,
            BreakerLink(self.health.breakers, Link(settings.REDIS_URL, ())),
            dsn_of("ledger"),
        )
        await self.health_keeper.start()
        self._tasks = [asyncio.create_task(self._listen_loop())]
        await self._first_snapshot()
        loops = (self._snapshot_loop(), self.keys.touch_loop())
        self._tasks += [asyncio.create_task(loop) for loop in loops]

    def keychain(self, org_id: UUID) -> Keychain:
        """The provider keys that a request of this organization may use."""
        shot = self.planner.snapshot
        own = shot.org_ways.get(org_id)
        return Keychain(shot.ways, own.ways if own else NO_WAYS, self.rests)

    def limits_of(self, org_id: UUID) -> OrgLimits:
        return self.planner.snapshot.policy(org_id).limits

    async def count_call(self, caller: Caller) -> Headers:
        """Count a call that reaches no model; raises RateLimitedError."""
        return await self.gate.admit_call(caller, self.limits_of(caller.org_id))

    async def end(self) -> None:
        await self.idempotency.close()
        await self.shadows.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.recorder.stop()
        await self.keeper.stop()
        await self.vectors.stop()
        await self.affinity.stop()
        await self.answers.close()
        await self.semantic.close()
        await self.database.close()
        if self.health_keeper is not None:
            await self.health_keeper.close()
        await self.gate.close()
        await self.keys.close()
        await self.client.close()

    async def _first_snapshot(self) -> None:
        """Listen, then read: what changes in between is told. Without Postgres's ear
        the picture is taken all the same, and again as soon as it listens.
        """
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._reload.wait(), FIRST_LISTEN_S)
        self._reload.clear()
        await self._refresh(is_forced=True)

    async def _refresh(self, *, is_forced: bool) -> None:
        """Take a new snapshot when anything it shows has changed."""
        try:
            seen = await asyncio.to_thread(snapshot.fingerprint)
            if is_forced or seen != self._seen or self._has_expired():
                taken = await asyncio.to_thread(snapshot.load)
                self.planner = Planner(taken, settings.PREMIUM_MODEL)
                self._seen = seen
        except Exception as problem:  # noqa: BLE001  # the old picture serves on
            logger.warning("The snapshot is not renewed: %s", problem)

    def _has_expired(self) -> bool:
        until = self.planner.snapshot.valid_until
        return until is not None and until <= utc_now()

    async def _snapshot_loop(self) -> None:
        reloaded = monotonic()
        while True:
            try:
                await asyncio.wait_for(self._reload.wait(), LOOK_EVERY_S)
                is_forced = True
            except TimeoutError:
                is_forced = monotonic() - reloaded > RELOAD_EVERY_S
            self._reload.clear()
            if is_forced:
                reloaded = monotonic()
            await self._refresh(is_forced=is_forced)

    async def _listen_loop(self) -> None:
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError) as problem:
                logger.warning("Not listening to Postgres: %s", problem)
            KEY_CACHE.distrust_all()
            await asyncio.sleep(RETRY_S)

    async def _listen(self) -> None:
        connection = await psycopg.AsyncConnection.connect(
            dsn_of("default"), autocommit=True, connect_timeout=3
        )
        async with connection:
            for channel in CHANNELS:
                await connection.execute(f"LISTEN {channel}")
            KEY_CACHE.distrust_all()
            self._reload.set()
            async for notice in connection.notifies():
                if notice.channel == KEYS_CHANNEL:
                    KEY_CACHE.forget(bytes.fromhex(notice.payload))
                else:
                    self._reload.set()


_runtime: Runtime | None = None


def current() -> Runtime:
    """This process's runtime; raises NoModelAvailableError before it has begun."""
    if _runtime is None:
        raise NoModelAvailableError("The router is starting.", retry_after_s=1)
    return _runtime


def running() -> Runtime | None:
    """The same, or None where no router runs, as in a worker."""
    return _runtime


async def start() -> Runtime:
    """Build and begin the runtime of this process."""
    global _runtime  # noqa: PLW0603  # one a process, like the settings
    recorder = Recorder(
        folder=settings.JOURNAL_DIR,
        ledger_dsn=dsn_of("ledger"),
        fsync_ms=settings.LEDGER_FSYNC_MS,
        is_database_durable=settings.LEDGER_DURABILITY == "database",
    )
    runtime = Runtime(
        planner=Planner(snapshot.Snapshot(utc_now()), settings.PREMIUM_MODEL),
        client=ProviderClient(),
        recorder=recorder,
        keys=KeyLookup(dsn_of("default")),
        gate=Gate(
            rates=Rates.at(settings.REDIS_URL),
            desk=Desk(dsn_of("default"), recorder.journal.holder),
            usual=UsualLimit(settings.RATE_LIMIT_MAX, settings.RATE_LIMIT_WINDOW_SEC),
        ),
        deadline_s=settings.REQUEST_DEADLINE_S,
        attempt_timeout_s=settings.ATTEMPT_TIMEOUT_S,
    )
    await runtime.begin()
    _runtime = runtime
    return runtime


async def stop() -> None:
    """End the runtime; unsent ledger rows stay in the journal."""
    global _runtime
    runtime, _runtime = _runtime, None
    if runtime is not None:
        await runtime.end()
