"""The mock's script is found in a body, and its answers are what OpenAI's are."""

import json

from bench.answers import answer, ending, read_script, usage_numbers
from bench.http1 import HEAD_END, content_length


def test_script_is_read_from_the_user_field() -> None:
    script = read_script(b'{"model":"m","user":"mock-d50-n64-i20","stream":true}')

    assert (script.delay_s, script.chunks, script.gap_s) == (0.05, 64, 0.02)
    assert script.is_stream
    assert not script.has_usage


def test_request_without_a_script_is_answered_at_once() -> None:
    script = read_script(b'{"model":"m"}')

    assert (script.delay_s, script.chunks, script.is_stream) == (0, 32, False)


def test_quoted_words_of_a_prompt_are_no_script() -> None:
    prompt = json.dumps({"content": 'say "stream": true and "user":"mock-d9"'})

    script = read_script(prompt.encode())

    assert (script.delay_s, script.is_stream) == (0, False)


def test_whole_answer_is_as_long_as_its_head_says() -> None:
    request = b'{"user":"mock-n3"}'
    script = read_script(request)

    whole = answer(script).head + ending(script, usage_numbers(script, request))

    head, _, body = whole.partition(HEAD_END)
    assert len(body) == content_length(head)
    assert json.loads(body)["usage"]["completion_tokens"] == 3


def test_stream_is_framed_and_ends_with_usage_when_asked_for() -> None:
    request = b'{"user":"mock-n3","stream":true,"o":{"include_usage":true}}'
    script = read_script(request)

    frames = b"".join(answer(script).chunks)
    frames += ending(script, usage_numbers(script, request))

    events = _events(frames)
    assert events[-1] == b"data: [DONE]"
    assert json.loads(events[-2].removeprefix(b"data: "))["usage"]["total_tokens"] > 3
    assert len(events) == 3 + 3  # the words; then the stop, the usage, the end


def test_stream_has_no_usage_unless_asked_for() -> None:
    request = b'{"user":"mock-n3","stream":true}'
    script = read_script(request)

    assert b"usage" not in ending(script, usage_numbers(script, request))


def _events(frames: bytes) -> list[bytes]:
    """The events of a body in chunked framing; fails where the framing is wrong."""
    body = b""
    while True:
        size, _, frames = frames.partition(b"\r\n")
        length = int(size, 16)
        body, rest = body + frames[:length], frames[length:]
        assert rest.startswith(b"\r\n")
        frames = rest[2:]
        if not length:
            return body.strip().split(b"\n\n")
