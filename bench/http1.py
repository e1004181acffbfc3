"""The little of HTTP/1.1 that both ends of the measurement need.

A general parser would cost more than everything else the mock and the load
generator do; both sides of it are known here, so looking for the few facts that
matter is enough.
"""

import re
from typing import Final

HEAD_END: Final = b"\r\n\r\n"
LAST_CHUNK: Final = b"\r\n0\r\n\r\n"
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked", re.IGNORECASE)
_CLOSE: Final = re.compile(rb"\r\nconnection:[ \t]*close", re.IGNORECASE)


def content_length(head: bytes) -> int | None:
    found = _LENGTH.search(head)
    return int(found[1]) if found else None


def is_chunked(head: bytes) -> bool:
    return _CHUNKED.search(head) is not None


def closes(head: bytes) -> bool:
    """Tell whether the peer ends the connection after this message."""
    return _CLOSE.search(head) is not None


def chunk(payload: bytes) -> bytes:
    """Frame one part of a body whose length is not told beforehand."""
    return b"%x\r\n%b\r\n" % (len(payload), payload)
