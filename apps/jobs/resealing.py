"""What is sealed, and where it stands: the list that the re-encryption job walks.

Whoever keeps sealed values registers a store in a module `resealing.py`; the job
(`apps.vault.rotation`) brings each value under the newest key-encryption key. Until it
has been through, no old key of KEY_ENCRYPTION_KEYS can be given up.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.utils.module_loading import autodiscover_modules


@dataclass(frozen=True, slots=True)
class SealedValue:
    """One sealed value, the place it is bound to, and how to put another there."""

    # Sorts in the order in which a store gives its values out.
    key: str
    sealed: bytes
    bound_to: str
    # Writes the new bytes if the old ones still stand there; whether they did.
    put: Callable[[bytes], bool] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Store:
    """A table with sealed values, read and written through one login."""

    name: str
    login: str
    # The next so many values after this key, or from the start when it is empty.
    after: Callable[[str, int], Sequence[SealedValue]]


_stores: Final[dict[str, Store]] = {}


def register(store: Store) -> None:
    _stores[store.name] = store


def stores() -> list[Store]:
    """Every store of this release, in the order in which a run goes through them."""
    autodiscover_modules("resealing")
    return [_stores[name] for name in sorted(_stores)]
