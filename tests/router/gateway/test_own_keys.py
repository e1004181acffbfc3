"""Requests go out with the organization's own provider keys, in its order."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from pytest_django.fixtures import Settings

from apps.accounts.models import Organization
from apps.catalog.models import Provider
from apps.kit.sealing import Secret
from apps.providers.fake import FakeProvider
from apps.router.front import Front
from apps.router.runtime import Runtime
from apps.tenancy.scope import scope
from apps.vault import services
from apps.vault.models import ProviderKey, ProviderPreference
from apps.vault.services import NewProviderKey
from tests.asgi import App
from tests.factories import make_key, make_org
from tests.router.conftest import DJANGO, Caller, attempts, eventually, ledger

pytestmark = pytest.mark.django_db(transaction=True)

MANAGED, ONE, TWO = (
    "sk-managed-0123456789",
    "sk-own-one-0123456789",
    "sk-own-two-01234567",
)
HOUSE = "primary-house"
OWN_ONLY = ProviderPreference.Order.OWN_ONLY
MANAGED_FIRST = ProviderPreference.Order.MANAGED_FIRST


@dataclass
class Shop:
    """A running router, and a hand that brings keys to it."""

    org: Organization
    router: Runtime
    managed: dict[str, str]

    async def bring(self, *keys: str, to: str = HOUSE) -> list[UUID]:
        return await sync_to_async(self._bring)(keys, to)

    def _bring(self, keys: tuple[str, ...], provider: str) -> list[UUID]:
        wanted = [NewProviderKey(provider, "Mine", Secret(key)) for key in keys]
        with scope(self.org.id):
            return [services.add_key(one, by=None).id for one in wanted]

    async def prefer(self, order: ProviderPreference.Order, at: str = HOUSE) -> None:
        with scope(self.org.id):
            await sync_to_async(services.prefer)(at, order)

    async def open(self) -> None:
        """Take the snapshot now; that it comes by itself is one test of its own."""
        await self.router._refresh(is_forced=True)


@pytest.fixture
def managed(market: None, settings: Settings) -> dict[str, str]:
    """Every provider takes keys, and the installation has one of each."""
    names = ("PRIMARY", "BACKUP", "THIRD")
    keys = {f"{name}_KEY": MANAGED for name in names}
    settings.PROVIDER_KEY = lambda name: keys.get(name, "")
    for name in names:
        houses = Provider.objects.using("owner").filter(slug=f"{name.lower()}-house")
        houses.update(api_key_env=f"{name}_KEY")
    return keys


@pytest.fixture
def app() -> App:
    """The raw front alone: keys are chosen behind both of them."""
    return Front(DJANGO)


@pytest.fixture
async def shop(managed: dict[str, str], org: Organization, router: Runtime) -> Shop:
    return Shop(org, router, managed)


def _used(fake: FakeProvider) -> list[tuple[str, str]]:
    return [(request.model, request.key) for request in fake.requests]


async def test_without_own_keys_the_managed_one_is_used(
    shop: Shop, live: Caller, fake: FakeProvider
) -> None:
    await live.chat("Hi")

    assert _used(fake) == [("primary", MANAGED)]
    [row] = await ledger()
    assert row["key_kind"] == "managed"


async def test_an_own_key_goes_first_within_a_moment(
    shop: Shop, live: Caller, fake: FakeProvider
) -> None:
    await shop.bring(ONE)
    await eventually(lambda: bool(shop.router.planner.snapshot.org_ways), within_s=30)

    await live.chat("Hi")

    assert _used(fake) == [("primary", ONE)]
    [row], [attempt] = await ledger(), await attempts()
    assert (row["key_kind"], attempt["key_kind"]) == ("own", "own")


@pytest.mark.parametrize(
    ("status", "is_stream"),
    [(401, False), (402, False), (403, False), (429, False), (401, True), (429, True)],
)
async def test_a_failing_key_makes_way_for_the_next_within_the_request(
    shop: Shop, live: Caller, fake: FakeProvider, status: int, *, is_stream: bool
) -> None:
    await shop.bring(ONE, TWO)
    await shop.open()
    fake.script_key(ONE, status=status)

    reply = await live.chat("Hi", stream=is_stream)

    assert reply.status == 200
    assert _used(fake) == [("primary", ONE), ("primary", TWO)]
    first, second = await attempts(2)
    assert (first["key_kind"], second["key_kind"]) == ("own", "own")
    assert (first["http_status"], second["outcome"]) == (status, "ok")


async def test_after_the_own_keys_comes_the_managed_one(
    shop: Shop, live: Caller, fake: FakeProvider
) -> None:
    await shop.bring(ONE)
    await shop.open()
    fake.script_key(ONE, status=401)

    await live.chat("Hi")

    assert _used(fake) == [("primary", ONE), ("primary", MANAGED)]
    [row] = await ledger()
    assert row["key_kind"] == "managed"


async def test_a_failing_key_is_asked_last_for_a_while(
    shop: Shop, live: Caller, fake: FakeProvider
) -> None:
    await shop.bring(ONE)
    await shop.open()
    fake.script_key(ONE, status=401)
    await live.chat("Hi")
    fake.requests.clear()

    await live.chat("Hi")

    assert _used(fake) == [("primary", MANAGED)]


async def test_managed_first_keeps_own_keys_for_when_it_fails(
    shop: Shop, live: Caller, fake: FakeProvider
) -> None:
    await shop.bring(ONE)
    await shop.prefer(MANAGED_FIRST)
    await shop.open()
    fake.script_key(MANAGED, status=429)

    await live.chat("Hi")

    assert _used(fake) == [("primary", MANAGED), ("primary", ONE)]


async def test_own_only_never_uses_the_managed_key(
    shop: Shop, live: Caller, fake: FakeProvider
) -> None:
    await shop.bring(ONE)
    await shop.prefer(OWN_ONLY)
    await shop.open()
    fake.script_key(ONE, status=401, message=f"bad key {ONE}")

    reply = await live.chat("Hi", model="primary-house/primary")

    assert reply.status == 502
    assert "own key" in reply.json()["error"]["message"]
    assert _used(fake) == [("primary", ONE)]
    assert ONE not in reply.body.decode()


async def test_own_only_without_a_key_shuts_the_provider(
    shop: Shop, live: Caller, fake: FakeProvider
) -> None:
    await shop.prefer(OWN_ONLY)
    await shop.open()

    named = await live.chat("Hi", model="primary-house/primary")
    free = await live.chat("Hi")

    assert named.status == 503
    assert "only its own keys" in named.json()["error"]["message"]
    assert free.json()["model_used"] == "backup-house/backup"


async def test_a_key_opens_a_provider_the_installation_has_none_for(
    shop: Shop, live: Caller, fake: FakeProvider, app: Any
) -> None:
    del shop.managed["PRIMARY_KEY"]
    await shop.bring(ONE)
    await shop.open()
    stranger = Caller(app, (await sync_to_async(_stranger)()))

    mine = await live.chat("Hi")
    theirs = await stranger.chat("Hi")

    assert mine.json()["model_used"] == "primary-house/primary"
    assert theirs.json()["model_used"] == "backup-house/backup"
    assert _used(fake) == [("primary", ONE), ("backup", MANAGED)]
    [cost] = [row["cost_usd"] for row in await ledger(2) if row["key_kind"] == "own"]
    assert cost > 0
    models = [m["id"] for m in (await live.get("/v1/models")).json()["data"]]
    assert "primary-house/primary" in models
    others = [m["id"] for m in (await stranger.get("/v1/models")).json()["data"]]
    assert "primary-house/primary" not in others


def _stranger() -> str:
    return make_key(make_org("Globex"))[1]


async def test_a_test_key_uses_nobodys_provider_key(
    shop: Shop, test: Caller, fake: FakeProvider
) -> None:
    await shop.bring(ONE)
    await shop.prefer(OWN_ONLY, at="backup-house")
    await shop.open()

    reply = await test.chat("Hi")

    assert reply.json()["provider"] == "echo"
    assert fake.requests == []


async def test_a_server_failure_goes_to_another_offer_not_to_another_key(
    shop: Shop, live: Caller, fake: FakeProvider
) -> None:
    await shop.bring(ONE, TWO)
    await shop.open()
    fake.script("primary", status=503)

    await live.chat("Hi")

    assert _used(fake) == [("primary", ONE), ("backup", MANAGED)]


@pytest.mark.parametrize("deed", ["disable", "delete", "damage"])
async def test_a_key_that_is_gone_is_not_used(
    shop: Shop, live: Caller, fake: FakeProvider, deed: str
) -> None:
    [key_id] = await shop.bring(ONE)
    await shop.open()
    with scope(shop.org.id):
        await sync_to_async(_DEEDS[deed])(key_id)
    await shop.open()

    await live.chat("Hi")

    assert _used(fake) == [("primary", MANAGED)]


def _damage(key_id: UUID) -> None:
    ProviderKey.objects.filter(id=key_id).update(sealed=b"not what it was")


_DEEDS: dict[str, Any] = {
    "disable": lambda key_id: services.change_key(key_id, is_enabled=False),
    "delete": services.delete_key,
    "damage": _damage,
}


async def test_the_debug_answer_knows_what_own_keys_open_and_tells_no_key(
    shop: Shop, live: Caller
) -> None:
    del shop.managed["PRIMARY_KEY"]
    await shop.bring(ONE)
    await shop.open()

    body = {"messages": [{"role": "user", "content": "Hi"}]}
    reply = await live.post("/v1/router/debug", body)

    assert reply.json()["selected_model"] == "primary-house/primary"
    assert ONE not in reply.body.decode()
