"""Seal and open the keys of the vault.

What a sealed key is bound to names its organization, its provider and its row: a
ciphertext that is moved anywhere else does not open. Nothing else decrypts provider
keys, and nothing that it returns shows itself in a log or a traceback.
"""

from django.conf import settings

from apps.kit.sealing import Keyring, Secret
from apps.vault.models import ProviderKey


def seal_into(row: ProviderKey, secret: Secret) -> None:
    """Put a new secret into a row that is not saved yet."""
    row.sealed = _keyring().seal(secret, bound_to=place_of(row))
    row.kek_version = _keyring().newest


def opened(row: ProviderKey) -> Secret:
    """The key in clear; raises SealError when the row is damaged or was moved."""
    return _keyring().open(bytes(row.sealed), bound_to=place_of(row))


def place_of(row: ProviderKey) -> str:
    return f"{row.org_id}|{row.provider}|{row.id}"


def _keyring() -> Keyring:
    ring: Keyring = settings.KEY_ENCRYPTION_KEYS
    return ring
