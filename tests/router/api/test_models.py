"""`GET /v1/models`: OpenAI's list shape and our own fields in one body."""

import pytest
from asgiref.sync import sync_to_async

from apps.accounts.models import Organization
from apps.router.runtime import Runtime
from tests.asgi import App
from tests.factories import make_key
from tests.router.conftest import Caller

pytestmark = pytest.mark.django_db(transaction=True)

FIELDS = {
    "provider",
    "model_name",
    "cost_input",
    "cost_output",
    "avg_latency",
    "strengths",
    "supports_functions",
    "supports_vision",
    "max_tokens",
}


async def test_a_live_key_sees_what_it_can_call(router: Runtime, live: Caller) -> None:
    reply = await live.get("/v1/models")

    body = reply.json()
    by_id = {model["id"]: model for model in body["data"]}
    primary = by_id["primary-house/primary"]
    assert reply.status == 200
    assert body["object"] == "list"
    assert set(primary) >= FIELDS | {"id", "object", "created", "owned_by"}
    assert (primary["object"], primary["provider"]) == ("model", "primary-house")
    assert (primary["cost_input"], primary["cost_output"]) == (1.0, 2.0)
    assert [offer["provider"] for offer in primary["offers"]] == ["primary-house"]
    assert primary["avg_latency"] is None


async def test_a_test_key_sees_the_stand_in(router: Runtime, test: Caller) -> None:
    body = (await test.get("/v1/models")).json()

    assert [model["id"] for model in body["data"]] == ["modeloptix/echo"]


async def test_the_scope_is_needed(
    router: Runtime, app: App, org: Organization
) -> None:
    _, token = await sync_to_async(make_key)(org, scopes=("chat",))

    reply = await Caller(app, token).get("/v1/models")

    assert reply.status == 403
