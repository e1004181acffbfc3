"""A second request beside a late first one: who wins, and what both cost."""

import asyncio
from dataclasses import replace

import pytest

from apps.kit.errors import AppError
from apps.providers import errors
from apps.router.execute import Call, _first
from apps.router.walk import Step
from tests.router.resilience.calls import Lab, sum_of

USAGE = {"prompt_tokens": 1000, "completion_tokens": 500}


def _hedged(lab: Lab, *names: str) -> Call:
    lab.make_quick("primary", 50)
    return lab.call(*(names or ("primary", "backup")), may_hedge=True)


async def _nothing_is_left(lab: Lab) -> None:
    async with asyncio.timeout(2):
        while lab.fake.open_connections > 1:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
async def test_the_second_wins_and_the_first_is_cut_off_and_booked(
    lab: Lab, *, is_stream: bool
) -> None:
    lab.fake.script("primary", delay_s=30)
    lab.fake.script("backup", usage=USAGE)
    call = _hedged(lab)

    await (lab.stream if is_stream else lab.whole)(call)

    await _nothing_is_left(lab)
    assert lab.fake.aborted("primary") == 1
    [entry] = lab.entries
    first, second = entry.attempts
    assert (first.outcome, second.outcome) == ("cancelled", "ok")
    assert (first.is_hedge, second.is_hedge) == (False, True)
    # The prompt is taken for 100 tokens: 100 × $1 a million, and the real usage.
    assert (first.cost_nano, first.input_tokens) == (100_000, 100)
    assert second.cost_nano == 1000 * 2_000 + 500 * 4_000
    assert entry.request.cost_nano == sum_of(entry)
    assert entry.request.model == "backup-house/backup"
    assert entry.request.input_tokens == 1000


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
async def test_the_first_may_still_win(lab: Lab, *, is_stream: bool) -> None:
    lab.fake.script("primary", delay_s=0.3, usage=USAGE)
    lab.fake.script("backup", delay_s=30)
    call = _hedged(lab)

    await (lab.stream if is_stream else lab.whole)(call)

    await _nothing_is_left(lab)
    [entry] = lab.entries
    first, second = entry.attempts
    assert (first.outcome, second.outcome) == ("ok", "cancelled")
    assert first.cost_nano == 1000 * 1_000 + 500 * 2_000
    assert second.cost_nano == 100 * 2_000
    assert entry.request.cost_nano == sum_of(entry)
    assert entry.request.model == "primary-house/primary"


async def test_one_that_fails_as_the_other_wins_costs_nothing(lab: Lab) -> None:
    call, is_broken = _hedged(lab), asyncio.Event()

    async def perform(step: Step) -> str:
        if step.attempt.is_hedge:
            is_broken.set()
            raise errors.ServerError("broke", http_status=500)
        await is_broken.wait()
        return "here"

    attempt, got = await _first(call, perform, is_stream=False)

    first, second = call.account.tries
    assert (attempt, got) == (first, "here")
    assert (second.outcome, second.http_status) == ("server_error", 500)
    assert second.cost_nano == 0
    assert second.is_over


async def test_a_first_in_time_is_alone(lab: Lab) -> None:
    lab.make_quick("primary", 5_000)
    call = lab.call("primary", "backup", may_hedge=True)

    await lab.whole(call)

    assert lab.seen(call) == [("primary", "ok")]


async def test_nobody_hedges_unasked_or_without_a_known_p95(lab: Lab) -> None:
    lab.fake.script("primary", delay_s=0.3)
    unknown = lab.call("primary", "backup", may_hedge=True)
    await lab.whole(unknown)
    lab.make_quick("primary", 50)
    unasked = lab.call("primary", "backup")
    await lab.whole(unasked)

    assert len(unknown.account.tries) == len(unasked.account.tries) == 1


async def test_a_first_that_fails_falls_back_as_ever(lab: Lab) -> None:
    lab.fake.script("primary", status=500)
    call = _hedged(lab)

    await lab.whole(call)

    assert lab.seen(call) == [("primary", "server_error"), ("backup", "ok")]
    assert not call.account.tries[1].is_hedge


async def test_when_both_fail_the_third_is_asked(lab: Lab) -> None:
    lab.fake.script("primary", delay_s=0.3, status=500)
    lab.fake.script("backup", delay_s=0.3, status=500)
    call = _hedged(lab, "primary", "backup", "third")

    await lab.whole(call)

    assert [outcome for _, outcome in lab.seen(call)] == [
        "server_error",
        "server_error",
        "ok",
    ]


async def test_a_request_that_is_wrong_ends_both(lab: Lab) -> None:
    lab.fake.script("primary", delay_s=30)
    lab.fake.script("backup", status=400)
    call = _hedged(lab)

    with pytest.raises(AppError):
        await lab.whole(call)

    await _nothing_is_left(lab)
    assert lab.fake.aborted("primary") == 1
    [entry] = lab.entries
    assert entry.request.cost_nano == sum_of(entry)


async def test_a_caller_who_leaves_ends_both_and_both_are_booked(lab: Lab) -> None:
    lab.fake.script("primary", delay_s=30)
    lab.fake.script("backup", delay_s=30)
    call = _hedged(lab)
    work = asyncio.create_task(lab.whole(call))
    async with asyncio.timeout(5):
        while len(lab.fake.requests) < 2:
            await asyncio.sleep(0.01)

    work.cancel()
    await asyncio.wait([work])

    async with asyncio.timeout(1):
        while lab.fake.open_connections:
            await asyncio.sleep(0.01)
    call.account.settle("cancelled")
    [entry] = lab.entries
    costs = [attempt.cost_nano for attempt in entry.attempts]
    assert costs == [100_000, 200_000]
    assert entry.request.cost_nano == 300_000


async def test_each_of_two_may_spend_half_of_max_cost(lab: Lab) -> None:
    call = replace(_hedged(lab), max_cost_nano=10_000_000)
    await lab.whole(call)
    alone = replace(lab.call("primary"), max_cost_nano=10_000_000)
    await lab.whole(alone)

    limits = [received.body["max_tokens"] for received in lab.fake.requests]
    assert limits == [(5_000_000 - 100_000) // 2_000, (10_000_000 - 100_000) // 2_000]
