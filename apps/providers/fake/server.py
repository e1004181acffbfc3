"""The fake provider's sockets: raw asyncio, so that every fault can be made."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Self

import msgspec

from apps.providers.fake.acts import answer
from apps.providers.fake.connection import Connection, Received
from apps.providers.fake.script import Script
from apps.providers.wire import Endpoint, Protocol


class FakeProvider:
    """A provider on a loopback port, scripted model by model."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.open_connections = 0
        self.connections_made = 0
        self.port = 0
        self._aborted: Counter[str] = Counter()
        self._scripts: dict[str, deque[Script]] = {}
        self._handlers: set[asyncio.Task[None]] = set()
        self._keys: dict[str, Script] = {}
        self._is_locked = False

    @classmethod
    @asynccontextmanager
    async def running(cls, port: int = 0) -> AsyncIterator[Self]:
        """A started fake, stopped on the way out."""
        fake = cls()
        server = await asyncio.start_server(fake._accept, "127.0.0.1", port)
        fake.port = server.sockets[0].getsockname()[1]
        try:
            yield fake
        finally:
            server.close()
            for handler in fake._handlers:
                handler.cancel()
            await asyncio.gather(*fake._handlers, return_exceptions=True)
            await server.wait_closed()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def endpoint(self, protocol: Protocol = "openai", slug: str = "fake") -> Endpoint:
        """Where this fake listens, as the client wants to know it."""
        return Endpoint(slug, protocol, self.base_url, api_key="sk-fake-key-0123")

    def script(self, model: str, **fields: Any) -> None:
        """Add an answer for `model`; each is given once, the last one for ever.

        A model without a script says "Hello".
        """
        self._scripts.setdefault(model, deque()).append(Script(**fields))

    def lock(self, *keys: str) -> None:
        """Refuse every key but these with a 401."""
        self._is_locked = True
        self._keys.update((key, Script()) for key in keys)

    def script_key(self, key: str, **fields: Any) -> None:
        """Answer whatever comes with this key in this way, unless that is a 200."""
        self._keys[key] = Script(**fields)

    def forget(self) -> None:
        """Drop all scripts and what was recorded."""
        self._scripts.clear()
        self._keys.clear()
        self._is_locked = False
        self._aborted.clear()
        self.requests.clear()

    def aborted(self, model: str) -> int:
        """How many clients left before their answer from `model` was whole."""
        return self._aborted[model]

    def _script_for(self, received: Received) -> Script:
        by_key = self._keys.get(received.key)
        if by_key is None and self._is_locked:
            return Script(status=401, message="no such key")
        if by_key is not None and by_key.status != 200:
            return by_key
        return self._next_script(received.model)

    def _next_script(self, model: str) -> Script:
        waiting = self._scripts.get(model)
        if not waiting:
            return Script()
        return waiting.popleft() if len(waiting) > 1 else waiting[0]

    def _accept(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        handler = asyncio.create_task(self._serve(Connection(reader, writer)))
        self._handlers.add(handler)
        handler.add_done_callback(self._handlers.discard)

    async def _serve(self, connection: Connection) -> None:
        self.open_connections += 1
        self.connections_made += 1
        try:
            await self._converse(connection)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client is gone
        finally:
            self.open_connections -= 1
            await connection.close()

    async def _converse(self, connection: Connection) -> None:
        while (received := await connection.receive()) is not None:
            if received.path.startswith("/_"):
                await connection.send(200, self._control(received))
                continue
            self.requests.append(received)
            script = self._script_for(received)
            deed = answer(connection, received, script)
            if not await self._follow(connection, received, script, deed):
                return

    async def _follow(
        self,
        connection: Connection,
        received: Received,
        script: Script,
        deed: Coroutine[None, None, bool],
    ) -> bool:
        """Whether the connection can be used again; notes a client that leaves."""
        try:
            if not script.takes_time:
                return await deed
            return await connection.unless_left(deed)
        except ConnectionError:
            self._aborted[received.model] += 1
            raise

    def _control(self, received: Received) -> bytes:
        """`POST /_script` adds a script; anything else only reports the state."""
        if received.path == "/_script":
            fields = dict(received.body)
            model = str(fields.pop("model", ""))
            script = msgspec.convert(fields, Script)
            self._scripts.setdefault(model, deque()).append(script)
        return msgspec.json.encode(
            {
                "requests": len(self.requests),
                "open_connections": self.open_connections,
                "aborted": dict(self._aborted),
            }
        )
