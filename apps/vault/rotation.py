"""Wrap what is sealed under an old key-encryption key under the newest one.

Each unit is one transaction of some values, and a value that is done is not done
again: the job can be killed anywhere, run again, or run beside requests. The secrets
themselves are never opened for use, and one that somebody replaces meanwhile is left
as it is.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.conf import settings

from apps.jobs.lock import Held
from apps.jobs.resealing import SealedValue, Store, stores
from apps.kit.sealing import Keyring, SealError, version_of
from apps.tenancy.scope import unscoped

logger = logging.getLogger(__name__)

JOB: Final = "vault.rotate_provider_keys"
BATCH: Final = 100


@dataclass(slots=True)
class Rotated:
    """How many values the job wrapped anew, and how many it could not read."""

    resealed: int = 0
    unreadable: int = 0

    def __str__(self) -> str:
        text = f"{self.resealed} re-encrypted"
        return f"{text}, {self.unreadable} unreadable" if self.unreadable else text


def rotate(held: Held, *, batch: int = BATCH) -> Rotated:
    """Bring every sealed value under the newest key-encryption key."""
    rotated = Rotated()
    with unscoped("re-encryption wraps every organization's keys"):
        for store, after in _still_to_do(held.cursor or ""):
            key: str | None = after
            while key is not None:
                key = _next_batch(held, store, key, rotated, batch)
    return rotated


def _still_to_do(cursor: str) -> Iterator[tuple[Store, str]]:
    """The stores from where an earlier run got to, and the key to go on after."""
    name, _, key = cursor.partition("|")
    for store in stores():
        if store.name >= name:
            yield store, key if store.name == name else ""


def _next_batch(
    held: Held, store: Store, after: str, rotated: Rotated, batch: int
) -> str | None:
    """Do the values after a key; the last one's key, or None when there were none."""
    with held.unit(using=store.login):
        found = store.after(after, batch)
        for value in found:
            _reseal(value, store.name, rotated)
        if not found:
            return None
        last = found[-1].key
        held.advance(f"{store.name}|{last}", held.done + len(found))
    return last


def _reseal(value: SealedValue, store: str, rotated: Rotated) -> None:
    ring: Keyring = settings.KEY_ENCRYPTION_KEYS
    try:
        if version_of(value.sealed) == ring.newest:
            return
        sealed = ring.reseal(value.sealed, bound_to=value.bound_to)
    except SealError as problem:
        rotated.unreadable += 1
        logger.warning("%s %s is not re-encrypted: %s", store, value.key, problem)
        return
    rotated.resealed += value.put(sealed)
