"""A receiver of webhooks on this machine, and the outbox at the wheel's hand."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.db import connections

from apps.accounts.models import Organization
from apps.alerts.crypto import Contents, seal_into
from apps.alerts.kinds import Via
from apps.alerts.models import Channel
from apps.jobs.delivery import deliver_due
from apps.kit.ids import uuid7
from apps.tenancy.scope import scope
from tests.mail.conftest import Inbox, smtp

__all__ = ["Inbox", "smtp"]


@dataclass
class Taken:
    """One request that arrived."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What arrived, and what it answers to the next ones."""

    url: str = ""
    taken: list[Taken] = field(default_factory=list)
    # Status, body and further headers of the next answers; afterwards 200.
    answers: list[tuple[int, str, dict[str, str]]] = field(default_factory=list)


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    """An HTTP server on loopback, which this installation may be sent to."""
    settings.PRIVATE_ADDRESSES_ALLOWED = True
    fake = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # http.server's name
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            fake.taken.append(Taken(self.path, dict(self.headers), body))
            status, text, headers = (
                fake.answers.pop(0) if fake.answers else (200, "ok", {})
            )
            content = text.encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_address[1]}/hooks/0123456789abcdef"
    yield fake
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def run_outbox(transactional_db: None) -> Callable[..., None]:
    """Let all that waits be due, and deliver it, until nothing is left."""

    return send_all


def send_all(*, rounds: int = 4) -> None:
    """Deliver what waits to be folded now, and what follows from it."""
    for _ in range(rounds):
        make_due()
        deliver_due()


def make_due() -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "UPDATE alerts_delivery SET due_at = now() - interval '1 second'"
            " WHERE state IN ('collecting', 'sending')"
        )
        cursor.execute("UPDATE outbox_messages SET due_at = now()")


def make_channel(
    org: Organization,
    url: str = "https://example.com/hook",
    *,
    via: Via = Via.WEBHOOK,
    key: str = "whsec_of-the-tests-only",
    **fields: Any,
) -> Channel:
    """A channel as it is stored, wherever its address leads."""
    channel = Channel(
        id=uuid7(), org_id=org.id, via=via, name="Ops", host="example.com", **fields
    )
    seal_into(channel, Contents(url, key if via == Via.WEBHOOK else ""))
    with scope(org.id):
        channel.save(force_insert=True)
    return channel
