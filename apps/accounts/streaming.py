"""Send a long text as it is made, within the scope of the organization that asked.

A streamed body runs after the middleware has closed its scope, so the body opens its
own. Under ASGI Django would collect a plain iterator whole before it sends a byte:
there each piece is fetched in a thread instead.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

from apps.tenancy.scope import scope


def streamed(
    request: HttpRequest,
    pieces: Callable[[], Iterator[str]],
    *,
    org_id: UUID,
    content_type: str,
    filename: str,
) -> StreamingHttpResponse:
    """A download of the pieces; `pieces` is called when the sending begins."""
    scoped = _scoped(pieces, org_id)
    body: Any = _in_thread(scoped) if isinstance(request, ASGIRequest) else scoped
    answer = StreamingHttpResponse(body, content_type=content_type)
    answer["Content-Disposition"] = f'attachment; filename="{filename}"'
    answer["Cache-Control"] = "no-store"
    return answer


def _scoped(pieces: Callable[[], Iterator[str]], org_id: UUID) -> Iterator[str]:
    """Each step in the scope, which must not be open while others run between two."""
    with closing(pieces()) as source:  # type: ignore[type-var]  # a generator has close()
        while True:
            with scope(org_id):
                piece = next(source, None)
            if piece is None:
                return
            yield piece


async def _in_thread(pieces: Iterator[str]) -> AsyncIterator[str]:
    step = sync_to_async(lambda: next(pieces, None))
    while (piece := await step()) is not None:
        yield piece
