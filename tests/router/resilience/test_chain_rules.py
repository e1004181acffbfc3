"""What is asked next after each kind of failure, and what is asked again."""

from time import perf_counter
from typing import Any

import pytest

from apps.kit.errors import AppError
from apps.providers import errors
from apps.router import walk
from tests.router.resilience.calls import Lab

ELSEWHERE: list[dict[str, Any]] = [
    {"status": 500},
    {"status": 503, "retry_after": "60"},
    {"status": 529},
    {"status": 429, "retry_after": "60"},
    {"status": 401},
    {"status": 402},
    {"status": 403},
    {"status": 408},
    {"fault": "reset"},
    {"fault": "half_body"},
    {"fault": "garbage"},
]


@pytest.mark.parametrize("failure", ELSEWHERE, ids=str)
@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
async def test_the_next_offer_is_asked_at_once(
    lab: Lab, failure: dict[str, Any], *, is_stream: bool
) -> None:
    lab.fake.script("primary", **failure)
    call = lab.call()
    started = perf_counter()

    await (lab.stream if is_stream else lab.whole)(call)

    assert [name for name, _ in lab.seen(call)] == ["primary", "backup"]
    assert perf_counter() - started < 1.5


@pytest.mark.parametrize("status", [400, 404, 422])
async def test_a_request_that_is_wrong_is_asked_nowhere_else(
    lab: Lab, status: int
) -> None:
    lab.fake.script("primary", status=status)
    call = lab.call()

    with pytest.raises(AppError) as raised:
        await lab.whole(call)

    assert raised.value.status == status
    assert len(call.account.tries) == 1


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
async def test_the_only_offer_is_asked_again_after_a_pause(
    lab: Lab, *, is_stream: bool
) -> None:
    lab.fake.script("primary", status=500)
    lab.fake.script("primary", fault="half_body")
    lab.fake.script("primary", text="Hello")
    call = lab.call("primary")

    await (lab.stream if is_stream else lab.whole)(call)

    assert [outcome for _, outcome in lab.seen(call)] == [
        "server_error",
        "connection_failed",
        "ok",
    ]


async def test_the_only_offer_is_given_up_in_the_end(lab: Lab) -> None:
    lab.fake.script("primary", status=500)
    call = lab.call("primary")

    with pytest.raises(AppError):
        await lab.whole(call)

    assert len(call.account.tries) == 1 + walk.MOST_REPEATS


async def test_offers_that_failed_are_not_asked_again_while_there_were_others(
    lab: Lab,
) -> None:
    for name in ("primary", "backup"):
        lab.fake.script(name, status=500)
    call = lab.call("primary", "backup")

    with pytest.raises(AppError):
        await lab.whole(call)

    assert len(call.account.tries) == 2


async def test_retry_after_is_waited_for_when_nothing_else_is_left(lab: Lab) -> None:
    lab.fake.script("primary", status=429, retry_after="0.4")
    lab.fake.script("primary", text="Hello")
    lab.fake.script("backup", status=500)
    call = lab.call("primary", "backup")
    started = perf_counter()

    result = await lab.whole(call)

    assert result.text == "Hello"
    assert [name for name, _ in lab.seen(call)] == ["primary", "backup", "primary"]
    assert perf_counter() - started >= 0.4
    # Waiting for a provider is not counted as work of ours.
    assert call.account.elapsed_ms() - call.account.upstream_ms < 350


@pytest.mark.parametrize(("retry_after", "deadline_s"), [("60", 300), ("5", 2)])
async def test_a_wait_that_is_too_long_is_the_caller_s(
    lab: Lab, retry_after: str, deadline_s: float
) -> None:
    lab.deadline_s = deadline_s
    lab.fake.script("primary", status=429, retry_after=retry_after)
    call = lab.call("primary")

    with pytest.raises(AppError) as raised:
        await lab.whole(call)

    assert raised.value.status == 429
    assert raised.value.retry_after_s == float(retry_after)
    assert len(call.account.tries) == 1


