"""One connection: a request at a time, and the answer that comes in over it."""

import asyncio
from typing import Final, Protocol, cast

import httptools

from apps.providers.http1.address import Address
from apps.providers.http1.answer import Answer, LostError, NotHTTPError

MAX_HEAD_BYTES: Final = 32 * 1024


class Pool(Protocol):
    """Whoever keeps connections between their requests."""

    def keep(self, connection: "Connection") -> None: ...
    def forget(self, connection: "Connection") -> None: ...


class Connection(asyncio.Protocol):
    """An asyncio protocol, and httptools' callbacks."""

    def __init__(self, pool: Pool, address: Address) -> None:
        self._pool = pool
        self.address = address
        self.answer: Answer | None = None
        self.is_open = False
        self.is_kept_from = 0.0
        self.has_heard = False  # of the request at hand
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._parser = httptools.HttpResponseParser(self)
        self._head_bytes = 0
        self._field_bytes = 0
        self._is_interim = False
        self._may_keep = False

    def ask(self, head: bytes, content: bytes | None) -> Answer:
        """Send a request; its answer comes in from now on."""
        self.answer = answer = Answer(self)
        self.has_heard = self._may_keep = False
        self._head_bytes = self._field_bytes = 0
        if content is None:
            self._transport.write(head + b"\r\n")
        else:
            length = b"Content-Length: %d\r\n\r\n" % len(content)
            self._transport.write(b"%b%b%b" % (head, length, content))
        return answer

    def done(self, answer: Answer) -> None:
        """Its reader is through with an answer, or wants no more of it."""
        if self.answer is not answer:
            return
        self.answer = None
        if answer.is_read and self._may_keep and self.is_open:
            self._pool.keep(self)
        else:
            self.end()

    def end(self) -> None:
        """Close at once: what was not sent yet is of no use to anybody."""
        self.is_open = False
        self._transport.abort()

    def pause(self) -> None:
        self._transport.pause_reading()

    def resume(self) -> None:
        if self.is_open:
            self._transport.resume_reading()

    # asyncio's callbacks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        answer = self.answer
        if answer is None:  # nobody has asked for anything
            self.end()
            return
        self.has_heard = True
        if not answer.status:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._may_keep = False
            answer.failed(NotHTTPError("the answer is not HTTP"))
        if not answer.status and self._head_bytes > MAX_HEAD_BYTES:
            answer.failed(NotHTTPError("the answer's headers do not end"))
        answer.wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = self._may_keep = False
        answer = self.answer
        if answer is None:
            self._pool.forget(self)
            return
        if exc is None and self._ends_with_connection(answer):
            answer.is_whole = True
            answer.wake()
        word = "the answer broke off" if answer.status else "the connection was lost"
        answer.failed(LostError(word))

    def _ends_with_connection(self, answer: Answer) -> bool:
        """Whether the answer said nothing of its own length."""
        known = answer.headers.keys() & {"content-length", "transfer-encoding"}
        return bool(answer.status) and not known

    # httptools' callbacks

    def on_message_begin(self) -> None:
        if self.answer is not None and self.answer.is_whole:
            self._may_keep = False  # more than was asked for

    def on_header(self, name: bytes, value: bytes) -> None:
        answer = self.answer
        if answer is None or answer.is_whole:
            return
        self._field_bytes += len(name) + len(value)
        if self._field_bytes <= MAX_HEAD_BYTES:
            answer.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        answer, status = self.answer, self._parser.get_status_code()
        if answer is None or answer.is_whole:
            return
        self._is_interim = 100 <= status < 200
        if self._field_bytes > MAX_HEAD_BYTES:
            answer.failed(NotHTTPError("the answer's headers are too long"))
        elif not status:
            answer.failed(NotHTTPError("the answer has no status"))
        elif self._is_interim:
            answer.headers.clear()
        else:
            answer.head_came(status)

    def on_body(self, body: bytes) -> None:
        if self.answer is not None and not self.answer.is_whole:
            self.answer.body_came(body)

    def on_message_complete(self) -> None:
        answer = self.answer
        if answer is None or answer.is_whole or self._is_interim:
            return
        answer.is_whole = True
        self._may_keep = self._parser.should_keep_alive()
