"""Requests and tokens a minute at both fronts, and what is told of them."""

from typing import Any

import pytest
from asgiref.sync import sync_to_async

from apps.accounts.models import Organization
from apps.providers.fake import FakeProvider
from apps.router import budget_services
from apps.router.limits.rates import UsualLimit
from apps.router.runtime import Runtime
from apps.tenancy.scope import scope
from config.env import Env, EnvError
from tests.asgi import App
from tests.factories import make_key
from tests.router.conftest import Caller, eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def limited(app: App, org: Organization) -> Any:
    """A client whose key has limits of its own."""

    async def make(**fields: Any) -> Caller:
        _, token = await sync_to_async(make_key)(org, **fields)
        return Caller(app, token)

    return make


async def test_the_request_after_the_last_is_refused_and_says_when(
    router: Runtime, limited: Any
) -> None:
    caller = await limited(requests_per_minute=3)

    replies = [await caller.complete("Hi") for _ in range(4)]

    assert [reply.status for reply in replies] == [200, 200, 200, 429]
    refused = replies[-1]
    error = refused.json()["error"]
    assert (error["code"], error["type"]) == ("rate_limited", "rate_limit_error")
    assert "This API key's limit of 3 requests a minute" in error["message"]
    assert 1 <= int(refused.headers["retry-after"]) <= 20
    assert refused.headers["ratelimit-remaining"] == "0"


async def test_every_answer_tells_what_is_left(
    router: Runtime, limited: Any, fake: FakeProvider
) -> None:
    caller = await limited(requests_per_minute=50, tokens_per_minute=100_000)

    whole = await caller.chat("Hi")
    stream = await caller.chat("Hi", stream=True)

    assert whole.headers["ratelimit-limit"] == "50"
    assert whole.headers["ratelimit-remaining"] == "49"
    assert 1 <= int(whole.headers["ratelimit-reset"]) <= 2
    policy = whole.headers["ratelimit-policy"]
    assert policy == '"key-requests";q=50;w=60, "key-tokens";q=100000;w=60'
    assert whole.headers["ratelimit"].startswith('"key-requests";r=49;t=')
    assert whole.headers["x-ratelimit-limit-tokens"] == "100000"
    assert int(stream.headers["x-ratelimit-remaining-requests"]) in {48, 49}


async def test_without_a_limit_nothing_is_counted_or_told(
    router: Runtime, live: Caller
) -> None:
    reply = await live.chat("Hi")

    assert not [name for name in reply.headers if "ratelimit" in name]


async def test_the_installation_s_limit_holds_for_keys_without_their_own(
    router: Runtime, live: Caller, test: Caller
) -> None:
    router.gate.usual = UsualLimit(2, 60)

    replies = [await live.chat("Hi") for _ in range(3)]
    other = await test.chat("Hi")

    assert [reply.status for reply in replies] == [200, 200, 429]
    # A limit is each key's own.
    assert other.status == 200


@pytest.mark.parametrize("path", ["/v1/models", "/v1/usage"])
async def test_reading_counts_as_a_request(
    router: Runtime, limited: Any, path: str
) -> None:
    caller = await limited(requests_per_minute=2)

    replies = [await caller.get(path) for _ in range(3)]

    assert [reply.status for reply in replies] == [200, 200, 429]
    assert replies[0].headers["ratelimit-remaining"] == "1"
    assert int(replies[2].headers["retry-after"]) >= 1


async def test_deciding_without_calling_counts_as_a_request(
    router: Runtime, limited: Any
) -> None:
    caller = await limited(requests_per_minute=1)
    body = {"messages": [{"role": "user", "content": "Hi"}]}

    replies = [await caller.post("/v1/router/debug", body) for _ in range(2)]

    assert [reply.status for reply in replies] == [200, 429]


async def test_tokens_are_counted_as_they_were_used(
    router: Runtime, limited: Any, fake: FakeProvider
) -> None:
    usage = {"prompt_tokens": 4_000, "completion_tokens": 900}
    fake.script("primary", usage=usage)
    caller = await limited(tokens_per_minute=5_000)

    first = await caller.chat("Hi", model="primary")
    refused = await caller.chat("Hi" * 1000, model="primary")

    # Some 400 were expected, 4,900 it became.
    assert int(first.headers["x-ratelimit-remaining-tokens"]) > 4_000
    assert refused.status == 429
    assert "5,000 tokens a minute" in refused.json()["error"]["message"]


async def test_the_organization_s_limit_holds_for_all_its_keys_together(
    router: Runtime, limited: Any, org: Organization
) -> None:
    await sync_to_async(_set_rates)(org, requests_per_minute=3)
    await eventually(lambda: router.limits_of(org.id).requests_per_minute == 3)
    callers = [await limited(), await limited()]

    replies = [await caller.chat("Hi") for caller in callers * 2]

    assert [reply.status for reply in replies] == [200, 200, 200, 429]
    assert "This organization's limit" in replies[-1].json()["error"]["message"]


def _set_rates(org: Organization, **rates: int) -> None:
    with scope(org.id):
        budget_services.set_rates(rates)


def test_a_window_of_no_seconds_stops_the_start() -> None:
    with pytest.raises(EnvError, match="RATE_LIMIT_WINDOW_SEC"):
        Env({"RATE_LIMIT_WINDOW_SEC": "0"}).integer(
            "RATE_LIMIT_WINDOW_SEC", 60, least=1
        )
