"""Writes of the vault: each change is audited and told to every router process."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from asgiref.sync import async_to_sync
from django.db import connection, transaction
from django.db.models import Max

from apps.accounts.models import User
from apps.audit.services import record
from apps.catalog.models import Provider
from apps.kit.clock import utc_now
from apps.kit.errors import NotFoundError, UnprocessableError, ValidationError
from apps.kit.sealing import SealError, Secret
from apps.providers.probing import probe
from apps.providers.wire import Endpoint
from apps.tenancy.scope import require_org_id
from apps.vault.crypto import opened, seal_into
from apps.vault.models import ProviderKey, ProviderPreference

# The router tries them one after the other within one request's deadline.
MOST_KEYS: Final = 10
CHANNEL: Final = "modeloptix_vault"


@dataclass(frozen=True)
class NewProviderKey:
    """What somebody enters who brings a key."""

    provider: str
    name: str
    secret: Secret


def add_key(wanted: NewProviderKey, *, by: User | None) -> ProviderKey:
    """Seal a key of the organization in scope; it is tried after those it has."""
    provider = _provider(wanted.provider)
    with transaction.atomic():
        _lock(provider.slug)
        mine = ProviderKey.objects.filter(provider=provider.slug)
        if mine.count() >= MOST_KEYS:
            raise UnprocessableError(
                f"{provider.name} has {MOST_KEYS} keys already; delete one first.",
                param="provider",
            )
        last = mine.aggregate(last=Max("position"))["last"] or 0
        key = ProviderKey(
            org_id=require_org_id(),
            provider=provider.slug,
            name=wanted.name,
            last4=wanted.secret.reveal()[-4:],
            position=last + 1,
            created_by=by,
        )
        seal_into(key, wanted.secret)
        key.save(force_insert=True)
        _audit("provider_key.added", key, after=_facts(key))
        _announce()
    return key


def replace_key(key_id: UUID, secret: Secret) -> ProviderKey:
    """Put another secret in a key's place; its name and its order stay."""
    with transaction.atomic():
        key = _key(key_id)
        before = _facts(key)
        seal_into(key, secret)
        key.last4 = secret.reveal()[-4:]
        key.test_result, key.test_message = ProviderKey.Test.UNTESTED, ""
        key.test_ms = key.tested_at = None
        key.save()
        _audit("provider_key.replaced", key, before=before, after=_facts(key))
        _announce()
    return key


def change_key(
    key_id: UUID, *, name: str | None = None, is_enabled: bool | None = None
) -> ProviderKey:
    """Rename a key, or switch it on or off; what is None stays."""
    with transaction.atomic():
        key = _key(key_id)
        before = _facts(key)
        key.name = key.name if name is None else name
        key.is_enabled = key.is_enabled if is_enabled is None else is_enabled
        if _facts(key) == before:
            return key
        key.save(update_fields=["name", "is_enabled", "updated_at"])
        _audit("provider_key.changed", key, before=before, after=_facts(key))
        _announce()
    return key


def move_key(key_id: UUID, *, to: int) -> ProviderKey:
    """Give a key the place `to` (from 1) among its provider's; past the end is last."""
    with transaction.atomic():
        key = _key(key_id)
        _lock(key.provider)
        rows = list(ProviderKey.objects.filter(provider=key.provider))
        was = rows.index(key) + 1
        rows.remove(key)
        rows.insert(max(to, 1) - 1, key)
        now = utc_now()
        for place, row in enumerate(rows, start=1):
            row.position, row.updated_at = place, now
        ProviderKey.objects.bulk_update(rows, ["position", "updated_at"])
        key.position = rows.index(key) + 1
        if key.position != was:
            facts = _facts(key)
            before = {**facts, "position": was}
            after = {**facts, "position": key.position}
            _audit("provider_key.moved", key, before=before, after=after)
            _announce()
    return key


