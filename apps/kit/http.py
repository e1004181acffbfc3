"""Fetch over HTTP what the product reads from others; the only user of httpx.

Nothing from outside is trusted to end: a body has a size limit (also unpacked, so a
gzip bomb is refused while it unfolds), a fetch has a deadline for all of it, redirects
are counted, and what is not the expected kind of content is refused unread. An address
may also be a `file:` URL or a path, so that a mirror on disk serves offline.
"""

import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from time import monotonic
from types import TracebackType
from typing import Final, Self
from urllib.parse import unquote, urlsplit

import httpx

MOST_REDIRECTS: Final = 3
_CHUNK: Final = 64 * 1024
_AGENT: Final = "ModelOptix"
_WBITS_GZIP: Final = 16 + zlib.MAX_WBITS


class FetchError(Exception):
    """The address gave no usable answer; the message says why and names no secret."""


class GoneError(FetchError):
    """The server answers, and says that there is nothing at the address."""


@dataclass(frozen=True, slots=True)
class Known:
    """What we hold of an address already, for a conditional request."""

    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer; `body` is None where the source says that nothing has changed."""

    url: str
    body: bytes | None
    etag: str = ""
    last_modified: str = ""
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one fetch may take: bytes once unpacked, seconds from start to end."""

    most_bytes: int = 64 * 1024 * 1024
    most_seconds: float = 60.0
    # The beginnings of acceptable content types; empty accepts any. GitHub serves the
    # JSON files of a repository as plain text.
    content_types: tuple[str, ...] = ("application/json", "text/json", "text/plain")


NOTHING_KNOWN: Final = Known()
USUAL: Final = Limits()


class Fetcher:
    """A client with its connections; use it as a context manager, from any thread."""

    def __init__(
        self,
        limits: Limits = USUAL,
        *,
        headers: Mapping[str, str] | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.limits = limits
        # What is sent along may be a key, which only the asked host may see.
        self._is_confided = bool(headers)
        self._headers = {
            "User-Agent": _AGENT,
            # Only what `_unpacker` can unfold piece by piece.
            "Accept-Encoding": "gzip",
            **(headers or {}),
        }
        self._transport = transport
        self._client: httpx.Client | None = None
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._client:
            self._client.close()

    def _connected(self) -> httpx.Client:
        """The client, made for the first address that is no file: it reads all of the
        machine's certificates."""
        with self._lock:
            if self._client is None:
                self._client = httpx.Client(
                    headers=self._headers,
                    transport=self._transport,
                    follow_redirects=False,
                )
            return self._client

    def get(self, url: str, *, known: Known = NOTHING_KNOWN) -> Fetched:
        """One document, whole; raises FetchError."""
        scheme = urlsplit(url).scheme
        if scheme not in {"http", "https"}:
            return _read_file(url, self.limits)
        deadline = monotonic() + self.limits.most_seconds
        try:
            return self._follow(url, known, deadline)
        except httpx.HTTPError as problem:
            raise FetchError(f"{url}: {problem or type(problem).__name__}") from problem

    def get_many(
        self, urls: Mapping[str, str], *, at_once: int = 8
    ) -> dict[str, Fetched | FetchError]:
        """Several documents by name, so many at once; each its answer or its error."""

        def one(url: str) -> Fetched | FetchError:
            try:
                return self.get(url)
            except FetchError as problem:
                return problem

        with ThreadPoolExecutor(at_once) as pool:
            return dict(zip(urls, pool.map(one, urls.values()), strict=True))

    def _follow(self, url: str, known: Known, deadline: float) -> Fetched:
        address = url
        for _ in range(MOST_REDIRECTS + 1):
            with self._connected().stream(
                "GET", address, headers=_conditions(known), timeout=_left(deadline)
            ) as answer:
                if not answer.has_redirect_location:
                    return self._read(url, answer, deadline)
                address = _redirected(address, answer)
                if self._is_confided and not _is_same_host(url, address):
                    raise FetchError(f"{url}: redirected to another host")
        raise FetchError(f"{url}: more than {MOST_REDIRECTS} redirects")

    def _read(self, url: str, answer: httpx.Response, deadline: float) -> Fetched:
        headers = answer.headers
        etag, modified = headers.get("etag", ""), headers.get("last-modified", "")
        if answer.status_code == httpx.codes.NOT_MODIFIED:
            return Fetched(url, None, etag, modified)
        if answer.status_code in {httpx.codes.NOT_FOUND, httpx.codes.GONE}:
            raise GoneError(f"{url}: the status is {answer.status_code}")
        if answer.status_code != httpx.codes.OK:
            raise FetchError(f"{url}: the status is {answer.status_code}")
        content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        self._accept(url, content_type)
        body = b"".join(self._bounded(url, answer, deadline))
        return Fetched(url, body, etag[:200], modified[:60], content_type)

    def _accept(self, url: str, content_type: str) -> None:
        wanted = self.limits.content_types
        if wanted and not content_type.startswith(wanted):
            raise FetchError(f"{url}: {content_type or 'no type'} is not {wanted[0]}")

    def _bounded(
        self, url: str, answer: httpx.Response, deadline: float
    ) -> Iterator[bytes]:
        """The body piece by piece, refused as soon as it is too large or too late."""
        encoding = answer.headers.get("content-encoding", "").strip().lower()
        if encoding not in {"", "identity", "gzip"}:
            raise FetchError(f"{url}: the encoding {encoding} was not asked for")
        unpack = _unpacker(url) if encoding == "gzip" else _as_it_is
        size = 0
        for raw in answer.iter_raw(_CHUNK):
            # A trickle keeps every single read short; only the sum gives it away.
            if monotonic() > deadline:
                raise FetchError(f"{url}: not done in {self.limits.most_seconds:g} s")
            for piece in unpack(raw):
                size += len(piece)
                if size > self.limits.most_bytes:
                    raise _too_large(url, self.limits)
                yield piece


def _conditions(known: Known) -> dict[str, str]:
    headers = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in headers.items() if value}


