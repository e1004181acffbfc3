"""What of a question is compared, and what must be the same."""

from typing import Any

import pytest

from apps.accounts.keys import Caller
from apps.kit.ids import uuid7
from apps.router.arrivals import Arrival, Options
from apps.router.cache_keys import spot_of
from apps.router.dialects import read_messages
from apps.router.semantic_cache import last_question, numbers_in
from apps.router.steering import Course


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        ([{"role": "user", "content": "Hi"}], "Hi"),
        ([{"role": "user", "content": [{"type": "text", "text": "Hi"}]}], "Hi"),
        ([{"role": "user", "content": [{"type": "image_url"}]}], ""),
        ([{"role": "assistant", "content": "Hi"}], ""),
        ([], ""),
    ],
    ids=["text", "parts", "picture", "assistant", "none"],
)
def test_the_last_question(messages: list[Any], text: str) -> None:
    assert last_question(messages) == text


def test_numbers_of_a_question() -> None:
    assert numbers_in("On 2026-11-21 at 12:30, 3.5 or 17?") == [
        "2026-11-21",
        "12:30",
        "3.5",
        "17",
    ]


def test_what_a_header_switches_on_is_another_question() -> None:
    caller = Caller.of_member(uuid7())
    body = {
        "model": "m",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "Hi"}],
    }

    def digest(*passed: tuple[str, str]) -> str:
        options = Options(passed=passed)
        arrival = Arrival(caller, read_messages(dict(body)), "id", 0.0, options)
        return spot_of(arrival, Course(), "/v1/messages").digest

    assert digest() == digest()
    assert digest() != digest(("anthropic-beta", "context-1m-2025-08-07"))
