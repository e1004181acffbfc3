"""Callers who hang up: upstream is closed, the row is written, nothing is left."""

import asyncio

import pytest

from apps.providers.fake import FakeProvider
from apps.router.front import Front
from apps.router.runtime import Runtime
from tests.router.conftest import Caller, eventually, ledger

pytestmark = pytest.mark.django_db(transaction=True)

HELLO = {"messages": [{"role": "user", "content": "Hi there, how are you?"}]}


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
async def test_leaving_before_the_first_byte_cancels_upstream(
    router: Runtime, live: Caller, fake: FakeProvider, *, is_stream: bool
) -> None:
    fake.script("primary", delay_s=30)
    call = live.start("POST", "/v1/chat", {**HELLO, "stream": is_stream})
    await eventually(lambda: len(fake.requests) == 1)

    call.hang_up()

    await eventually(lambda: fake.aborted("primary") == 1, within_s=1)
    [row] = await ledger()
    assert (row["status"], row["is_estimated"]) == ("cancelled", True)
    assert row["input_tokens"] > 0
    assert row["output_tokens"] == 0


async def test_leaving_in_the_middle_of_a_stream_cancels_upstream(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    fake.script("primary", text="word " * 100, chunks=100, gap_s=0.05)
    call = live.start("POST", "/v1/chat", {**HELLO, "stream": True})
    seen = 0
    async for message in call.messages():
        seen += len(message.get("body", b""))
        if seen > 100:
            break

    call.hang_up()

    await eventually(lambda: fake.aborted("primary") == 1, within_s=1)
    [row] = await ledger()
    assert (row["status"], row["is_estimated"]) == ("cancelled", True)
    assert row["output_tokens"] > 0
    assert row["cost_usd"] > 0


async def test_500_callers_who_leave_are_all_written_and_leave_nothing(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    # Django's side needs a thread a caller, so it sees fewer of them.
    is_raw = isinstance(live.app, Front)
    rounds, callers, delay_s = (10, 50, 0.3) if is_raw else (2, 20, 1.5)
    fake.script("primary", text="word " * 200, chunks=200, delay_s=delay_s, gap_s=0.05)
    router.attempt_timeout_s = 5
    assert (await live.chat("Hi", model="backup")).status == 200
    tasks_before = len(asyncio.all_tasks())

    for _ in range(rounds):
        await _callers_who_leave(live, fake, callers, delay_s)

    left = callers * rounds
    rows = await ledger(left + 1, within_s=20)
    assert [row["status"] for row in rows].count("cancelled") == left
    await eventually(lambda: fake.open_connections <= 2, within_s=2)
    await eventually(lambda: len(asyncio.all_tasks()) <= tasks_before + 2, within_s=2)


async def _callers_who_leave(
    live: Caller, fake: FakeProvider, count: int, delay_s: float
) -> None:
    """Half of them before the first byte, half in the middle of the stream."""
    seen = len(fake.requests)
    calls = [
        live.start("POST", "/v1/chat", {**HELLO, "stream": True}) for _ in range(count)
    ]
    await eventually(lambda: len(fake.requests) == seen + count, within_s=15)
    for call in calls[: count // 2]:
        call.hang_up()
    await asyncio.sleep(delay_s + 0.1)
    for call in calls[count // 2 :]:
        call.hang_up()
    for call in calls:
        assert call.task is not None
        await asyncio.wait([call.task], timeout=5)
        assert call.task.done()
