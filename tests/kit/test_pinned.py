"""HTTP to URLs one does not trust: pinned, without redirects, bounded."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests

from apps.kit.pinned import MOST_BYTES, OutgoingError, PinnedAdapter, PinnedSession


class Handler(BaseHTTPRequestHandler):
    asked: list[tuple[str, str]] = []

    def do_GET(self) -> None:
        self.asked.append((self.headers["Host"], self.path))
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        body = b"x" * (MOST_BYTES + 1) if self.path == "/large" else b"hello"
        try:
            self.wfile.write(body)
        except OSError:
            """The caller has heard enough."""

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    Handler.asked.clear()
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.02}
        )
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def test_the_connection_goes_to_the_address_that_was_checked(port: int) -> None:
    session = PinnedSession(allow_private=True, resolve=loopback)

    answer = session.get(f"http://no-such-host.test:{port}/path")

    assert answer.text == "hello"
    assert Handler.asked == [(f"no-such-host.test:{port}", "/path")]


def test_each_request_is_checked_and_none_goes_out(port: int) -> None:
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])
    session = PinnedSession(
        allow_private=True, resolve=lambda host, port: next(answers)
    )
    session.get(f"http://host.test:{port}/")

    with pytest.raises(OutgoingError):
        session.get(f"http://host.test:{port}/again")

    assert [path for _, path in Handler.asked] == ["/"]


def test_a_private_address_is_refused_unless_allowed(port: int) -> None:
    with pytest.raises(OutgoingError):
        PinnedSession(resolve=loopback).get(f"https://host.test:{port}/")

    assert Handler.asked == []


def test_a_redirect_is_not_followed(port: int) -> None:
    session = PinnedSession(allow_private=True, resolve=loopback)

    answer = session.get(f"http://host.test:{port}/away", allow_redirects=True)

    assert answer.status_code == 302
    assert len(Handler.asked) == 1


def test_a_large_answer_is_refused(port: int) -> None:
    session = PinnedSession(allow_private=True, resolve=loopback)

    with pytest.raises(OutgoingError, match="too large"):
        session.get(f"http://host.test:{port}/large")


def test_a_proxy_of_the_environment_is_not_asked(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    session = PinnedSession(allow_private=True, resolve=loopback)

    assert session.get(f"http://host.test:{port}/").text == "hello"


def test_the_name_is_checked_in_the_certificate() -> None:
    adapter = PinnedAdapter(allow_private=True, resolve=loopback)
    request = requests.Request("GET", "https://host.test/").prepare()

    host, pool = adapter.build_connection_pool_key_attributes(request, verify=True)

    assert host["host"] == "127.0.0.1"
    assert pool["server_hostname"] == pool["assert_hostname"] == "host.test"
    assert pool["cert_reqs"] == "CERT_REQUIRED"
