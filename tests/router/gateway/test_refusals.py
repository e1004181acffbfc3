"""Bad input gets its 4xx in the documented shape, on both fronts alike."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from apps.accounts import key_services
from apps.accounts.keys import new_token
from apps.accounts.models import APIKey, Organization
from apps.kit.clock import utc_now
from apps.providers.fake import FakeProvider
from apps.router.front import Front
from apps.router.runtime import Runtime
from apps.tenancy.scope import scope
from tests.asgi import Answer, App, exchange
from tests.factories import make_key, make_org
from tests.router.conftest import DJANGO, Caller, ledger

pytestmark = pytest.mark.django_db(transaction=True)

PATHS = ["/v1/chat", "/v1/chat/completions"]
HELLO = [{"role": "user", "content": "Hi"}]


def assert_refused(answer: Answer, status: int, code: str, param: str | None) -> None:
    body = answer.json()
    assert answer.status == status
    assert set(body) == {"error", "request_id"}
    assert set(body["error"]) == {"code", "message", "type", "param"}
    assert body["error"]["code"] == code
    assert body["error"]["message"]
    if param is not None:
        assert body["error"]["param"] == param
    assert answer.headers["x-request-id"] == body["request_id"]


def nested(depth: int) -> bytes:
    inner = b"[" * depth + b"]" * depth
    return b'{"messages": [{"role": "user", "content": "Hi"}], "x": ' + inner + b"}"


def with_text(escaped: str) -> bytes:
    return b'{"messages": [{"role": "user", "content": "%b"}]}' % escaped.encode()


BAD_BODIES: dict[str, tuple[object, str | None]] = {
    "empty": (b"", None),
    "not json": (b"{", None),
    "not an object": (b"[]", None),
    "bad utf-8": (b'{"messages": "\xff"}', None),
    "1,000 deep": (nested(1000), None),
    "nul": (with_text("a\\u0000b"), None),
    "lone surrogate": (with_text("\\ud800"), None),
    "no messages": ({}, "messages"),
    "empty messages": ({"messages": []}, "messages"),
    "messages of another kind": ({"messages": "Hi"}, "messages"),
    "a role nobody has": ({"messages": [{"role": "king", "content": "Hi"}]}, None),
    "content of another kind": ({"messages": [{"role": "user", "content": 1}]}, None),
    "max_tokens of zero": ({"messages": HELLO, "max_tokens": 0}, "max_tokens"),
    "too hot": ({"messages": HELLO, "temperature": 9}, "temperature"),
    "stream of another kind": ({"messages": HELLO, "stream": "perhaps"}, "stream"),
}
BAD_BODIES |= {
    name: ({"messages": [message]}, None)
    for name, message in {
        "a part without text": {"role": "user", "content": [{"type": "text"}]},
        "text that is none": {"role": "user", "content": [{"type": "text", "text": 5}]},
        "a user who says nothing": {"role": "user"},
        "tool calls that are none": {"role": "assistant", "tool_calls": 5},
    }.items()
}
BAD_BODIES |= {
    "a tool without a type": ({"messages": HELLO, "tools": [{}]}, None),
    "a schema that is missing": (
        {"messages": HELLO, "response_format": {"type": "json_schema"}},
        None,
    ),
    "no answer at all": ({"messages": HELLO, "n": 0}, "n"),
    "a stop of another kind": ({"messages": HELLO, "stop": {}}, None),
    "a choice of another kind": ({"messages": HELLO, "tool_choice": 7}, "tool_choice"),
}
BAD_CHATS: dict[str, tuple[object, str | None]] = {
    "negative max_cost": ({"messages": HELLO, "max_cost": -1}, "max_cost"),
    "unknown priority": ({"messages": HELLO, "priority": "nice"}, "priority"),
    "unknown task": ({"messages": HELLO, "task": "dance"}, "task"),
    "floor above one": ({"messages": HELLO, "quality_floor": 2}, "quality_floor"),
}


@pytest.mark.parametrize("path", PATHS)
async def test_a_bad_body_is_named(
    router: Runtime, live: Caller, path: str, subtests: pytest.Subtests
) -> None:
    for name, (body, param) in BAD_BODIES.items():
        with subtests.test(name):
            answer = await live.post(path, body)
            assert_refused(answer, 400, "validation_error", param)


async def test_a_bad_steering_field_is_named(
    router: Runtime, live: Caller, subtests: pytest.Subtests
) -> None:
    for name, (body, param) in BAD_CHATS.items():
        with subtests.test(name):
            answer = await live.post("/v1/chat", body)
            assert_refused(answer, 400, "validation_error", param)


@pytest.mark.parametrize("path", PATHS)
async def test_ten_megabytes_are_too_many(
    router: Runtime, live: Caller, path: str
) -> None:
    reply = await live.post(path, b'{"messages": "' + b"x" * 10_000_000 + b'"}')

    assert_refused(reply, 413, "payload_too_large", None)


@pytest.mark.parametrize("path", PATHS)
async def test_a_body_that_breaks_off_is_no_error_of_the_server(path: str) -> None:
    call = exchange(Front(DJANGO), "POST", path)
    call.is_body_read = True

    call.hang_up()

    assert_refused(await call.answer(), 400, "validation_error", None)


@pytest.mark.parametrize("path", PATHS)
async def test_an_unknown_model_is_not_found(
    router: Runtime, live: Caller, path: str
) -> None:
    reply = await live.post(path, {"messages": HELLO, "model": "nobody/nothing"})

    assert_refused(reply, 404, "not_found", "model")


async def test_an_unknown_alias_is_not_found(router: Runtime, live: Caller) -> None:
    assert_refused(await live.chat("Hi", alias="uc/none"), 404, "not_found", "alias")


async def test_a_max_cost_nothing_fits_is_402(router: Runtime, live: Caller) -> None:
    reply = await live.chat("Hi", max_cost=0.000000001)

    assert_refused(reply, 402, "max_cost_exceeded", "max_cost")


@pytest.mark.parametrize(
    "token",
    ["", "nonsense", "mx_live_" + "a" * 38, "mx_live_é"],
)
async def test_a_key_that_is_none_is_401(router: Runtime, app: App, token: str) -> None:
    caller = Caller(app, token)

    assert_refused(await caller.chat("Hi"), 401, "invalid_api_key", None)


async def test_no_authorization_at_all_is_401(router: Runtime, app: App) -> None:
    reply = await exchange(app, "POST", "/v1/chat", body={"messages": HELLO}).answer()

    assert_refused(reply, 401, "invalid_api_key", None)


async def test_a_well_formed_key_nobody_has_is_401(router: Runtime, app: App) -> None:
    reply = await Caller(app, new_token()).chat("Hi")

    assert_refused(reply, 401, "invalid_api_key", None)


async def test_a_key_in_the_other_header_is_as_good(
    router: Runtime, app: App, live_token: str
) -> None:
    caller = Caller(app, "", {"authorization": "", "x-api-key": live_token})

    assert (await caller.chat("Hi")).status == 200


@pytest.fixture
def expired_token(org: Organization) -> str:
    return make_key(org, expires_at=utc_now() - timedelta(seconds=1))[1]


async def test_an_expired_key_is_401(
    expired_token: str, router: Runtime, app: App
) -> None:
    reply = await Caller(app, expired_token).chat("Hi")

    assert_refused(reply, 401, "invalid_api_key", None)


@pytest.fixture
def narrow_token(org: Organization) -> str:
    return make_key(org, scopes=("usage:read",))[1]


async def test_a_key_without_the_scope_is_403(
    narrow_token: str, router: Runtime, app: App
) -> None:
    reply = await Caller(app, narrow_token).chat("Hi")

    assert_refused(reply, 403, "permission_denied", None)


@sync_to_async
def revoke_all(org: Organization) -> None:
    with scope(org.id):
        for key in list(APIKey.objects.all()):
            key_services.revoke_key(key.id)


async def test_a_revoked_key_is_refused_within_a_second(
    org: Organization, router: Runtime, live: Caller
) -> None:
    assert (await live.chat("Hi")).status == 200

    await revoke_all(org)

    async with asyncio.timeout(1):
        while (reply := await live.chat("Hi")).status == 200:
            await asyncio.sleep(0.05)
    assert_refused(reply, 401, "invalid_api_key", None)


@pytest.fixture
def globex_token(transactional_db: None) -> str:
    return make_key(make_org("Globex"))[1]


async def test_usage_shows_nothing_of_another_organization(
    globex_token: str, router: Runtime, live: Caller
) -> None:
    await live.chat("Hi")
    await ledger()

    reply = await Caller(live.app, globex_token).get("/v1/usage")

    assert reply.json()["total_requests"] == 0


async def test_a_refused_request_leaves_no_row(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    await live.chat("Hi", max_cost=-1)
    await live.chat("Hi")

    rows = await ledger()

    assert len(rows) == 1
    assert len(fake.requests) == 1


async def test_get_is_not_a_way_to_chat(router: Runtime, live: Caller) -> None:
    reply = await live.get("/v1/chat")

    assert reply.status == 405
    assert reply.json()["error"]["code"] == "validation_error"


async def test_a_path_that_is_none_is_404(router: Runtime, live: Caller) -> None:
    reply = await live.post("/v1/nothing", {})

    assert_refused(reply, 404, "not_found", None)


@pytest.mark.parametrize("value", [True, "auto:cheap", "auto:best", "auto"])
async def test_ways_to_let_the_router_choose(
    router: Runtime, live: Caller, value: Any
) -> None:
    model = "auto" if value is True else value

    reply = await live.complete("Hi", model=model)

    assert reply.status == 200