def _left(deadline: float) -> httpx.Timeout:
    left = max(0.1, deadline - monotonic())
    return httpx.Timeout(left, connect=min(10.0, left))


def _is_same_host(one: str, other: str) -> bool:
    return urlsplit(one).netloc == urlsplit(other).netloc


def _redirected(address: str, answer: httpx.Response) -> str:
    following = httpx.URL(address).join(answer.headers["location"])
    is_weaker = urlsplit(address).scheme == "https" and following.scheme != "https"
    if is_weaker or following.scheme not in {"http", "https"}:
        raise FetchError(f"{address}: redirected to {following.scheme}")
    return str(following)


def _as_it_is(raw: bytes) -> Iterator[bytes]:
    yield raw


def _unpacker(url: str) -> Callable[[bytes], Iterator[bytes]]:
    """Unfold gzip a bounded piece at a time, however much is packed into a chunk."""
    packed = zlib.decompressobj(_WBITS_GZIP)

    def unpack(raw: bytes) -> Iterator[bytes]:
        try:
            while raw:
                yield packed.decompress(raw, _CHUNK)
                raw = packed.unconsumed_tail
        except zlib.error as problem:
            raise FetchError(f"{url}: broken gzip: {problem}") from problem

    return unpack


def _read_file(address: str, limits: Limits) -> Fetched:
    """The same from disk: a path or a `file:` URL; `.json` and `.gz` may be left off.

    A query is no part of a file's name, so a mirror of `/models?output_modalities=all`
    is the file `models.json`.
    """
    parts = urlsplit(address)
    if parts.scheme not in {"", "file"}:
        raise FetchError(f"{address}: {parts.scheme} is neither HTTP nor a file")
    named = Path(unquote(parts.path))
    for path in (named, *(Path(f"{named}{end}") for end in (".json", ".json.gz"))):
        if path.is_file():
            return Fetched(address, _read_path(path, limits))
    raise GoneError(f"{address}: no such file")


def _read_path(path: Path, limits: Limits) -> bytes:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            body = bytes(file.read(limits.most_bytes + 1))
    except (OSError, EOFError, zlib.error) as problem:
        raise FetchError(f"{path}: {problem}") from problem
    if len(body) > limits.most_bytes:
        raise _too_large(str(path), limits)
    return body


def _too_large(address: str, limits: Limits) -> FetchError:
    return FetchError(f"{address}: more than {limits.most_bytes:,} bytes")