async def test_what_is_too_long_goes_on_to_a_larger_context(lab: Lab) -> None:
    lab.contexts = {"primary": 8_000, "backup": 8_000, "third": 32_000}
    lab.fake.script("primary", status=413)
    call = lab.call()

    await lab.whole(call)

    assert lab.seen(call) == [("primary", "too_long"), ("third", "ok")]


async def test_what_is_too_long_for_all_is_the_caller_s_to_mend(lab: Lab) -> None:
    lab.fake.script("primary", status=413, message="too many tokens")
    call = lab.call()

    with pytest.raises(AppError, match="too many tokens") as raised:
        await lab.whole(call)

    assert raised.value.status == 400
    assert len(call.account.tries) == 1


def test_a_400_may_say_that_it_is_a_413() -> None:
    said = b'{"error":{"code":"context_length_exceeded","message":"too long"}}'

    assert type(errors.from_status(400, body=said)) is errors.TooLongError
    other = b'{"error":{"code":"bad","message":"x"}}'
    assert type(errors.from_status(400, body=other)) is errors.BadRequestError
    for odd in (b"", b"<html>", b'{"error":"x"}', b"[]"):
        assert type(errors.from_status(400, body=odd)) is errors.BadRequestError


async def test_a_limited_key_makes_way_and_a_refused_one_is_out(lab: Lab) -> None:
    lab.keys = ("sk-first-key-012345", "sk-second-key-01234", "sk-third-key-012345")
    lab.fake.script_key(lab.keys[0], status=401)
    lab.fake.script_key(lab.keys[1], status=429, retry_after="60")
    call = lab.call("primary", "backup")

    await lab.whole(call)

    assert [received.key for received in lab.fake.requests] == list(lab.keys)
    assert lab.seen(call)[-1] == ("primary", "ok")
    # And the next request begins with the key that works.
    await lab.whole(lab.call("primary"))
    assert lab.fake.requests[-1].key == lab.keys[2]
    assert len(lab.fake.requests) == 4


async def test_a_provider_all_of_whose_keys_rest_is_asked_last(lab: Lab) -> None:
    lab.fake.script("primary", status=429, retry_after="60")
    await lab.whole(lab.call("primary", "backup"))

    second = lab.call("primary", "backup")
    await lab.whole(second)

    assert lab.seen(second) == [("backup", "ok")]


async def test_a_limit_of_one_model_leaves_the_provider_s_others_alone(
    lab: Lab,
) -> None:
    lab.fake.script("primary", status=429, retry_after="60")
    await lab.whole(lab.call("primary", "backup"))
    [way] = lab.call().keychain.ways_to("primary-house", "primary")

    assert lab.rests.all_rest((way,), "primary")
    assert not lab.rests.all_rest((way,), "another-model")


async def test_an_open_circuit_moves_its_offer_to_the_end(lab: Lab) -> None:
    lab.fake.script("primary", status=500)
    for _ in range(5):
        await lab.whole(lab.call("primary", "backup"))
    asked = len(lab.fake.requests)

    call = lab.call("primary", "backup")
    await lab.whole(call)

    assert lab.seen(call) == [("backup", "ok")]
    assert len(lab.fake.requests) == asked + 1


async def test_the_last_offer_is_asked_however_open_its_circuit(lab: Lab) -> None:
    lab.fake.script("primary", status=500)
    for _ in range(5):
        await lab.whole(lab.call("primary", "backup"))
    lab.fake.forget()

    call = lab.call("primary")
    result = await lab.whole(call)

    assert result.text == "Hello"
    assert lab.health.breakers.state(lab.offer("primary").candidate.offer_id) == (
        "closed"
    )


async def test_one_deadline_holds_for_all_attempts_and_waits(lab: Lab) -> None:
    lab.deadline_s, lab.attempt_timeout_s = 1.5, 0.6
    for name in ("primary", "backup", "third"):
        lab.fake.script(name, fault="silent")
    call = lab.call()
    started = perf_counter()

    with pytest.raises(AppError) as raised:
        await lab.whole(call)

    assert raised.value.status == 504
    assert 1.3 < perf_counter() - started < 3
    assert [outcome for _, outcome in lab.seen(call)] == ["timeout"] * 3
