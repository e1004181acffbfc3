"""What a provider claims is checked before it becomes money."""

from typing import Any

import pytest

from apps.providers.fake import FakeProvider
from apps.router.runtime import Runtime
from tests.router.conftest import Caller, ledger

pytestmark = pytest.mark.django_db(transaction=True)

ABSURD: list[dict[str, Any]] = [
    {"prompt_tokens": 10**12, "completion_tokens": 10**15, "total_tokens": 0},
    {"prompt_tokens": -5, "completion_tokens": 10**30},
]


@pytest.mark.parametrize("usage", ABSURD, ids=["vast", "negative"])
@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
async def test_a_count_that_cannot_be_is_replaced_by_an_estimate(
    router: Runtime,
    live: Caller,
    fake: FakeProvider,
    usage: dict[str, Any],
    *,
    is_stream: bool,
) -> None:
    fake.script("primary", text="Hello", usage=usage)

    await live.chat("Hi", stream=is_stream)

    [row] = await ledger()
    assert row["is_estimated"] is True
    assert row["output_tokens"] == 2
    assert row["cost_usd"] < 0.0001


async def test_a_failed_stream_costs_but_saves_nothing(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    fake.script("primary", text="Hello there you", fault="dies", fault_after=2)

    await live.chat("Hi", stream=True)

    [row] = await ledger()
    assert (row["status"], row["baseline_usd"]) == ("failed", None)
    assert row["cost_usd"] > 0


async def test_the_sdk_s_endpoint_keeps_to_max_cost_too(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    refused = await live.complete("Hi", model="primary", max_cost=1e-9)
    senseless = await live.complete("Hi", model="primary", max_cost=-1)

    assert refused.json()["error"]["code"] == "max_cost_exceeded"
    assert (senseless.status, senseless.json()["error"]["param"]) == (400, "max_cost")
    assert fake.requests == []
