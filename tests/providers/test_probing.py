"""A key is tried by a call that costs nothing, and the verdict is honest."""

from typing import Any

import pytest

from apps.providers.fake import FakeProvider
from apps.providers.probing import NOBODYS_KEY, probe
from apps.providers.wire import Endpoint

KEY = "sk-fake-key-0123"


async def test_a_good_key_works_where_a_wrong_one_is_refused(
    fake: FakeProvider,
) -> None:
    fake.lock(KEY)

    found = await probe(fake.endpoint())

    assert (found.verdict, found.message) == ("works", "")
    assert found.took_ms >= 0
    assert [r.path for r in fake.requests] == ["/v1/models"] * 2
    assert [r.key for r in fake.requests] == [KEY, NOBODYS_KEY]


async def test_anthropic_gets_its_own_header(fake: FakeProvider) -> None:
    fake.lock(KEY)

    found = await probe(fake.endpoint("anthropic"))

    assert found.verdict == "works"
    assert fake.requests[0].headers["x-api-key"] == KEY


async def test_openrouter_is_asked_for_the_key_itself(fake: FakeProvider) -> None:
    fake.lock(KEY)

    await probe(fake.endpoint(slug="openrouter"))

    assert fake.requests[0].path == "/v1/key"


async def test_where_any_key_will_do_nothing_is_proven(fake: FakeProvider) -> None:
    assert (await probe(fake.endpoint())).verdict == "unproven"


@pytest.mark.parametrize(
    ("script", "verdict"),
    [
        ({"status": 401, "message": "Incorrect API key: sk-fake-key-0123"}, "refused"),
        ({"status": 400, "message": "API key not valid"}, "refused"),
        ({"status": 402, "message": "no credit"}, "refused"),
        ({"status": 403}, "refused"),
        ({"status": 429, "retry_after": "9"}, "rate_limited"),
        ({"status": 404}, "failed"),
        ({"status": 500}, "failed"),
        ({"status": 302}, "failed"),
    ],
    ids=str,
)
async def test_each_failure_has_its_verdict(
    fake: FakeProvider, script: dict[str, Any], verdict: str
) -> None:
    fake.script_key(KEY, **script)

    found = await probe(fake.endpoint())

    assert found.verdict == verdict
    assert found.message
    assert KEY not in found.message


@pytest.mark.parametrize("fault", ["silent", "reset", "not_http"])
async def test_a_provider_that_does_not_answer(fake: FakeProvider, fault: str) -> None:
    fake.script("", fault=fault)

    found = await probe(fake.endpoint(), timeout_s=0.5)

    assert found.verdict == ("failed" if fault == "not_http" else "unreachable")


async def test_nobody_listens() -> None:
    endpoint = Endpoint("fake", "openai", "http://127.0.0.1:9/v1", api_key=KEY)

    assert (await probe(endpoint)).verdict == "unreachable"
