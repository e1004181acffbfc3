"""Reads of the vault, for the organization in scope; none of them holds a secret."""

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from apps.catalog.models import Provider
from apps.vault.models import ProviderKey, ProviderPreference
from apps.vault.opening import unreadable


@dataclass(frozen=True, slots=True)
class ShownKey:
    """A key as pages and the API tell of it."""

    row: ProviderKey
    # False: its sealed text is damaged or was sealed elsewhere, so it is never used.
    is_readable: bool


@dataclass(frozen=True, slots=True)
class ProviderGroup:
    """One provider with the organization's keys in the order they are tried."""

    slug: str
    name: str
    has_managed_key: bool
    order: str
    keys: tuple[ShownKey, ...] = ()

    @property
    def order_label(self) -> str:
        return ProviderPreference.Order(self.order).label


def key_providers() -> list[Provider]:
    """The providers a customer can bring a key for, by name."""
    rows = Provider.objects.exclude(base_url="").exclude(api_key_env="")
    return [provider for provider in rows.order_by("name") if provider.takes_keys]


def shown_keys() -> list[ShownKey]:
    """All keys, by provider and in the order they are tried."""
    rows: QuerySet[ProviderKey] = ProviderKey.objects.select_related("created_by")
    damaged = unreadable()
    return [ShownKey(row, row.id not in damaged) for row in rows]


def shown_key(key_id: UUID) -> ShownKey | None:
    row = ProviderKey.objects.filter(id=key_id).first()
    return ShownKey(row, row.id not in unreadable()) if row else None


def groups(providers: list[Provider]) -> list[ProviderGroup]:
    """The providers with keys of the organization, or with an order of its own."""
    keys: dict[str, list[ShownKey]] = defaultdict(list)
    for key in shown_keys():
        keys[key.row.provider].append(key)
    orders = dict(ProviderPreference.objects.values_list("provider", "order"))
    known = {provider.slug: provider for provider in providers}
    found = sorted({*keys, *(slug for slug in orders if slug in known)})
    return [_group(slug, known.get(slug), keys[slug], orders) for slug in found]


def _group(
    slug: str,
    provider: Provider | None,
    keys: list[ShownKey],
    orders: dict[str, str],
) -> ProviderGroup:
    variable = provider.api_key_env if provider else ""
    return ProviderGroup(
        slug=slug,
        # A provider that left the catalog keeps its keys until they are deleted.
        name=provider.name if provider else slug,
        has_managed_key=bool(variable and settings.PROVIDER_KEY(variable)),
        order=orders.get(slug, ProviderPreference.Order.OWN_FIRST),
        keys=tuple(keys),
    )
