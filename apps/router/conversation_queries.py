"""Stored responses as their organization reads and removes them."""

import json
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet

from apps.kit.clock import utc_now
from apps.kit.errors import NotFoundError
from apps.router.conversation_models import StoredResponse

KEPT_FOR = timedelta(days=30)


def stored_response(response_id: str) -> dict[str, Any]:
    """A stored Response as it was given; NotFoundError without it."""
    row = _kept(response_id).first()
    if row is None:
        raise _missing(response_id)
    found: dict[str, Any] = json.loads(row.response)
    return found


def input_items(response_id: str) -> list[dict[str, Any]]:
    """What a stored Response answered, each item with an id; newest first."""
    row = _kept(response_id).first()
    if row is None:
        raise _missing(response_id)
    items: list[dict[str, Any]] = json.loads(row.input)
    named = [
        {"id": f"msg_{row.id.hex}_{place}", **item} for place, item in enumerate(items)
    ]
    return named[::-1]


def delete_response(response_id: str) -> None:
    """Remove a stored Response; NotFoundError without it."""
    deleted, _ = _kept(response_id).delete()
    if not deleted:
        raise _missing(response_id)


def _kept(response_id: str) -> QuerySet[StoredResponse]:
    since = utc_now() - KEPT_FOR
    return StoredResponse.objects.filter(response_id=response_id, created_at__gt=since)


def _missing(response_id: str) -> NotFoundError:
    return NotFoundError(f"There is no stored response {response_id!r}.")
