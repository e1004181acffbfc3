"""Callers who hang up: upstream is closed, the row is written, nothing is left."""

import asyncio
from typing import Any

import pytest

from apps.providers.fake import FakeProvider
from apps.router import front
from apps.router.runtime import Runtime
from tests.asgi import App, Exchange
from tests.router.conftest import DJANGO, Caller, eventually, ledger

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

    await eventually(lambda: fake.aborted("primary") == 1, within_s=5)
    [row] = await ledger()
    assert (row["status"], row["is_estimated"]) == ("cancelled", True)
    assert row["input_tokens"] > 0
    assert row["output_tokens"] == 0


async def test_who_left_before_anybody_looked_is_noticed(
    router: Runtime,
    live_token: str,
    fake: FakeProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(front, "WATCH_AFTER_S", 0.5)
    fake.script("primary", delay_s=30)
    call = Caller(front.Front(DJANGO), live_token).start("POST", "/v1/chat", HELLO)
    await eventually(lambda: len(fake.requests) == 1)

    call.hang_up()

    await eventually(lambda: fake.aborted("primary") == 1, within_s=5)
    [row] = await ledger()
    assert row["status"] == "cancelled"


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

    await eventually(lambda: fake.aborted("primary") == 1, within_s=5)
    [row] = await ledger()
    assert (row["status"], row["is_estimated"]) == ("cancelled", True)
    assert row["output_tokens"] > 0
    assert row["cost_usd"] > 0


async def test_a_caller_who_does_not_read_is_not_waited_for_for_ever(
    router: Runtime,
    live_token: str,
    fake: FakeProvider,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake.script("primary", text="word " * 100, chunks=100, gap_s=0.05)
    settings.REQUEST_DEADLINE_S = 0.3
    monkeypatch.setattr(front, "UNREAD_S", 0.2)
    live = Caller(front.Front(DJANGO), live_token)
    call = live.start("POST", "/v1/chat", {**HELLO, "stream": True})
    call.sent = asyncio.Queue(1)

    await eventually(lambda: fake.aborted("primary") == 1, within_s=5)

    [row] = await ledger()
    assert (row["status"], row["is_estimated"]) == ("cancelled", True)


async def test_callers_who_leave_are_all_written_and_leave_nothing(
    router: Runtime, live: Caller, fake: FakeProvider, app: App
) -> None:
    # Nearly all calls come through the raw front; Django's threads are slower.
    rounds = 10 if isinstance(app, front.Front) else 2
    fake.script("primary", fault="silent")
    fake.script("backup", text="word " * 2000, chunks=2000, gap_s=0.05)
    router.deadline_s = router.attempt_timeout_s = 60
    assert (await live.chat("Hi", model="third")).status == 200
    tasks_before = len(asyncio.all_tasks())

    for _ in range(rounds):
        await _fifty_who_leave(live, fake)

    half = 25 * rounds
    rows = await ledger(2 * half + 1, within_s=20)
    assert [row["status"] for row in rows].count("cancelled") == 2 * half
    assert (fake.aborted("primary"), fake.aborted("backup")) == (half, half)
    await eventually(lambda: fake.open_connections <= 2, within_s=2)
    await eventually(lambda: len(asyncio.all_tasks()) <= tasks_before + 2, within_s=2)


async def _fifty_who_leave(live: Caller, fake: FakeProvider) -> None:
    """Half of them before the first byte, half in the middle of the stream."""
    seen = len(fake.requests)
    waiting = [_start(live, "primary") for _ in range(25)]
    reading = [_start(live, "backup") for _ in range(25)]
    for call in reading:
        await _first_bytes(call)
    await eventually(lambda: len(fake.requests) == seen + 50, within_s=15)
    left = fake.aborted("primary") + fake.aborted("backup")

    for call in [*waiting, *reading]:
        call.hang_up()

    await eventually(
        lambda: fake.aborted("primary") + fake.aborted("backup") == left + 50,
        within_s=5,
    )
    for call in [*waiting, *reading]:
        assert call.task is not None
        await asyncio.wait([call.task], timeout=2)
        assert call.task.done()


def _start(live: Caller, model: str) -> Exchange:
    return live.start("POST", "/v1/chat", {**HELLO, "model": model, "stream": True})


async def _first_bytes(call: Exchange) -> None:
    async for message in call.messages():
        if message.get("body"):
            return
