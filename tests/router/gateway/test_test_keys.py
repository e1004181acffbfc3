"""A test key runs the whole pipeline, and never reaches a provider that is paid."""

from typing import Any

import pytest
from asgiref.sync import sync_to_async

from apps.accounts.models import Organization
from apps.kit.errors import NoModelAvailableError
from apps.providers.fake import FakeProvider
from apps.router.runtime import Runtime
from apps.router.walk import _keep_from_providers
from tests.asgi import App
from tests.factories import make_key
from tests.router.conftest import Caller, ledger
from tests.router.engine.offers import scored

pytestmark = pytest.mark.django_db(transaction=True)

ASKED: list[dict[str, Any]] = [
    {},
    {"model": "auto:best"},
    {"model": "primary"},
    {"model": "third-house/third"},
    {"model": "modeloptix/echo"},
    {"models": ["primary-house/primary", "backup"]},
    {"priority": "best", "latency_pref": "fast"},
    {"stream": True, "model": "backup"},
]


@pytest.mark.parametrize("options", ASKED, ids=str)
async def test_whatever_is_asked_for_the_stand_in_answers(
    router: Runtime, test: Caller, fake: FakeProvider, options: dict[str, Any]
) -> None:
    reply = await test.chat("Hello", **options)

    assert reply.status == 200
    answer = reply.events()[-1][1] if options.get("stream") else reply.json()
    assert answer["model_used"] == "modeloptix/echo"
    assert answer["cost"] == 0
    assert fake.requests == []
    [row] = await ledger()
    assert (row["is_test"], row["provider"], row["attempts"]) == (True, "echo", 1)


async def test_openai_s_own_address_is_no_way_around(
    router: Runtime, test: Caller, fake: FakeProvider
) -> None:
    reply = await test.complete("Hello", model="primary")

    assert reply.status == 200
    assert reply.headers["x-modeloptix-provider"] == "echo"
    assert fake.requests == []


async def test_an_unknown_model_is_unknown_to_a_test_key_too(
    router: Runtime, test: Caller
) -> None:
    assert (await test.chat("Hello", model="nobody/nothing")).status == 404


async def test_allowed_models_hold_as_for_a_live_key(
    router: Runtime, app: App, org: Organization, fake: FakeProvider
) -> None:
    allowed = ("primary-house/*",)
    _, token = await sync_to_async(make_key)(org, is_test=True, allowed_models=allowed)
    caller = Caller(app, token)

    replies = [await caller.chat("Hi", model=name) for name in ("primary", "backup")]
    free = await caller.chat("Hi")

    assert [reply.status for reply in (*replies, free)] == [200, 403, 200]
    assert fake.requests == []


async def test_the_decision_says_who_stands_in(router: Runtime, test: Caller) -> None:
    body = {"model": "primary", "messages": [{"role": "user", "content": "Hi"}]}

    decision = (await test.post("/v1/router/debug", body)).json()

    assert decision["selected_model"] == "modeloptix/echo"
    assert "stands in for primary-house/primary" in decision["reason"]


async def test_the_list_names_only_the_stand_in(router: Runtime, test: Caller) -> None:
    models = (await test.get("/v1/models")).json()["data"]

    assert [model["id"] for model in models] == ["modeloptix/echo"]


def test_a_chain_with_a_provider_is_stopped_before_its_first_attempt() -> None:
    with pytest.raises(NoModelAvailableError):
        _keep_from_providers((scored("a/paid"),))
