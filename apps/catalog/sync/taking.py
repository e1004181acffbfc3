"""Take a source's payloads, and refuse what cannot be its true answer.

An answer is asked for on condition that it has changed since the last one, unless the
adapters have: then the same answer may mean something else (`READER`).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from apps.catalog.models import SourceFetch
from apps.catalog.services import DATABASE
from apps.catalog.sources.base import BrokenPayloadError, Payload
from apps.kit.errors import ValidationError
from apps.kit.http import NOTHING_KNOWN, Fetched, Fetcher, FetchError, Known
from apps.kit.strict_json import refuse_unstorable

# Raise it with every change of what an adapter reads out of the same payload.
READER: Final = "1"
# A source that answers with less than this share of its last rows is not believed.
LEAST_SHARE: Final = 0.8


@dataclass(slots=True)
class HTTPTaker:
    """Takes documents over HTTP, or from a mirror on disk."""

    source: str
    fetcher: Fetcher
    is_file: bool = False
    _known: dict[str, Known] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rows = SourceFetch.objects.using(DATABASE).filter(
            source=self.source, reader=READER
        )
        for resource, etag, modified in rows.values_list(
            "resource", "etag", "last_modified"
        ):
            self._known[resource] = Known(etag, modified)

    def get(self, resource: str, url: str) -> Payload:
        known = self._known.get(resource, NOTHING_KNOWN)
        return decoded(resource, self.fetcher.get(url, known=known))

    def get_many(self, wanted: Mapping[str, str]) -> dict[str, Payload | Exception]:
        answers = self.fetcher.get_many(wanted)
        return {name: _decoded_or(name, answer) for name, answer in answers.items()}


@dataclass(slots=True)
class FileTaker:
    """Takes one recorded file for whatever document the source asks first."""

    fetcher: Fetcher
    path: str
    is_file: bool = True

    def get(self, resource: str, url: str) -> Payload:
        return decoded(resource, self.fetcher.get(self.path))

    def get_many(self, wanted: Mapping[str, str]) -> dict[str, Payload | Exception]:
        return {}


def _decoded_or(resource: str, answer: Fetched | FetchError) -> Payload | Exception:
    if isinstance(answer, FetchError):
        return answer
    try:
        return decoded(resource, answer)
    except BrokenPayloadError as problem:
        return problem


def decoded(resource: str, answer: Fetched) -> Payload:
    """The payload of an answer; raises BrokenPayloadError where it is no JSON."""
    if answer.body is None:
        return Payload(resource, answer.url, None, is_unchanged=True)
    return Payload(
        resource,
        answer.url,
        _decode(answer.url, answer.body),
        sha256=hashlib.sha256(answer.body).hexdigest(),
        size_bytes=len(answer.body),
        etag=answer.etag,
        last_modified=answer.last_modified,
    )


def _decode(url: str, body: bytes) -> Any:
    try:
        value = msgspec.json.decode(body)
        # Legal JSON that Postgres cannot store; it only arrives escaped.
        if b"\\u0000" in body or b"\\ud" in body.lower():
            refuse_unstorable(value, "payload")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        start = body[:40].decode(errors="replace")
        raise BrokenPayloadError(f"{url}: no JSON ({problem}): {start!r}") from problem
    except ValidationError as problem:
        raise BrokenPayloadError(f"{url}: {problem.message}") from problem
    return value


def require_rows(count: int, *, last: int) -> None:
    """Refuse a picture with too few rows; raises BrokenPayloadError."""
    if count < last * LEAST_SHARE:
        raise BrokenPayloadError(
            f"{count} rows where the last time had {last}: less than "
            f"{LEAST_SHARE:.0%}, so nothing was written"
        )
