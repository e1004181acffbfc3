"""What a person does with stored answers: look how many there are, and clear them."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import redis
from django.conf import settings
from django.db import connection, transaction

from apps.accounts.models import APIKey
from apps.audit.services import record
from apps.kit.errors import NotFoundError, ValidationError
from apps.router import alias_services, semantic_schema
from apps.router.answer_cache import CLEAR, index_of, prefix_of
from apps.router.cache_keys import MOST_TTL_S, alias_tag
from apps.router.cache_models import KeyCache, SemanticAnswer
from apps.tenancy.scope import require_org_id

TIMEOUT_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Stock:
    """What is stored at this moment; None where Valkey cannot be asked."""

    entries: int | None
    bytes: int | None
    most_bytes: int
    semantic_entries: int
    is_semantic_available: bool


def stock() -> Stock:
    """The stored answers of the organization in scope."""
    ends, sizes = index_of(require_org_id())
    entries = total = None
    try:
        with _client() as client:
            entries = int(client.zcard(ends))
            total = int(client.hget(sizes, "") or 0)
    except (redis.RedisError, OSError):
        pass
    return Stock(
        entries,
        total,
        int(settings.ANSWER_CACHE_MB * 1_000_000),
        SemanticAnswer.objects.count(),
        semantic_schema.is_there(connection),
    )


def clear(alias: str | None = None) -> int:
    """Forget the answers of one alias, of none ("") or, with None, all; how many."""
    org_id = require_org_id()
    start = "" if alias is None else f"{alias_tag(alias)}:"
    with _client() as client:
        gone = client.eval(CLEAR, 2, *index_of(org_id), prefix_of(org_id), start)
    kept = SemanticAnswer.objects.all()
    if alias is not None:
        kept = kept.filter(alias=alias)
    with transaction.atomic():
        gone = int(gone) + kept.delete()[0]
        record(
            "cache.cleared",
            subject="cache",
            subject_id=org_id,
            after={"name": "every answer" if alias is None else alias or "no alias"},
        )
    return gone


def remember_key(key_id: UUID, ttl_s: int) -> None:
    """Give a key's answers again for so many seconds; 0 ends that."""
    if not 0 <= ttl_s <= MOST_TTL_S:
        raise ValidationError(f"Up to {MOST_TTL_S} seconds.", param="ttl_s")
    key = APIKey.objects.filter(id=key_id).first()
    if key is None:
        raise NotFoundError("There is no such API key.")
    with transaction.atomic():
        found = KeyCache.objects.filter(key=key).first()
        before = found.ttl_s if found else 0
        if not ttl_s:
            KeyCache.objects.filter(key=key).delete()
        else:
            KeyCache.objects.update_or_create(key=key, defaults={"ttl_s": ttl_s})
        record(
            "cache.key_changed",
            subject="key",
            subject_id=key.id,
            before={"name": key.name, "ttl_s": before},
            after={"name": key.name, "ttl_s": ttl_s},
        )
        alias_services.announce()


def _client() -> Any:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
    )