def shift_key(key_id: UUID, *, by: int) -> ProviderKey:
    """Move a key some places towards the end, or with less than 0 to the front."""
    rows = ProviderKey.objects.filter(provider=_key(key_id).provider)
    places = {row.id: place for place, row in enumerate(rows, start=1)}
    return move_key(key_id, to=places[key_id] + by)


def edit_key(
    key_id: UUID,
    *,
    key: Secret | None = None,
    position: int | None = None,
    **changes: Any,
) -> None:
    """Change what is given of a key, all of it or nothing."""
    with transaction.atomic():
        change_key(key_id, **changes)
        if key is not None:
            replace_key(key_id, key)
        if position is not None:
            move_key(key_id, to=position)


def delete_key(key_id: UUID) -> None:
    """Forget a key for good; requests under way may still end with it."""
    with transaction.atomic():
        key = _key(key_id)
        ProviderKey.objects.filter(id=key_id).delete()
        _audit("provider_key.deleted", key, before=_facts(key))
        _announce()


def prefer(provider_slug: str, order: ProviderPreference.Order) -> None:
    """Say whose keys go first at a provider."""
    provider = _provider(provider_slug)
    with transaction.atomic():
        rows = ProviderPreference.objects.select_for_update()
        held = rows.filter(provider=provider.slug).first()
        was = held.order if held else ProviderPreference.Order.OWN_FIRST
        ProviderPreference.objects.update_or_create(
            provider=provider.slug,
            org_id=require_org_id(),
            defaults={"order": order},
        )
        if was != order:
            record(
                "provider_preference.changed",
                subject="provider",
                subject_id=provider.slug,
                before={"order": was, "name": provider.name},
                after={"order": order, "name": provider.name},
            )
            _announce()


def test_key(key_id: UUID) -> ProviderKey:
    """Ask the provider whether it takes the key, and note what it said.

    No transaction is open while the provider is asked.
    """
    key = _key(key_id)
    provider = _provider(key.provider)
    endpoint = Endpoint(
        provider.slug,
        "anthropic" if provider.protocol == Provider.Protocol.ANTHROPIC else "openai",
        provider.base_url.rstrip("/"),
        _secret_of(key).reveal(),
    )
    found = async_to_sync(probe)(endpoint)
    values: dict[str, Any] = {
        "test_result": found.verdict.value,
        "test_message": found.message[:300],
        "test_ms": found.took_ms,
        "tested_at": utc_now(),
    }
    # Not when the key was replaced meanwhile: this says nothing of the new one.
    ProviderKey.objects.filter(id=key_id, sealed=bytes(key.sealed)).update(**values)
    return _key(key_id)


def _secret_of(key: ProviderKey) -> Secret:
    try:
        return opened(key)
    except SealError as problem:
        raise ValidationError(
            f"This key cannot be read: {problem}. Replace it."
        ) from None


def _provider(slug: str) -> Provider:
    provider = Provider.objects.filter(slug=slug).first()
    if provider is None or not provider.takes_keys:
        raise NotFoundError(f"There is no provider {slug!r} that takes a key.")
    return provider


def _key(key_id: UUID) -> ProviderKey:
    key = ProviderKey.objects.defer(None).filter(id=key_id).first()
    if key is None:
        raise NotFoundError("There is no such provider key.")
    return key


def _lock(provider: str) -> None:
    """Let one change of a provider's order wait for the other."""
    with connection.cursor() as cursor:
        place = f"vault|{require_org_id()}|{provider}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [place])


def _facts(key: ProviderKey) -> dict[str, Any]:
    return {
        "name": key.name,
        "provider": key.provider,
        "last4": key.last4,
        "is_enabled": key.is_enabled,
    }


def _audit(
    action: str,
    key: ProviderKey,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    record(
        action, subject="provider_key", subject_id=key.id, before=before, after=after
    )


def _announce() -> None:
    """Tell every router process to load its snapshot again, on commit."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])
