"""What a turn leaves for the next one, on the way through the gateway."""

import pytest

from apps.router.runtime import Runtime
from tests.router.conftest import DJANGO, Caller

pytestmark = pytest.mark.django_db(transaction=True)

LONG = "Implement a recursive function that returns a sorted list. " * 80


@pytest.fixture
def caller(live_token: str) -> Caller:
    return Caller(DJANGO, live_token)


def turns(*texts: str) -> dict[str, object]:
    roles = ("user", "assistant")
    return {
        "messages": [
            {"role": roles[place % 2], "content": text}
            for place, text in enumerate(texts)
        ]
    }


async def test_the_next_turn_knows_where_the_last_was_answered(
    router: Runtime, caller: Caller
) -> None:
    answer = await caller.post("/v1/chat", turns(LONG))
    path = "/v1/router/debug"

    first = (await caller.post(path, turns(LONG))).json()
    second = (await caller.post(path, turns(LONG, "Here", "Shorter, please"))).json()
    other = (await caller.post(path, turns(f"No. {LONG}", "Here", "More"))).json()

    assert answer.status == 200
    assert first["stays_with"] is other["stays_with"] is None
    assert second["stays_with"]["model"] == answer.json()["model_used"]
    assert {"cached_tokens", "cache_saves"} <= second["candidates"][0].keys()
    assert first["domain"] == "code"


async def test_short_conversations_are_remembered_by_their_name_alone(
    router: Runtime, caller: Caller
) -> None:
    for session in ({}, {"session_id": "s-1"}):
        await caller.post("/v1/chat", {**turns("Hi"), **session})
    later = turns("Hi", "Hello", "And?")

    plain = (await caller.post("/v1/router/debug", later)).json()
    named = await caller.post("/v1/router/debug", {**later, "session_id": "s-1"})

    assert plain["stays_with"] is None
    assert named.json()["stays_with"]["provider"] == "primary-house"


async def test_nothing_learns_before_the_first_grade(
    router: Runtime, caller: Caller
) -> None:
    await caller.chat("Hi")
    body = turns("Hi")

    debug = (await caller.post("/v1/router/debug", body)).json()

    assert debug["learning"] == {
        "is_on": False,
        "grades": 0,
        "why": "nothing is graded yet",
    }
    assert not router.vectors.queue
