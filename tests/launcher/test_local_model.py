"""The local model answers like any OpenAI-compatible server, with its usage."""

import json
import os
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

URL = os.environ.get("MODELOPTIX_TEST_LOCAL_MODEL", "")
pytestmark = pytest.mark.skipif(not URL, reason="the local model was not started")


def post(**more: object) -> bytes:
    body = {
        "model": "smollm2-135m-instruct",
        "messages": [{"role": "user", "content": "Say hello."}],
        "max_tokens": 8,
        **more,
    }
    request = urllib.request.Request(  # noqa: S310  # loopback
        f"{URL}/chat/completions",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310  # the same
        return bytes(reply.read())


def answer(**more: object) -> dict[str, Any]:
    return dict(json.loads(post(**more)))


def test_answer_has_text_and_usage() -> None:
    reply = answer()

    assert reply["model"] == "smollm2-135m-instruct"
    assert reply["choices"][0]["message"]["content"]
    assert reply["usage"]["prompt_tokens"] > 0
    assert 0 < reply["usage"]["completion_tokens"] <= 8


def test_stream_ends_with_its_usage() -> None:
    lines = post(stream=True, stream_options={"include_usage": True}).splitlines()
    events = [line[6:] for line in lines if line.startswith(b"data: ")]

    assert events[-1] == b"[DONE]"
    assert json.loads(events[-2])["usage"]["completion_tokens"] > 0


def test_more_callers_than_slots_are_all_answered() -> None:
    with ThreadPoolExecutor(6) as callers:
        replies = list(callers.map(lambda _: answer(), range(6)))

    assert all(reply["usage"]["completion_tokens"] > 0 for reply in replies)
