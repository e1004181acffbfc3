from typing import Any

import msgspec
import pytest

from apps.providers import echo
from apps.providers.adapters import openai
from apps.providers.wire import ChatRequest, Usage
from tests.providers.streams import decode_stream


def request(*messages: dict[str, Any], **body: Any) -> ChatRequest:
    return ChatRequest("echo-1", {"messages": list(messages), **body})


HI = {"role": "user", "content": "Hi there"}
SYSTEM = {"role": "system", "content": "Be brief!"}


def test_the_last_user_message_comes_back_with_its_tokens_counted() -> None:
    result = echo.answer(request(SYSTEM, {"role": "user", "content": "Old"}, HI), 5)

    assert result.text == "Echo: Hi there"
    assert result.finish_reason == "stop"
    # 9 + 3 + 8 characters of prompt and 14 of answer, at four a token, rounded up.
    assert result.usage == Usage(fresh=3 + 1 + 2, output=4)
    assert result.body["created"] == 5
    assert msgspec.json.decode(result.raw or b"") == result.body


def test_it_is_a_whole_answer_in_openais_shape() -> None:
    result = echo.answer(request(HI))

    again = openai.decode(result.raw or b"")

    assert (again.text, again.usage) == (result.text, result.usage)


def test_a_stream_gives_the_same_in_steps() -> None:
    parts = list(echo.parts(request(HI)))

    seen = decode_stream(openai.decoder, [part.data for part in parts])

    assert sum(part.is_token for part in parts) == echo.STREAM_CHUNKS
    assert "".join(part.text for part in parts) == seen.text == "Echo: Hi there"
    assert seen.usage == echo.answer(request(HI)).usage
    assert [part.is_usage_only for part in parts][-2:] == [True, False]
    assert parts[-1].is_done


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_the_answer_is_cut_at_its_limit(name: str) -> None:
    result = echo.answer(request(HI, **{name: 2}))

    assert result.text == "Echo: Hi"
    assert result.finish_reason == "length"
    assert result.usage == Usage(fresh=2, output=2)


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        ([], "Echo:"),
        ([{"role": "user", "content": None}], "Echo:"),
        (
            [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "See"},
                        {"type": "image_url", "image_url": {}},
                        {"type": "text", "text": "this"},
                    ],
                }
            ],
            "Echo: See this",
        ),
    ],
)
def test_odd_messages_are_echoed_too(messages: list[dict[str, Any]], text: str) -> None:
    result = echo.answer(request(*messages))

    assert result.text == text
    assert result.usage is not None
    assert result.usage.fresh >= 1
