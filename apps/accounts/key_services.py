"""Writes of API keys: make, change, rotate, revoke, each with its audit entry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from apps.accounts import keys
from apps.accounts.key_cache import KEY_CACHE
from apps.accounts.models import APIKey, User
from apps.audit.services import record
from apps.kit.clock import utc_now
from apps.kit.errors import NotFoundError, ValidationError

# How long both secrets of a rotated key work, unless its owner says otherwise.
USUAL_OVERLAP: Final = timedelta(hours=24)
LONGEST_OVERLAP: Final = timedelta(days=30)


@dataclass(frozen=True)
class NewKey:
    """What somebody asks for who wants a key."""

    name: str
    is_test: bool = False
    scopes: Sequence[str] = keys.DEFAULT_SCOPES
    expires_at: datetime | None = None
    allowed_models: Sequence[str] = ()
    allowed_ips: Sequence[str] = ()
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    tags: Sequence[str] = ()


# What may be changed of a key that exists. Its kind may not: who holds a test key
# must never find that it spends money.
CHANGEABLE: Final = (
    "name",
    "scopes",
    "expires_at",
    "allowed_models",
    "allowed_ips",
    "requests_per_minute",
    "tokens_per_minute",
    "tags",
)


def create_key(wanted: NewKey, *, by: User | None) -> tuple[APIKey, str]:
    """A key of the organization in scope, and its token, which is kept nowhere."""
    token = keys.new_token(is_test=wanted.is_test)
    key = APIKey(
        **_secret(token),
        **{name: _stored(getattr(wanted, name)) for name in CHANGEABLE},
        is_test=wanted.is_test,
        created_by=by,
    )
    with transaction.atomic():
        key.save(force_insert=True)
        record("key.created", subject="key", subject_id=key.id, after=facts(key))
        _announce(key)
    return key, token


def change_key(key_id: UUID, changes: Mapping[str, Any]) -> APIKey:
    """Set what `changes` names (of CHANGEABLE); other processes follow at once."""
    with transaction.atomic():
        key = _locked(key_id)
        before = facts(key)
        if key.revoked_at is not None:
            raise ValidationError("A revoked key cannot be changed.")
        for name, value in changes.items():
            setattr(key, name, _stored(value))
        key.save(update_fields=[*changes])
        _record("key.changed", key, before)
        _announce(key)
    return key


def rotate_key(
    key_id: UUID, *, overlap: timedelta = USUAL_OVERLAP
) -> tuple[APIKey, str]:
    """Give the key a new secret; the one before works for `overlap` longer.

    The key stays itself: its limits, budgets and usage go on. A secret from an
    earlier rotation ends now, because there is room for one. Raises
    ValidationError for a key that no longer works.
    """
    now = utc_now()
    with transaction.atomic():
        key = _locked(key_id)
        if key.revoked_at or (key.expires_at and key.expires_at <= now):
            raise ValidationError("A key that no longer works cannot be rotated.")
        before = facts(key)
        _announce(key)
        token = keys.new_token(is_test=key.is_test)
        key.previous_digest = bytes(key.digest)
        key.previous_last4 = key.last4
        key.previous_until = now + overlap
        key.rotated_at = now
        secret = _secret(token)
        for name, value in secret.items():
            setattr(key, name, value)
        key.save(update_fields=[*secret, *_ROTATED])
        _record("key.rotated", key, before)
    return key, token


_ROTATED: Final = ("previous_digest", "previous_last4", "previous_until", "rotated_at")


def revoke_key(key_id: UUID, *, reason: str = "") -> APIKey:
    """Refuse the key from now on; revoking it again changes nothing."""
    with transaction.atomic():
        key = _locked(key_id)
        if key.revoked_at is None:
            before = facts(key)
            key.revoked_at = utc_now()
            key.save(update_fields=["revoked_at"])
            _record("key.revoked", key, before, reason=reason)
        _announce(key)
    return key


def end_secret(key_id: UUID, digest: bytes, *, reason: str) -> APIKey | None:
    """Refuse one secret from now on: the key is revoked when it is the current one,
    and goes on with that when it is the one before. None when it was over already.
    """
    with transaction.atomic():
        key = _locked(key_id)
        if bytes(key.digest) == digest:
            return revoke_key(key_id, reason=reason) if not key.revoked_at else None
        if not key.previous_until or key.previous_until <= utc_now():
            return None
        before = facts(key)
        key.previous_until = utc_now()
        key.save(update_fields=["previous_until"])
        _record("key.old_secret_ended", key, before, reason=reason)
        _announce(key)
    return key


def renew_digest(key_id: UUID, token: str, *, earlier: bytes) -> None:
    """Store a secret under the pepper in force, when it came in under an older one."""
    mine = APIKey.objects.filter(id=key_id)
    renewed = mine.filter(digest=earlier).update(
        digest=keys.digest(token), pepper_version=keys.pepper_version()
    )
    if not renewed:
        rotated = mine.filter(previous_digest=earlier)
        rotated.update(previous_digest=keys.digest(token))


def facts(key: APIKey) -> dict[str, Any]:
    """What the audit log keeps of a key: all but its secret."""
    moments = ("expires_at", "revoked_at", "previous_until")
    return {
        "name": key.name,
        "shown": f"{key.prefix}…{key.last4}",
        "is_test": key.is_test,
        **{name: getattr(key, name) for name in CHANGEABLE if name not in moments},
        **{name: _text(getattr(key, name)) for name in moments},
    }


def _record(
    action: str, key: APIKey, before: dict[str, Any], *, reason: str = ""
) -> None:
    after = facts(key)
    if reason:
        after["reason"] = reason
    record(action, subject="key", subject_id=key.id, before=before, after=after)


def _locked(key_id: UUID) -> APIKey:
    mine = APIKey.objects.select_for_update(of=("self",)).filter(id=key_id)
    key = mine.first()
    if key is None:
        raise NotFoundError("There is no such API key.")
    return key


def _secret(token: str) -> dict[str, Any]:
    return {
        "prefix": token[: keys.SHOWN_LENGTH],
        "last4": token[-4:],
        "digest": keys.digest(token),
        "pepper_version": keys.pepper_version(),
    }


def _stored(value: Any) -> Any:
    return list(value) if isinstance(value, (list, tuple)) else value


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _announce(key: APIKey) -> None:
    """Tell every process that holds this key to look it up again, on commit."""
    digests = [bytes(d) for d in (key.digest, key.previous_digest) if d is not None]
    with connection.cursor() as cursor:
        for digest in digests:
            cursor.execute("SELECT pg_notify(%s, %s)", [keys.CHANNEL, digest.hex()])
    # A worker or a test listens to nobody; its own cache must not be behind.
    _forget(digests)
    transaction.on_commit(lambda: _forget(digests))


def _forget(digests: Sequence[bytes]) -> None:
    for digest in digests:
        KEY_CACHE.forget(digest)
