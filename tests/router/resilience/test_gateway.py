"""Hedging, breakers and leaving, through the whole gateway and into the ledger."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from apps.providers.errors import UpstreamError
from apps.providers.fake import FakeProvider
from apps.router.account import Try
from apps.router.health import Health
from apps.router.runtime import Runtime
from tests.asgi import Exchange
from tests.router.conftest import Caller, attempts, eventually, ledger

pytestmark = pytest.mark.django_db(transaction=True)

HELLO = {"messages": [{"role": "user", "content": "Hi there, how are you?"}]}
FAST = {"hedge": True, "latency_pref": "fast"}


def _know_p95(router: Runtime, milliseconds: int = 50) -> None:
    """Have the speed of every offer known, as after an hour of traffic."""
    for offer in router.planner.snapshot.pool:
        router.health.shared_p95[offer.offer_id] = (milliseconds, milliseconds)


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
async def test_a_hedge_is_billed_and_shown_and_the_sums_agree(
    router: Runtime, live: Caller, fake: FakeProvider, *, is_stream: bool
) -> None:
    _know_p95(router)
    fake.script("primary", delay_s=30)
    fake.script("backup", usage={"prompt_tokens": 10, "completion_tokens": 5})

    reply = await live.chat("Hi", stream=is_stream, **FAST)

    answer = reply.events()[-1][1] if is_stream else reply.json()
    assert answer["model_used"] == "backup-house/backup"
    assert answer["attempts"] == 2
    first, second = await attempts(2)
    [row] = await ledger()
    assert (first["is_hedge"], second["is_hedge"]) == (False, True)
    assert (first["outcome"], second["outcome"]) == ("cancelled", "ok")
    cost, *parts = (Decimal(str(r["cost_usd"])) for r in (row, first, second))
    assert parts[0] > 0
    assert cost == sum(parts)
    assert Decimal(str(answer["cost"])) == cost
    assert "hedge" not in fake.requests[0].body
    await eventually(lambda: fake.aborted("primary") == 1, within_s=1)


@pytest.mark.parametrize(
    "options",
    [{}, {"latency_pref": "fast"}, {"hedge": True}, {**FAST, "hedge": False}],
    ids=["unasked", "fast_alone", "hedge_alone", "refused"],
)
async def test_nobody_pays_for_two_who_did_not_ask(
    router: Runtime, live: Caller, fake: FakeProvider, options: dict[str, Any]
) -> None:
    _know_p95(router)
    fake.script("primary", delay_s=0.3)

    reply = await live.chat("Hi", **options)

    assert reply.json()["attempts"] == 1
    assert len(fake.requests) == 1


async def test_an_offer_that_keeps_failing_is_asked_last_and_on_record(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    fake.script("primary", status=500)
    tried = [(await live.chat("Hi")).json()["attempts"] for _ in range(7)]

    assert tried == [2, 2, 2, 2, 2, 1, 1]
    [state] = {
        router.health.breakers.state(offer.offer_id)
        for offer in router.planner.snapshot.pool
        if offer.upstream_id == "primary"
    }
    assert state == "open"


async def _all_leave(calls: list[Exchange]) -> None:
    for call in calls:
        call.hang_up()
    for call in calls:
        assert call.task is not None
        await asyncio.wait([call.task], timeout=5)
        assert call.task.done()


async def test_callers_who_leave_a_hedge_leave_nothing_behind(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    _know_p95(router)
    for model in ("primary", "backup", "third"):
        fake.script(model, fault="silent")
    router.deadline_s = router.attempt_timeout_s = 60
    tasks_before = len(asyncio.all_tasks())
    bodies = [{**HELLO, **FAST, "stream": bool(n % 2)} for n in range(30)]

    calls = [live.start("POST", "/v1/chat", body) for body in bodies]
    await eventually(lambda: len(fake.requests) == 60, within_s=20)
    await _all_leave(calls)

    await eventually(lambda: fake.open_connections == 0, within_s=2)
    await eventually(lambda: len(asyncio.all_tasks()) <= tasks_before + 2, within_s=2)
    rows = await ledger(30, within_s=15)
    assert {row["status"] for row in rows} == {"cancelled"}
    paid = sum(Decimal(str(attempt["cost_usd"])) for attempt in await attempts(60))
    assert paid == sum(Decimal(str(row["cost_usd"])) for row in rows) > 0


async def test_callers_who_leave_while_a_rate_limit_is_waited_out(
    router: Runtime,
    live: Caller,
    fake: FakeProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[str] = []
    hear = Health.failed

    def failed(health: Health, attempt: Try, problem: UpstreamError) -> None:
        heard.append(problem.outcome)
        hear(health, attempt, problem)

    monkeypatch.setattr(Health, "failed", failed)
    router.deadline_s = 60
    fake.script("primary", status=429, retry_after="20")
    calls = [
        live.start("POST", "/v1/chat", {**HELLO, "model": "primary"}) for _ in range(20)
    ]
    await eventually(lambda: heard == ["rate_limited"] * 20, within_s=15)

    await _all_leave(calls)

    rows = await ledger(20, within_s=15)
    assert {row["status"] for row in rows} == {"cancelled"}
    # Nothing was answered, so nothing is charged.
    assert {row["cost_usd"] for row in rows} == {0}
    assert len(fake.requests) == 20
