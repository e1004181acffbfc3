"""OpenRouter's fields at `/v1/chat/completions` and `/v1/chat`, on a real market."""

from typing import Any

import pytest

from apps.providers.fake import FakeProvider
from apps.router.front import Front
from apps.router.runtime import Runtime
from tests.asgi import App
from tests.router.conftest import DJANGO, Caller, attempts

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def app() -> App:
    """The raw front: what differs in Django's is the refusals, which have a test."""
    return Front(DJANGO)


async def test_models_are_gone_down_in_their_order(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    fake.script("third", status=503)

    reply = await live.complete("Hi", models=["third", "backup", "primary"])

    assert reply.headers["x-modeloptix-model"] == "backup-house/backup"
    assert [a["model"] for a in await attempts(2)] == [
        "third-house/third",
        "backup-house/backup",
    ]
    assert "models" not in fake.requests[0].body


PREFERENCES: list[tuple[dict[str, Any], str]] = [
    ({"provider": {"order": ["third-house"]}}, "third-house"),
    ({"provider": {"only": ["backup-house", "third-house"]}}, "backup-house"),
    ({"provider": {"ignore": ["primary-house"]}}, "backup-house"),
    ({"provider": {"max_price": {"prompt": 1}}}, "primary-house"),
    ({"provider": {"sort": "price"}}, "primary-house"),
    ({"model": "auto:floor"}, "primary-house"),
    ({"model": "openrouter/auto"}, "primary-house"),
    ({"model": "third:floor"}, "third-house"),
]


async def test_preferences_choose_the_provider(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    for body, provider in PREFERENCES:
        reply = await live.complete("Hi", **body)

        assert reply.headers.get("x-modeloptix-provider") == provider, body
    assert not {"provider", "models"} & fake.requests[0].body.keys()


async def test_they_hold_at_our_own_endpoint_too(router: Runtime, live: Caller) -> None:
    answer = (await live.chat("Hi", provider={"only": ["backup-house"]})).json()

    assert answer["provider"] == "backup-house"


async def test_without_fallbacks_one_failure_is_the_end(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    fake.script("primary", status=422)

    await live.complete("Hi", provider={"allow_fallbacks": False})

    assert len(fake.requests) == 1


async def test_nobody_who_is_known_to_keep_the_rules_is_told_so(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    for wish in ({"zdr": True}, {"data_collection": "deny"}):
        reply = await live.complete("Hi", provider=wish)

        assert reply.status == 503
        assert "not assessed" in reply.json()["error"]["message"]
    assert fake.requests == []


async def test_transforms_are_named_as_left_out(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    reply = await live.complete("Hi", transforms=["middle-out"])

    assert reply.headers["x-modeloptix-adjusted"] == "dropped:transforms"
    assert "transforms" not in fake.requests[0].body


@pytest.mark.parametrize("front", ["raw", "drf"])
async def test_typos_where_money_and_data_are_at_stake_are_refused_by_name(
    router: Runtime, live: Caller, fake: FakeProvider, front: str
) -> None:
    caller = live if front == "raw" else Caller(DJANGO, live.token)

    for body, param in (
        ({"provider": {"max_prize": {"prompt": 1}}}, "provider.max_prize"),
        ({"provider": {"zdrr": True}}, "provider.zdrr"),
        ({"plugins": [{"id": "web"}]}, "plugins"),
    ):
        reply = await caller.complete("Hi", **body)

        assert (reply.status, reply.json()["error"]["param"]) == (400, param)
    assert fake.requests == []
