"""Real mail servers on this machine: SMTP that can be told to refuse, and Resend."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.db import connections

from apps.jobs.delivery import deliver_due
from apps.jobs.models import Message


@dataclass
class Inbox:
    """What a server took, and what it says to the next mails."""

    port: int = 0
    taken: list[EmailMessage] = field(default_factory=list)
    # Answers to the next DATA commands; afterwards it takes everything.
    answers: list[str] = field(default_factory=list)
    refused_recipients: dict[str, str] = field(default_factory=dict)

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address in self.refused_recipients:
            return self.refused_recipients[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  # as above
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        if self.answers:
            return self.answers.pop(0)
        self.taken.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


class _AnyPort(Controller):
    """Take whatever port is free, and knock at that one."""

    def _trigger_server(self) -> None:
        server: Any = self.server
        self.port = server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # aiosmtpd's own


@pytest.fixture
def smtp(settings: Any) -> Iterator[Inbox]:
    """A mail server without TLS, and the product set up to use it."""
    inbox = Inbox()
    controller = _AnyPort(inbox, hostname="127.0.0.1", port=0, ready_timeout=30)
    controller.start()
    inbox.port = controller.port
    settings.MAILERS = {"default": smtp_mailer(inbox.port)}
    settings.MAIL_DELIVERY = "outbox"
    yield inbox
    controller.stop()


def smtp_mailer(port: int, **options: Any) -> dict[str, Any]:
    return {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {"host": "127.0.0.1", "port": port, "timeout": 20, **options},
    }


@dataclass
class Resend:
    """The one call of Resend's API that we use, with its idempotency."""

    url: str = ""
    taken: list[dict[str, Any]] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    # (status, body) of the next answers.
    answers: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    # Take the mail, then break the connection before answering.
    breaks_after: int = 0

    def answer(self, path: str, headers: Any, body: dict[str, Any]) -> tuple[int, Any]:
        if path != "/emails" or headers["Authorization"] != "Bearer re_test":
            return 401, {"name": "missing_api_key"}
        if self.answers:
            return self.answers.pop(0)
        key = headers["Idempotency-Key"]
        if key not in self.keys:
            self.taken.append(body)
            self.keys[key] = f"id-{len(self.taken)}"
        return 200, {"id": self.keys[key]}


@pytest.fixture
def resend(settings: Any) -> Iterator[Resend]:
    fake = Resend()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # http.server's name
            length = int(self.headers["Content-Length"])
            body = json.loads(self.rfile.read(length))
            status, answer = fake.answer(self.path, self.headers, body)
            if fake.breaks_after:
                fake.breaks_after -= 1
                self.close_connection = True
                return
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    settings.MAILERS = {
        "default": {
            "BACKEND": "apps.mail.backends.Resend",
            "OPTIONS": {"api_key": "re_test", "api_url": fake.url, "timeout": 20},
        }
    }
    settings.MAIL_DELIVERY = "outbox"
    yield fake
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def messages(transactional_db: None) -> Callable[[], list[Message]]:
    """The outbox as it is: posting has tried to deliver once already."""
    return lambda: list(Message.objects.using("jobs").order_by("id"))


@pytest.fixture
def again(
    messages: Callable[[], list[Message]],
) -> Callable[[], list[Message]]:
    """Try what waits once more, without waiting for the back-off."""

    def run() -> list[Message]:
        with connections["owner"].cursor() as cursor:
            cursor.execute("UPDATE outbox_messages SET due_at = now()")
        deliver_due()
        return messages()

    return run
