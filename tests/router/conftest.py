"""A running router with its ledger, and clients of both of its fronts."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.asgi import get_asgi_application
from django.db import connections, transaction
from pytest_django.fixtures import Settings

from apps.accounts.key_cache import KEY_CACHE
from apps.accounts.models import Organization
from apps.providers.fake import FakeProvider
from apps.router import runtime
from apps.router.front import Front
from tests.asgi import Answer, App, Exchange, exchange
from tests.factories import Listed, make_key, make_offers, make_org, make_stand_in

DJANGO: App = get_asgi_application()


@dataclass(slots=True)
class Caller:
    """A client of one front with one key."""

    app: App
    token: str
    headers: dict[str, str] = field(default_factory=dict)

    def start(self, method: str, path: str, body: object = b"") -> Exchange:
        headers = {"authorization": f"Bearer {self.token}", **self.headers}
        return exchange(self.app, method, path, headers=headers, body=body)

    async def post(self, path: str, body: object) -> Answer:
        return await self.start("POST", path, body).answer()

    async def get(self, path: str) -> Answer:
        return await self.start("GET", path).answer()

    async def chat(self, text: str = "Hi", **options: Any) -> Answer:
        body = {"messages": [{"role": "user", "content": text}], **options}
        return await self.post("/v1/chat", body)

    async def complete(self, text: str = "Hi", **options: Any) -> Answer:
        body = {"messages": [{"role": "user", "content": text}], **options}
        return await self.post("/v1/chat/completions", body)


@pytest.fixture
def org(transactional_db: None) -> Organization:
    return make_org("Acme")


@pytest.fixture
def live_token(org: Organization) -> str:
    return make_key(org)[1]


@pytest.fixture
def test_token(org: Organization) -> str:
    return make_key(org, is_test=True)[1]


@pytest.fixture(params=["raw", "drf"])
def app(request: pytest.FixtureRequest) -> App:
    return Front(DJANGO) if request.param == "raw" else DJANGO


@pytest.fixture
def live(app: App, live_token: str) -> Caller:
    return Caller(app, live_token)


@pytest.fixture
def test(app: App, test_token: str) -> Caller:
    return Caller(app, test_token)


@pytest.fixture
async def fake() -> AsyncIterator[FakeProvider]:
    async with FakeProvider.running() as running:
        yield running


@pytest.fixture
async def market(transactional_db: None, fake: FakeProvider) -> None:
    """Three providers of one model each, cheapest first, and the echo."""
    await sync_to_async(make_market)(fake.base_url)


def make_market(base_url: str) -> None:
    with transaction.atomic(using="owner"):
        make_offers(
            Listed("primary-house/primary", base_url, "1", "2"),
            Listed("backup-house/backup", base_url, "2", "4"),
            Listed("third-house/third", base_url, "3", "6"),
        )
        make_stand_in()


@pytest.fixture
async def router(
    market: None, settings: Settings, tmp_path: Path
) -> AsyncIterator[runtime.Runtime]:
    """The runtime of a web process over what the test has committed before."""
    settings.JOURNAL_DIR = tmp_path / "journal"
    settings.LEDGER_FSYNC_MS = 50
    settings.REQUEST_DEADLINE_S = 10
    settings.ATTEMPT_TIMEOUT_S = 1
    settings.PREMIUM_MODEL = "third-house/third"
    started = await runtime.start()
    yield started
    await runtime.stop()
    KEY_CACHE.clear()


async def eventually(condition: Callable[[], bool], *, within_s: float = 5.0) -> None:
    """Wait until the condition is true."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.02)


@sync_to_async
def _read(columns: str, table: str) -> list[Any]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            f"SELECT row_to_json(r) FROM (SELECT {columns} FROM {table}"
            " ORDER BY created_at, id) r"
        )
        return [row[0] for row in cursor.fetchall()]


async def ledger(rows: int = 1, *, within_s: float = 5.0) -> list[Any]:
    """The ledger's requests, once there are at least so many."""
    return await _shipped("*", "router_routed_request", rows, within_s)


async def attempts(rows: int = 1, *, within_s: float = 5.0) -> list[Any]:
    found = await _shipped("*", "router_attempt", rows, within_s)
    return sorted(found, key=lambda attempt: attempt["number"])


async def _shipped(columns: str, table: str, rows: int, within_s: float) -> list[Any]:
    async with asyncio.timeout(within_s):
        while len(found := await _read(columns, table)) < rows:
            await asyncio.sleep(0.05)
    return found
