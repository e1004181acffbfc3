"""A web process that is killed, and a Postgres that goes away, under load."""

import asyncio
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest

from apps.providers.fake import FakeProvider
from tests.router.conftest import ledger
from tests.router.process.web import Gate, WebProcess, web_process

pytestmark = pytest.mark.django_db(transaction=True)

CLIENTS = 32
# `./run bench faults` kills twice as often.
KILLS = 3
BODY = {"messages": [{"role": "user", "content": "Hi"}]}


class Load:
    """Clients that ask again and again, and note the ids of what was answered."""

    def __init__(self, web: WebProcess, token: str) -> None:
        self.answered: list[str] = []
        self.refused: list[int] = []
        self._web = web
        # One client: making one loads the certificates of the world.
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {token}"},
            timeout=20,
            limits=httpx.Limits(max_connections=None),
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._is_over = False

    async def __aenter__(self) -> "Load":
        self._tasks = [asyncio.create_task(self._ask(n)) for n in range(CLIENTS)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_over = True
        await asyncio.gather(*self._tasks)
        await self._client.aclose()

    async def answers(self, more: int) -> None:
        """Wait until so many more requests are answered."""
        wanted = len(self.answered) + more
        async with asyncio.timeout(20):
            while len(self.answered) < wanted:
                await asyncio.sleep(0.02)

    async def _ask(self, number: int) -> None:
        while not self._is_over:
            with suppress(httpx.HTTPError):
                await self._once(is_stream=number % 2 == 0)
            await asyncio.sleep(0.01)

    async def _once(self, *, is_stream: bool) -> None:
        body = {**BODY, "stream": is_stream}
        reply = await self._client.post(f"{self._web.url}/v1/chat", json=body)
        if reply.status_code != 200:
            self.refused.append(reply.status_code)
        elif not is_stream or "event: done" in reply.text:
            self.answered.append(reply.headers["x-request-id"])


@pytest.fixture
def short_folder() -> Any:
    """A path short enough for a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="mx") as folder:
        yield Path(folder)


@pytest.fixture
async def slow_fake(fake: FakeProvider) -> FakeProvider:
    fake.script("primary", text="Hello there", delay_s=0.02, chunks=3)
    return fake


async def until(condition: Callable[[], Any], *, within_s: float) -> float:
    """How long it took until the awaited condition was true."""
    started = monotonic()
    async with asyncio.timeout(within_s):
        while not await condition():
            await asyncio.sleep(0.05)
    return monotonic() - started


async def test_kills_lose_no_answered_request_and_double_none(
    market: None, slow_fake: FakeProvider, live_token: str, tmp_path: Path
) -> None:
    async with web_process(tmp_path) as web:
        async with Load(web, live_token) as load:
            for _ in range(KILLS):
                await load.answers(50)
                web.kill()
                await web.start()
            await load.answers(50)
        await _all_shipped(tmp_path)

        rows = [row["id"] for row in await ledger()]

    assert set(load.answered) <= set(rows)
    assert len(rows) == len(set(rows))


async def _all_shipped(folder: Path) -> None:
    """Only the living process's segment is left, and the ledger stands still."""
    journal = folder / "journal"

    async def is_quiet() -> bool:
        before = len(await ledger())
        await asyncio.sleep(1)
        return len(list(journal.glob("*.journal"))) == 1 and before == len(
            await ledger()
        )

    await until(is_quiet, within_s=30)


@pytest.mark.parametrize(("way", "for_s"), [("shut", 4), ("frozen", 4)])
async def test_postgres_away_under_load_costs_no_request(
    market: None,
    slow_fake: FakeProvider,
    live_token: str,
    short_folder: Path,
    way: str,
    for_s: int,
) -> None:
    gate = Gate(short_folder)
    await gate.open()
    async with (
        web_process(short_folder, database_host=str(short_folder)) as web,
        httpx.AsyncClient(base_url=web.url) as client,
    ):
        await until(lambda: _status_is(client, "/ready", 200), within_s=5)
        async with Load(web, live_token) as load:
            await load.answers(100)
            before = len(load.answered)
            await _close(gate, way)

            noticed_s = await until(
                lambda: _status_is(client, "/ready", 503), within_s=4
            )
            ready = (await client.get("/ready")).json()
            await asyncio.sleep(for_s)
            health = (await client.get("/health")).status_code
            during = len(load.answered) - before
            await _reopen(gate, way)
            await until(lambda: _status_is(client, "/ready", 200), within_s=5)
            await asyncio.sleep(0.5)
        await _all_shipped(short_folder)
        rows = [row["id"] for row in await ledger()]
        await gate.shut()

    assert noticed_s < 2
    assert ready["checks"]["postgres"] != "ok"
    assert health == 200
    assert load.refused == [], web.log()
    assert during > 20 * for_s, web.log()
    assert set(load.answered) <= set(rows)
    assert len(rows) == len(set(rows))


async def _status_is(client: httpx.AsyncClient, path: str, status: int) -> bool:
    return (await client.get(path)).status_code == status


async def _close(gate: Gate, way: str) -> None:
    if way == "frozen":
        gate.is_frozen = True
    else:
        await gate.shut()


async def _reopen(gate: Gate, way: str) -> None:
    gate.is_frozen = False
    if way == "shut":
        await gate.open()
