"""What the router's snapshot takes from the vault.

This is where provider keys are opened for use: into the memory of the web process,
whole at once, so that the hot path neither queries nor decrypts.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from apps.kit.sealing import SealError, Secret
from apps.vault.crypto import opened
from apps.vault.models import ProviderKey, ProviderPreference

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class UsableKey:
    """A key of one organization, in clear but never shown."""

    id: UUID
    org_id: UUID
    provider: str
    secret: Secret


def usable_keys() -> Iterator[UsableKey]:
    """Every organization's enabled keys, in the order to try; runs under `unscoped`.

    A row that does not open is left out with a warning: one damaged key must not
    take the others' away.
    """
    rows = ProviderKey.objects.filter(is_enabled=True).order_by(
        "org_id", "provider", "position", "id"
    )
    for row in rows.defer(None).only("org_id", "provider", "sealed"):
        try:
            yield UsableKey(row.id, row.org_id, row.provider, opened(row))
        except SealError as problem:
            logger.warning("Provider key %s is not used: %s", row.id, problem)


def preferred_orders() -> dict[tuple[UUID, str], str]:
    """Whose keys go first, by organization and provider; runs under `unscoped`."""
    rows = ProviderPreference.objects.values_list("org_id", "provider", "order")
    return {(org_id, provider): order for org_id, provider, order in rows}


def unreadable() -> set[UUID]:
    """The keys of the organization in scope that do not open; pages warn of them."""
    rows = ProviderKey.objects.defer(None).only("org_id", "provider", "sealed")
    return {row.id for row in rows if not _opens(row)}


def _opens(row: ProviderKey) -> bool:
    try:
        opened(row)
    except SealError:
        return False
    return True
