"""R6 and R10 to R12: the process killed, Valkey and Postgres away, the pool empty."""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from statistics import quantiles
from typing import Final

import psycopg

from bench.faults.scene import Finding, Reply, Scene, until

CLIENTS: Final = 32
KILLS: Final = 6
AWAY_S: Final = 10.0
LOAD_S: Final = 5.0
SLOW_QUERIES: Final = 200
MOST_ADDED_MS: Final = 60.0


class Load:
    """Clients that ask again and again, half of them for streams."""

    def __init__(self, scene: Scene, clients: int = CLIENTS) -> None:
        self.replies: list[Reply] = []
        self._scene = scene
        self._clients = clients
        self._is_over = False
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Load":
        self._tasks = [asyncio.create_task(self._ask(n)) for n in range(self._clients)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_over = True
        await asyncio.gather(*self._tasks)

    async def answers(self, more: int) -> None:
        wanted = self._answered() + more

        async def are_there() -> bool:
            return self._answered() >= wanted

        await until(are_there, within_s=60)

    def _answered(self) -> int:
        return sum(reply.status == 200 for reply in self.replies)

    async def _ask(self, number: int) -> None:
        while not self._is_over:
            reply = await self._scene.call(stream=number % 2 == 0)
            self.replies.append(reply)
            if reply.status == 0:
                await asyncio.sleep(0.2)

    @property
    def bad(self) -> Counter[int]:
        return Counter(r.status for r in self.replies if r.status not in {0, 200})

    @property
    def p99_ms(self) -> float:
        times = [reply.seconds * 1000 for reply in self.replies]
        return quantiles(times, n=100)[98] if len(times) > 1 else 0.0

    def __str__(self) -> str:
        lost = sum(not reply.status for reply in self.replies)
        answers = f"{self._answered()} answered, {lost} found nobody or were cut off"
        return f"{answers}, refused {dict(self.bad)}"


async def kill_cases(scene: Scene) -> AsyncIterator[Finding]:
    """R6."""
    scene.fake.forget()
    scene.script_all(text="Hello there", delay_s=0.02, chunks=3)
    async with Load(scene) as load:
        for _ in range(KILLS):
            await load.answers(150)
            scene.kill_web()
            await scene.start_web()
        await load.answers(150)
    yield Finding(
        "R6",
        f"{KILLS} × kill -9 under {CLIENTS} requests: no answer is an error",
        str(load),
        not load.bad,
    )
    yield await scene.ledger_finding("R6")
    [held] = await scene.sql("SELECT count(*) FROM router_budgethold")
    yield Finding(
        "R6", "one process holds money of budgets, no dead one", f"{held}", held <= 1
    )


async def valkey_cases(scene: Scene) -> AsyncIterator[Finding]:
    """R10."""
    pid = scene.store.valkey_pid
    if pid is None:
        yield Finding("R10", "Valkey", "not tried: REDIS_URL is yours", holds=True)
        return
    scene.fake.forget()
    scene.script_all(text="Hello", delay_s=0.05)
    usual = max([(await _loaded(scene)).p99_ms for _ in range(2)])
    os.kill(pid, signal.SIGSTOP)
    frozen = await _loaded(scene)
    os.kill(pid, signal.SIGCONT)
    await asyncio.sleep(2)
    os.kill(pid, signal.SIGKILL)
    gone = await _loaded(scene)
    await scene.start_valkey()
    empty = await _loaded(scene)
    for name, load in {"frozen": frozen, "gone": gone, "back empty": empty}.items():
        added = load.p99_ms - usual
        yield Finding(
            "R10",
            f"Valkey {name}: no error, p99 {MOST_ADDED_MS:.0f} ms later at the most",
            f"{load}, p99 {load.p99_ms:.0f} ms ({added:+.0f})",
            {reply.status for reply in load.replies} == {200}
            and added <= MOST_ADDED_MS,
        )
    yield await scene.ledger_finding("R10")


async def _loaded(scene: Scene) -> Load:
    async with Load(scene, clients=4) as load:
        await asyncio.sleep(LOAD_S)
    return load


async def postgres_cases(scene: Scene) -> AsyncIterator[Finding]:
    """R11: stopped with -m immediate, and away for ten seconds."""
    if not scene.store.pids or scene.store.pids[-1] == scene.store.valkey_pid:
        yield Finding("R11", "Postgres", "not tried: DATABASE_URL is yours", holds=True)
        return
    scene.fake.forget()
    scene.script_all(text="Hello there", delay_s=0.02, chunks=3)
    async with Load(scene, clients=8) as load:
        await load.answers(50)
        await asyncio.to_thread(scene.stop_postgres)
        noticed_s = await until(lambda: _is(scene, "/ready", 503), within_s=10)
        await asyncio.sleep(AWAY_S)
        health = await scene.status_of("/health")
        await scene.start_postgres()
        back_s = await until(lambda: _is(scene, "/ready", 200), within_s=15)
        await load.answers(50)
    yield Finding(
        "R11",
        f"Postgres down for {AWAY_S:.0f} s: no request fails",
        str(load),
        {reply.status for reply in load.replies} == {200},
    )
    yield Finding(
        "R11",
        "/ready says so within 2 s, /health stays 200, ready 3 s after the return",
        f"{noticed_s:.1f} s, {health}, {back_s:.1f} s",
        noticed_s <= 2 and health == 200 and back_s <= 3,
    )
    yield await scene.ledger_finding("R11")


async def _is(scene: Scene, path: str, status: int) -> bool:
    return await scene.status_of(path) == status


async def pool_cases(scene: Scene) -> AsyncIterator[Finding]:
    """R12: a lock makes every query of usage slow, 200 times at once."""
    scene.fake.forget()
    url = scene.store.environment["DATABASE_OWNER_URL"]
    connection = await psycopg.AsyncConnection.connect(url)
    async with connection:
        await connection.execute("LOCK TABLE router_usagehour IN ACCESS EXCLUSIVE MODE")
        slow = [
            asyncio.create_task(_timed(lambda: _asked_well(scene)))
            for _ in range(SLOW_QUERIES)
        ]
        await asyncio.sleep(0.5)
        health = await _timed(lambda: scene.status_of("/health"))
        chats = await asyncio.gather(*(scene.call() for _ in range(20)))
        refused = await _first_refusals(slow)
        await connection.rollback()
    done = await asyncio.gather(*slow)
    statuses = Counter(status for status, _ in done)
    slowest = max((s for status, s in refused if status == 503), default=0.0)
    yield Finding(
        "R12",
        f"{SLOW_QUERIES} slow queries: beyond the pool 503 with Retry-After in 6 s",
        f"{dict(statuses)}, slowest 503 after {slowest:.1f} s",
        set(statuses) <= {200, 503} and statuses[503] > 0 and slowest <= 6,
    )
    yield Finding(
        "R12",
        "meanwhile /health and chats answer",
        f"/health {health[0]} in {health[1]:.2f} s, chats"
        f" {dict(Counter(c.status for c in chats))},"
        f" slowest {max(c.seconds for c in chats):.2f} s",
        health[0] == 200 and {c.status for c in chats} == {200},
    )


async def _asked_well(scene: Scene) -> int:
    """The status of a usage query; -503 for a refusal that says not when to return."""
    status, retry_after = await scene.get("/v1/usage")
    return -503 if status == 503 and not retry_after else status


async def _first_refusals(
    tasks: list["asyncio.Task[tuple[int, float]]"],
) -> list[tuple[int, float]]:
    """What was answered while the lock was held."""
    await asyncio.wait(tasks, timeout=8)
    return [task.result() for task in tasks if task.done()]


async def _timed(ask: Callable[[], Awaitable[int]]) -> tuple[int, float]:
    began = time.monotonic()
    with suppress(asyncio.CancelledError):
        return await ask(), time.monotonic() - began
    return 0, time.monotonic() - began
