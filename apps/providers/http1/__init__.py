"""HTTP/1.1 as a gateway needs it: POST, GET, kept connections, nothing else.

A general client spends 150 to 290 µs of CPU on a request, more than all the rest of
the router does; this one spends 30 (docs/benchmarks.md says how that was measured).
httptools (llhttp, Node's own parser) reads what comes; what is here keeps
connections, counts what is buffered, and tells what went wrong by type.

A connection serves one request at a time and is used again only when its answer was
read to the end. Nothing is followed, no cookie kept, no proxy asked.
"""

from apps.providers.http1.answer import (
    Answer,
    LostError,
    NoConnectionError,
    NotHTTPError,
    TransportError,
)
from apps.providers.http1.transport import Transport

__all__ = [
    "Answer",
    "LostError",
    "NoConnectionError",
    "NotHTTPError",
    "Transport",
    "TransportError",
]
