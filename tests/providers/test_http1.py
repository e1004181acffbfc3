"""The bytes of HTTP/1.1, as servers send them: whole, in pieces, wrong, or never."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import CertificateBuilder, Name, NameAttribute
from cryptography.x509.oid import NameOID

from apps.kit.clock import utc_now
from apps.providers.http1 import (
    LostError,
    NoConnectionError,
    NotHTTPError,
    Transport,
    TransportError,
    transport,
)
from apps.providers.http1 import answer as answers
from apps.providers.http1.address import address_of, head_of

type Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\n"
SHORT = HEAD + b"Content-Length: 2\r\n\r\nok"


@pytest.fixture
async def wire() -> AsyncIterator[Transport]:
    mine = Transport()
    yield mine
    mine.close()


@asynccontextmanager
async def server(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    handlers: set[asyncio.Task[None]] = set()

    async def connected(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        handlers.add(task)
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            handlers.discard(task)

    listening = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    port = listening.sockets[0].getsockname()[1]
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}/v1"
    finally:
        listening.close()
        for task in list(handlers):
            task.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)


async def request(reader: asyncio.StreamReader) -> bytes:
    """One request as it came, its content included."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return head + await reader.readexactly(int(length or 0))


def always(*pieces: bytes, ends: bool = False) -> Serve:
    """Answer every request on a connection with these pieces."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await request(reader)
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            if ends:
                return

    return serve


async def asked(wire: Transport, url: str) -> bytes:
    answer = await wire.post(url, headers={}, content=b"{}")
    try:
        parts = []
        while part := await answer.read_some():
            parts.append(part)
        return b"".join(parts)
    finally:
        answer.close()


@pytest.mark.parametrize(
    ("pieces", "ends"),
    [
        ((SHORT,), False),
        ((HEAD, b"content-length: 2\r\n\r\n", b"o", b"k"), False),
        (
            (
                HEAD,
                b"Transfer-Encoding: chunked\r\n\r\n1\r\no\r\n",
                b"1\r\nk\r\n0\r\n\r\n",
            ),
            False,
        ),
        ((HEAD + b"\r\nok",), True),
        ((b"HTTP/1.0 200 OK\r\n\r\nok",), True),
        ((b"HTTP/1.1 100 Continue\r\n\r\n", SHORT), False),
        ((b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + SHORT,), False),
        (
            (
                HEAD + b"Content-Encoding: gzip\r\nContent-Length: 22\r\n\r\n",
                gzip.compress(b"ok", mtime=0),
            ),
            False,
        ),
    ],
    ids=["whole", "pieces", "chunks", "end", "old", "continue", "hints", "packed"],
)
async def test_an_answer_is_read_however_it_comes(
    wire: Transport, pieces: tuple[bytes, ...], ends: bool
) -> None:
    async with server(always(*pieces, ends=ends)) as url:
        assert await asked(wire, url) == b"ok"
        assert await asked(wire, url) == b"ok"


@pytest.mark.parametrize(
    ("pieces", "kind"),
    [
        ((b"SSH-2.0-OpenSSH_9.2\r\n",), NotHTTPError),
        ((HEAD + b"Content-Length: 9\r\n\r\nok",), LostError),
        ((HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nok",), LostError),
        ((HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",), NotHTTPError),
        ((HEAD + b"X: " + b"y" * 100_000 + b"\r\n\r\n",), NotHTTPError),
        ((HEAD + b"X: 1\r\n" * 20_000,), NotHTTPError),
        ((HEAD + b"Content-Encoding: br\r\n\r\nok",), NotHTTPError),
        ((HEAD + b"Content-Encoding: gzip\r\n\r\nok",), NotHTTPError),
        ((b"",), LostError),
        ((b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",), NotHTTPError),
        ((b"HTTP/1.1 000 Nothing\r\nContent-Length: 2\r\n\r\nok",), NotHTTPError),
        (
            (
                HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"2\r\nok\r\n0\r\n\r\n",
            ),
            NotHTTPError,
        ),
        (
            (HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok",),
            NotHTTPError,
        ),
        ((b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 3000,), NotHTTPError),
    ],
    ids=[
        *("other", "half", "half-chunk", "bad-chunk", "long", "many", "brotli"),
        *("not-packed", "nothing", "upgrade", "no-status", "two-lengths"),
        *("other-length", "hints-only"),
    ],
)
async def test_what_is_wrong_with_an_answer_has_its_type(
    wire: Transport, pieces: tuple[bytes, ...], kind: type[TransportError]
) -> None:
    async with server(always(*pieces, ends=True)) as url:
        with pytest.raises(kind):
            await asked(wire, url)


async def test_a_connection_is_used_again_and_its_answers_do_not_mix(
    wire: Transport,
) -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while True:
            content = (await request(reader)).partition(b"\r\n\r\n")[2]
            writer.write(HEAD + b"Content-Length: %d\r\n\r\n" % len(content) + content)

    async with server(serve) as url:
        for number in range(20):
            answer = await wire.post(url, headers={}, content=b"%d" % number)
            assert await answer.read() == b"%d" % number
            answer.close()

    assert connections == 1


@pytest.mark.parametrize(
    "spoilt",
    [
        HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\nok",
        SHORT + SHORT,
        SHORT + b"rubbish",
    ],
    ids=["closing", "two", "rubbish"],
)
async def test_a_connection_that_cannot_be_trusted_is_not_kept(
    wire: Transport, spoilt: bytes
) -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while True:
            await request(reader)
            writer.write(spoilt)

    async with server(serve) as url:
        for _ in range(3):
            assert (await asked(wire, url))[:2] == b"ok"

    assert connections == 3


async def test_what_is_not_read_to_its_end_is_not_kept(wire: Transport) -> None:
    left = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(HEAD + b"Content-Length: 100\r\n\r\nok")
        assert await reader.read() == b""
        left.set()

    async with server(serve) as url:
        answer = await wire.post(url, headers={}, content=b"")
        answer.close()
        await asyncio.wait_for(left.wait(), 20)


async def test_a_slow_reader_makes_the_server_wait(wire: Transport) -> None:
    megabytes, sent = 32, 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await request(reader)
        writer.write(HEAD + b"Content-Length: %d\r\n\r\n" % (megabytes << 20))
        for _ in range(megabytes):
            writer.write(b"x" * (1 << 20))
            await writer.drain()
            sent += 1

    async with server(serve) as url:
        answer = await wire.post(url, headers={}, content=b"")
        for _ in range(200):
            await asyncio.sleep(0)
        assert sent < megabytes

        size = 0
        while part := await answer.read_some():
            size += len(part)
        answer.close()

    assert size == megabytes << 20


async def test_a_large_answer_of_known_length_is_read_whole(wire: Transport) -> None:
    content = b"0123456789abcdef" * 250_000
    head = HEAD + b"Content-Length: %d\r\n\r\n" % len(content)

    async with server(always(head, content)) as url:
        for _ in range(2):
            answer = await wire.post(url, headers={}, content=b"")
            async with asyncio.timeout(20):
                assert await answer.read() == content
            assert answer.is_read
            answer.close()


async def test_a_small_bomb_is_unpacked_step_by_step(
    wire: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "INFLATE_STEP", 1000)
    packed = gzip.compress(b"a" * 50_000)
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)

    async with server(always(head, packed)) as url:
        answer = await wire.post(url, headers={}, content=b"")
        steps = []
        while part := await answer.read_some():
            steps.append(len(part))
        answer.close()

    assert sum(steps) == 50_000
    assert max(steps) <= 1000


async def test_idle_connections_are_let_go(
    wire: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "KEEPALIVE_S", 0.02)
    left = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(SHORT)
        assert await reader.read() == b""
        left.set()

    async with server(serve) as url:
        assert await asked(wire, url) == b"ok"
        await asyncio.wait_for(left.wait(), 20)


@pytest.mark.parametrize(
    "url", ["ftp://host/x", "http://", "nothing", "http://a b/", "http://h/\r\nX: y"]
)
def test_a_url_that_names_no_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # urlsplit has words of its own
        address_of(url)


def test_an_address_is_taken_apart() -> None:
    address = address_of("https://[::1]:8443/v1/chat?x=1")

    assert address.place == (True, "::1", 8443)
    assert address.start.startswith(b"/v1/chat?x=1 HTTP/1.1\r\nHost: [::1]:8443\r\n")


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "ключ"])
def test_a_header_cannot_end_its_line(value: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # a UnicodeError is one as well
        head_of(b"POST", address_of("http://host/"), {"Authorization": value})


async def test_nobody_there_has_its_own_type(wire: Transport) -> None:
    async with server(always(SHORT)) as url:
        pass

    with pytest.raises(NoConnectionError):
        await asked(wire, url)


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = Name([NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = utc_now()
    certificate = (
        CertificateBuilder(name, name, key.public_key(), 1, now, now.replace(year=2090))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / "both.pem"
    path.write_bytes(certificate + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    wire: Transport, tmp_path: Path
) -> None:
    async with server(always(SHORT), self_signed(tmp_path)) as url:
        with pytest.raises(TransportError, match="no secure connection"):
            await asked(wire, url)
