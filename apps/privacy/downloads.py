"""Send a large file without holding it in memory, under ASGI and WSGI alike."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse

from apps.privacy import files
from apps.privacy.models import Export

CHUNK_BYTES: Final = 256 * 1024


def send_archive(request: HttpRequest, export: Export) -> HttpResponseBase:
    """The archive as a download; 404 when this host does not have it."""
    path = files.archive_path(export.org_id, export.id)
    if not path.is_file():
        raise Http404
    is_async = isinstance(request, ASGIRequest)
    content = _chunks_async(path) if is_async else _chunks(path)
    response = StreamingHttpResponse(content, content_type="application/zip")
    name = f"modeloptix-export-{export.created_at:%Y-%m-%d}.zip"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Content-Length"] = str(path.stat().st_size)
    return response


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


async def _chunks_async(path: Path) -> AsyncIterator[bytes]:
    file = await asyncio.to_thread(path.open, "rb")
    try:
        while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
            yield chunk
    finally:
        await asyncio.to_thread(file.close)
