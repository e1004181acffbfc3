"""Call an ASGI application as a client would, hanging up half way when asked to."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

Message = MutableMapping[str, Any]
App = Callable[..., Awaitable[None]]


@dataclass(slots=True)
class Answer:
    """What the application sent."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def events(self) -> list[tuple[str, Any]]:
        """Server-sent events as (name, data); data is JSON unless it is `[DONE]`."""
        return [_event(block) for block in self.body.decode().split("\n\n") if block]


def _event(block: str) -> tuple[str, Any]:
    fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
    data = fields.get("data", "")
    return fields.get("event", ""), data if data == "[DONE]" else json.loads(data)


@dataclass(slots=True)
class Exchange:
    """One request under way; `hang_up` is the client closing its connection."""

    app: App
    scope: dict[str, Any]
    body: bytes
    sent: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    is_body_read: bool = False

    def start(self) -> None:
        async def run() -> None:
            await self.app(self.scope, self._receive, self.sent.put)

        self.task = asyncio.create_task(run())

    async def _receive(self) -> Message:
        if not self.is_body_read:
            self.is_body_read = True
            return {"type": "http.request", "body": self.body, "more_body": False}
        await self.left.wait()
        return {"type": "http.disconnect"}

    def hang_up(self) -> None:
        self.left.set()

    async def messages(self) -> AsyncIterator[Message]:
        """What is sent, until the application is done."""
        assert self.task is not None
        while not (self.task.done() and self.sent.empty()):
            getter = asyncio.ensure_future(self.sent.get())
            await asyncio.wait({getter, self.task}, return_when=asyncio.FIRST_COMPLETED)
            if getter.done():
                yield getter.result()
            else:
                getter.cancel()
        await self.task

    async def answer(self) -> Answer:
        status, headers, body = 0, {}, b""
        async for message in self.messages():
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = {
                    k.decode().lower(): v.decode() for k, v in message["headers"]
                }
            elif message["type"] == "http.response.body":
                body += message.get("body", b"")
        return Answer(status, headers, body)


def exchange(
    app: App,
    method: str,
    path: str,
    *,
    headers: dict[str, str] | None = None,
    body: object = b"",
) -> Exchange:
    """Start a request; a body that is not bytes is sent as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    path, _, query = path.partition("?")
    all_headers = {
        "host": "localhost",
        "content-type": "application/json",
        "content-length": str(len(raw)),
        **(headers or {}),
    }
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(k.lower().encode(), v.encode()) for k, v in all_headers.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
    }
    started = Exchange(app, scope, raw)
    started.start()
    return started
