"""A key that is sent along is for the asked host alone."""

import json

import httpx
import pytest

from apps.kit.http import Fetcher, FetchError


def answer(request: httpx.Request) -> httpx.Response:
    if request.url.path == "/here":
        return httpx.Response(302, headers={"location": "https://a.example/there"})
    if request.url.path == "/away":
        return httpx.Response(302, headers={"location": "https://b.example/there"})
    body = json.dumps({"key": request.headers.get("x-api-key")}).encode()
    return httpx.Response(
        200,
        headers={"content-type": "application/json"},
        stream=httpx.ByteStream(body),
    )


def fetcher(**headers: str) -> Fetcher:
    return Fetcher(headers=headers, transport=httpx.MockTransport(answer))


def test_a_redirect_on_the_same_host_keeps_the_key() -> None:
    with fetcher(**{"x-api-key": "secret"}) as client:
        assert client.get("https://a.example/here").body == b'{"key": "secret"}'


def test_a_redirect_elsewhere_is_refused_with_a_key_and_followed_without() -> None:
    with fetcher(**{"x-api-key": "secret"}) as client, pytest.raises(FetchError):
        client.get("https://a.example/away")
    with fetcher() as client:
        assert client.get("https://a.example/away").body == b'{"key": null}'
