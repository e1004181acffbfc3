"""The connections of one event loop: made, kept, used again, let go."""

import asyncio
import socket
import ssl
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from apps.providers.http1.address import Address, address_of, head_of
from apps.providers.http1.answer import (
    Answer,
    LostError,
    NoConnectionError,
    TransportError,
)
from apps.providers.http1.connection import Connection

CONNECT_TIMEOUT_S: Final = 10.0
KEEPALIVE_S: Final = 30.0
DNS_TTL_S: Final = 60.0
# A server that closed an idle connection says so within one round trip. When the
# connection is lost later, the request may have been worked on and is not repeated.
STALE_AFTER_S: Final = 0.5


class Transport:
    """The connections of one event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._kept: dict[tuple[bool, str, int], list[Connection]] = defaultdict(list)
        self._names: dict[tuple[str, int], tuple[float, list[str]]] = {}
        self._tls: ssl.SSLContext | None = None
        self._sweep: asyncio.TimerHandle | None = None

    async def post(
        self, url: str, *, headers: Mapping[str, str], content: bytes
    ) -> Answer:
        """The answer to a POST once its head is there; raises TransportError, OSError
        or ValueError.

        It is sent a second time only when a kept connection turns out to have been
        closed before any of it was read.
        """
        address = address_of(url)
        head = head_of(b"POST", address, headers)
        started = self._loop.time()
        if (kept := self._take(address)) is not None:
            try:
                return await _begun(kept, head, content)
            except LostError:
                late = self._loop.time() - started > STALE_AFTER_S
                if late or kept.has_heard:
                    raise
        return await _begun(await self._connect(address), head, content)

    async def get(self, url: str, *, headers: Mapping[str, str]) -> Answer:
        """The same for a GET."""
        address = address_of(url)
        head = head_of(b"GET", address, headers)
        if (kept := self._take(address)) is not None:
            with suppress(LostError):
                return await _begun(kept, head, None)
        return await _begun(await self._connect(address), head, None)

    def keep(self, connection: Connection) -> None:
        connection.is_kept_from = self._loop.time()
        self._kept[connection.address.place].append(connection)
        if self._sweep is None:
            self._sweep = self._loop.call_later(KEEPALIVE_S, self._end_idle)

    def forget(self, connection: Connection) -> None:
        kept = self._kept.get(connection.address.place)
        if kept and connection in kept:
            kept.remove(connection)

    def close(self) -> None:
        """End all kept connections; those in use end with their answers."""
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        for connections in self._kept.values():
            for connection in connections:
                # A loop that is closed has closed its sockets' readers as well.
                with suppress(RuntimeError):
                    connection.end()
        self._kept.clear()

    def _take(self, address: Address) -> Connection | None:
        kept = self._kept.get(address.place)
        while kept:
            connection = kept.pop()
            if connection.is_open:
                return connection
        return None

    def _end_idle(self) -> None:
        self._sweep = None
        oldest = self._loop.time() - KEEPALIVE_S
        for place, connections in list(self._kept.items()):
            for connection in connections:
                if connection.is_kept_from <= oldest:
                    connection.end()
            left = [one for one in connections if one.is_open]
            self._kept[place] = left
            if not left:
                del self._kept[place]
        if self._kept:
            self._sweep = self._loop.call_later(KEEPALIVE_S / 2, self._end_idle)

    async def _connect(self, address: Address) -> Connection:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            hosts = await self._hosts(address)
            for host in hosts[:-1]:
                with suppress(NoConnectionError):
                    return await self._dial(host, address)
            return await self._dial(hosts[-1], address)

    async def _dial(self, host: str, address: Address) -> Connection:
        tls: dict[str, Any] = {}
        if address.is_tls:
            self._tls = self._tls or ssl.create_default_context()
            tls = {"ssl": self._tls, "server_hostname": address.host}
        try:
            _, connection = await self._loop.create_connection(
                lambda: Connection(self, address), host, address.port, **tls
            )
        except ssl.SSLError as problem:
            raise TransportError("no secure connection could be made") from problem
        except OSError as problem:
            raise NoConnectionError("no connection could be made") from problem
        return connection

    async def _hosts(self, address: Address) -> list[str]:
        """The addresses behind a name, asked for once a minute."""
        name = (address.host, address.port)
        until, hosts = self._names.get(name, (0.0, []))
        if hosts and until > self._loop.time():
            return hosts
        try:
            found = await self._loop.getaddrinfo(*name, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as problem:
            raise TransportError("the host name was not found") from problem
        hosts = list(dict.fromkeys(str(one[4][0]) for one in found))
        self._names[name] = (self._loop.time() + DNS_TTL_S, hosts)
        return hosts


async def _begun(connection: Connection, head: bytes, content: bytes | None) -> Answer:
    answer = connection.ask(head, content)
    try:
        await answer.begun()
    except BaseException:
        answer.close()
        raise
    return answer
