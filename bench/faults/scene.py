"""What a run of faults has at hand: the product, its services, a scripted provider."""

import asyncio
import os
import shutil
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import aiohttp
import psutil
import psycopg

from apps.providers.fake import FakeProvider
from bench import machine
from bench.database import DATA_RANK, Store, plain_environment
from bench.prompts import HOST
from bench.stage import Stage, Target, granian
from config.launcher.embedded import Postgres, Valkey
from config.launcher.homes import lesser_account, postgres_home, socket_folder
from config.launcher.probes import answers_http

# Short, so that a run is: the product's own are 300 s and 90 s.
DEADLINE_S: Final = 10
ATTEMPT_S: Final = 2
# `cheap` asks the first of these first, then the second, which is at a provider of
# its own. Each by the id that its provider knows it by, and by the product's.
CHAIN: Final = ("bench-tiny", "bench-backup", "bench-small")
SLUGS: Final = {"bench-tiny": "bench/bench-tiny", "bench-backup": "backup/bench-backup"}
BACKUP_USD: Final = ("0.10", "0.40")
PRODUCT: Final = "config.asgi:application"
QUIET_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One promise, what was found, and whether it holds."""

    case: str
    promise: str
    found: str
    holds: bool


@dataclass(slots=True)
class Reply:
    """What came of one call; status 0: the connection was lost."""

    status: int
    seconds: float
    request_id: str = ""
    body: bytes = b""
    # A stream came to its proper end.
    is_whole: bool = True


@dataclass(slots=True)
class Scene:
    """The running product, and the ways to hurt it."""

    fake: FakeProvider
    http: aiohttp.ClientSession
    stage: Stage
    store: Store
    web: Target
    token: str
    answered: set[str] = field(default_factory=set)

    async def call(self, *, stream: bool = False, **fields: Any) -> Reply:
        """One call by the cheapest way; answered ones must be in the ledger."""
        body = {
            "messages": [{"role": "user", "content": "How much is left?"}],
            "priority": "cheap",
            "stream": stream,
            **fields,
        }
        began, reply = time.monotonic(), Reply(0, 0.0, is_whole=False)
        with suppress(aiohttp.ClientError, TimeoutError, ConnectionError):
            url, headers = self._url("/v1/chat"), {"X-API-Key": self.token}
            async with self.http.post(url, json=body, headers=headers) as answer:
                reply.request_id = answer.headers.get("X-Request-Id", "")
                reply.status = answer.status
                reply.body = await answer.read()
                reply.is_whole = not stream or b"event: done" in reply.body
        reply.seconds = time.monotonic() - began
        if reply.status == 200 and reply.is_whole:
            self.answered.add(reply.request_id)
        return reply

    async def status_of(self, path: str) -> int:
        return (await self.get(path))[0]

    async def get(self, path: str) -> tuple[int, str]:
        """The status, 0 when nobody answers, and its `Retry-After`."""
        with suppress(aiohttp.ClientError, TimeoutError, ConnectionError):
            headers = {"X-API-Key": self.token}
            async with self.http.get(self._url(path), headers=headers) as answer:
                await answer.read()
                return answer.status, answer.headers.get("Retry-After", "")
        return 0, ""

    def _url(self, path: str) -> str:
        return f"http://{HOST}:{self.web.port}{path}"

    def script_all(self, **fields: Any) -> None:
        for model in CHAIN:
            self.fake.script(model, **fields)

    async def sql(self, statement: str) -> Any:
        """The first row, as the owner, who sees all of the ledger."""
        url = self.store.environment["DATABASE_OWNER_URL"]
        connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
        async with connection:
            cursor = await connection.execute(statement.encode())
            return await cursor.fetchone()

    def web_memory_mib(self) -> float:
        # The server itself, and the worker it forked.
        rss = 0.0
        for process in machine.tree(self.web.pid):
            with suppress(psutil.Error):
                rss += process.memory_info().rss
        return rss / 2**20

    def kill_web(self) -> None:
        """As the kernel would, the whole session at once."""
        os.killpg(self.web.pid, signal.SIGKILL)

    async def start_web(self) -> None:
        """Again, at the same port."""
        started = self.stage.run.start(
            f"web-{len(self.stage.run.started)}",
            granian(PRODUCT, self.web.port),
            cores=self.stage.cores.gateway,
            env=self.store.environment,
        )
        self.web = Target("ours", self.web.port, started.pid, self.token)
        is_up = partial(answers_http, HOST, self.web.port, "/health")
        await asyncio.to_thread(self.stage.run.wait_for, "web", is_up)

    @property
    def postgres(self) -> Postgres:
        account = lesser_account()
        place = postgres_home(self.stage.home)
        return Postgres(place, socket_folder(place / "sockets", account), account)

    def stop_postgres(self) -> None:
        """`pg_ctl -m immediate`: no checkpoint, no farewell to clients."""
        os.kill(self.store.pids[-1], signal.SIGQUIT)
        psutil.Process(self.store.pids[-1]).wait(20)

    async def start_postgres(self) -> None:
        server, run = self.postgres, self.stage.run
        process = run.start(
            "postgres-again",
            server.command(),
            cores=self.stage.cores.others,
            env=plain_environment(),
            rank=DATA_RANK,
            account=server.account,
        )
        await asyncio.to_thread(run.wait_for, "postgres-again", server.is_ready)
        self.store.pids[-1] = process.pid

    async def start_valkey(self) -> None:
        """An empty one in the place of the one that was killed."""
        run = self.stage.run
        server = Valkey(
            self.stage.home / "valkey", socket_folder(self.stage.home / "sockets", None)
        )
        shutil.rmtree(server.home, ignore_errors=True)
        server.create()
        process = run.start(
            "valkey-again",
            server.command(),
            cores=self.stage.cores.others,
            env=plain_environment(),
            rank=DATA_RANK,
        )
        await asyncio.to_thread(run.wait_for, "valkey-again", server.is_ready)
        self.store.valkey_pid = process.pid

    async def ledger_finding(self, case: str) -> Finding:
        """Every answered request is in the ledger once, and its attempts add up."""
        await self._shipped()
        lost = self.answered - await self._recorded()
        doubled, unequal = await self.sql(_SUMS)
        found = f"{len(self.answered)} answered, {len(lost)} lost, {doubled} doubled"
        return Finding(
            case,
            "no row lost or doubled; attempts add up to their requests",
            f"{found}, {unequal} unequal sums",
            not lost and not doubled and not unequal,
        )

    async def _recorded(self) -> set[str]:
        url = self.store.environment["DATABASE_OWNER_URL"]
        connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
        async with connection:
            cursor = await connection.execute(
                "SELECT id::text FROM router_routed_request"
            )
            return {row[0] async for row in cursor}

    async def _shipped(self) -> None:
        """Until the ledger stands still: what a dead process left is adopted late."""

        async def stands_still() -> bool:
            before = await self.sql("SELECT count(*) FROM router_routed_request")
            await asyncio.sleep(QUIET_S)
            is_still = before == await self.sql(
                "SELECT count(*) FROM router_routed_request"
            )
            journals = list((self.stage.home / "journal").glob("*.journal"))
            return is_still and len(journals) <= 1

        await until(stands_still, within_s=40)


_SUMS: Final = """
    SELECT (SELECT count(*) - count(DISTINCT id) FROM router_routed_request),
           (SELECT count(*) FROM router_routed_request r WHERE cost_usd IS DISTINCT FROM
               (SELECT coalesce(sum(cost_usd), 0) FROM router_attempt a
                WHERE a.org_id = r.org_id AND a.request_id = r.id)
            AND provider <> 'cache')
"""


async def until(condition: Callable[[], Awaitable[bool]], *, within_s: float) -> float:
    """Seconds until the condition held, or until it was given up."""
    began = time.monotonic()
    while not await condition():
        if time.monotonic() - began > within_s:
            break
        await asyncio.sleep(0.05)
    return time.monotonic() - began
