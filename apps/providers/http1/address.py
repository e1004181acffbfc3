"""Where a request goes, and the head it begins with."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import urlsplit

_ALWAYS: Final = b"User-Agent: ModelOptix\r\nAccept-Encoding: identity\r\n"


class Address(NamedTuple):
    """A URL as far as a request to it needs it."""

    is_tls: bool
    host: str
    port: int
    start: bytes  # the request line's target and what follows it, up to the headers

    @property
    def place(self) -> tuple[bool, str, int]:
        """The server, whatever the path."""
        return self[:3]


@lru_cache(maxsize=1024)
def address_of(url: str) -> Address:
    """Take a URL apart; raises ValueError for one that names no server."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"not the address of a server: {url!r}")
    if any(ord(letter) <= 32 or ord(letter) == 127 for letter in url):
        raise ValueError("a URL holds no spaces and no control characters")
    is_tls = parts.scheme == "https"
    host = parts.hostname.encode("idna").decode()
    port = parts.port or (443 if is_tls else 80)
    named = f"[{host}]" if ":" in host else host
    if parts.port:
        named += f":{port}"
    target = parts.path or "/"
    if parts.query:
        target += f"?{parts.query}"
    start = f"{target} HTTP/1.1\r\nHost: {named}\r\n".encode("ascii")
    return Address(is_tls, host, port, start + _ALWAYS)


def head_of(method: bytes, address: Address, headers: Mapping[str, str]) -> bytes:
    """The request line and the headers, without a content's length and the blank line.

    Raises ValueError for a header that would end its line.
    """
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    if lines.count("\n") != len(headers) or lines.count("\r") != len(headers):
        raise ValueError("a header holds a line break")
    return b"%b %b%b" % (method, address.start, lines.encode("latin-1"))
