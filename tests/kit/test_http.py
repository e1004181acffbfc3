"""Fetching from others: bounded, on time, the expected content, or refused."""

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from apps.kit.http import Fetcher, FetchError, Known, Limits

URL = "https://source.example/models"
JSON = {"content-type": "application/json; charset=utf-8"}
type Handler = Callable[[httpx.Request], httpx.Response]


class Streamed(httpx.SyncByteStream):
    """A body sent as given, not unpacked by the transport."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        yield from self.pieces


def fetcher(handler: Handler, **limits: object) -> Fetcher:
    return Fetcher(
        Limits(**limits),  # type: ignore[arg-type]  # a test's shorthand
        transport=httpx.MockTransport(handler),
    )


def answer(
    body: bytes, status: int = 200, **headers: str
) -> Callable[[httpx.Request], httpx.Response]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers=JSON | named, stream=Streamed(body))

    return handle


def test_a_document_comes_with_what_identifies_it() -> None:
    handler = answer(b'{"data": []}', etag='"7"', last_modified="yesterday")

    with fetcher(handler) as client:
        fetched = client.get(URL)

    assert fetched.body == b'{"data": []}'
    assert (fetched.etag, fetched.last_modified) == ('"7"', "yesterday")


def test_what_is_known_is_not_sent_again() -> None:
    asked: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(304)

    with fetcher(handle) as client:
        fetched = client.get(URL, known=Known('"7"', "yesterday"))

    assert fetched.body is None
    assert asked[0].headers["if-none-match"] == '"7"'
    assert asked[0].headers["if-modified-since"] == "yesterday"


@pytest.mark.parametrize("status", [204, 401, 404, 429, 500, 503])
def test_another_status_is_an_error(status: int) -> None:
    with (
        fetcher(answer(b"{}", status)) as client,
        pytest.raises(FetchError, match=str(status)),
    ):
        client.get(URL)


def test_a_page_in_place_of_json_is_refused() -> None:
    handler = answer(b"<html>Sign in</html>", content_type="text/html")

    with fetcher(handler) as client, pytest.raises(FetchError, match="text/html"):
        client.get(URL)


def test_json_as_plain_text_is_taken() -> None:
    with fetcher(answer(b"{}", content_type="text/plain; charset=utf-8")) as client:
        assert client.get(URL).body == b"{}"


def test_a_body_above_the_limit_is_refused() -> None:
    with (
        fetcher(answer(b"x" * 1001), most_bytes=1000) as client,
        pytest.raises(FetchError, match="1,000 bytes"),
    ):
        client.get(URL)


def test_a_gzip_bomb_is_refused_while_it_unfolds() -> None:
    bomb = gzip.compress(b"0" * 50_000_000)

    with (
        fetcher(answer(bomb, content_encoding="gzip"), most_bytes=1_000_000) as client,
        pytest.raises(FetchError, match="bytes"),
    ):
        client.get(URL)


def test_a_packed_body_is_unpacked() -> None:
    packed = gzip.compress(b'{"data": 1}' * 1000)

    with fetcher(answer(packed, content_encoding="gzip")) as client:
        assert client.get(URL).body == b'{"data": 1}' * 1000


@pytest.mark.parametrize(
    ("body", "encoding"), [(b"no gzip", "gzip"), (b"{}", "br"), (b"{}", "deflate")]
)
def test_broken_or_other_encodings_are_refused(body: bytes, encoding: str) -> None:
    with (
        fetcher(answer(body, content_encoding=encoding)) as client,
        pytest.raises(FetchError),
    ):
        client.get(URL)


def test_a_trickle_ends_at_the_deadline() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=JSON, stream=Streamed(b"{", b"}"))

    # The deadline is over before the first piece.
    with (
        fetcher(handle, most_seconds=0.0) as client,
        pytest.raises(FetchError, match="not done"),
    ):
        client.get(URL)


def test_redirects_are_followed_and_counted() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        step = int(request.url.params.get("step", 0))
        if step == int(request.url.params.get("last", 2)):
            return answer(b"{}")(request)
        return httpx.Response(302, headers={"location": str(_next(request.url, step))})

    with fetcher(handle) as client:
        assert client.get(URL).body == b"{}"
        with pytest.raises(FetchError, match="redirects"):
            client.get(f"{URL}?last=9")


def _next(url: httpx.URL, step: int) -> httpx.URL:
    return url.copy_merge_params({"step": step + 1})


@pytest.mark.parametrize("location", ["http://source.example/", "ftp://x/", "file:///"])
def test_a_redirect_to_a_weaker_scheme_is_refused(location: str) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(301, headers={"location": location})

    with fetcher(handle) as client, pytest.raises(FetchError, match="redirected"):
        client.get(URL)


def test_a_network_error_is_an_error_of_ours() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with fetcher(handle) as client, pytest.raises(FetchError, match="refused"):
        client.get(URL)


def test_several_documents_come_at_once_each_with_its_error() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        is_there = request.url.path != "/gone"
        return answer(b"{}", 200 if is_there else 404)(request)

    with fetcher(handle) as client:
        found = client.get_many(
            {name: f"https://source.example/{name}" for name in ("a", "gone", "b")}
        )

    assert list(found) == ["a", "gone", "b"]
    assert isinstance(found["gone"], FetchError)
    assert not isinstance(found["b"], FetchError)


def test_a_mirror_on_disk_serves_too(tmp_path: Path) -> None:
    (tmp_path / "models.json").write_bytes(b"[1]")
    (tmp_path / "prices.json.gz").write_bytes(gzip.compress(b"[2]"))

    with Fetcher() as client:
        assert client.get(f"{tmp_path}/models?output_modalities=all").body == b"[1]"
        assert client.get(f"file://{tmp_path}/prices").body == b"[2]"
        with pytest.raises(FetchError, match="no such file"):
            client.get(f"{tmp_path}/other")


def test_a_file_is_bounded_too(tmp_path: Path) -> None:
    (tmp_path / "big.json.gz").write_bytes(gzip.compress(b"0" * 2000))
    (tmp_path / "cut.json.gz").write_bytes(gzip.compress(b"0" * 2000)[:-9])

    with (
        Fetcher(Limits(most_bytes=1000)) as client,
        pytest.raises(FetchError, match="1,000 bytes"),
    ):
        client.get(f"{tmp_path}/big")

    with Fetcher() as client, pytest.raises(FetchError):
        client.get(f"{tmp_path}/cut")


def test_other_schemes_are_refused() -> None:
    with Fetcher() as client, pytest.raises(FetchError, match="ftp"):
        client.get("ftp://source.example/models")
