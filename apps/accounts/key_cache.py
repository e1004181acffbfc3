"""Which caller a key belongs to, remembered in this process.

A hit costs no query. An entry is trusted for five seconds and looked up again in the
background for five more: ten are the longest a revoked key can live when the push
that revokes it is lost; normally it goes at once. Wrong keys are remembered too, or a
flood of them would reach the database. While Postgres is away a known key stays good:
it could not be revoked either.
"""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Final

from apps.accounts.keys import Caller
from apps.kit.clock import utc_now

TRUST_S: Final = 5.0
TRUST_WRONG_S: Final = 2.0
USE_WHILE_RENEWING_S: Final = 10.0
KEEP_WITHOUT_DATABASE_S: Final = 3600.0
MOST_ENTRIES: Final = 100_000


@dataclass(frozen=True, slots=True)
class Known:
    """What we know of a digest: its caller, or None for a key that is not valid."""

    caller: Caller | None
    since: float

    @property
    def is_fresh(self) -> bool:
        trust_s = TRUST_WRONG_S if self.caller is None else TRUST_S
        return monotonic() - self.since < trust_s

    @property
    def is_usable_while_renewing(self) -> bool:
        is_young = monotonic() - self.since < USE_WHILE_RENEWING_S
        return is_young and self.caller is not None

    @property
    def is_usable_without_database(self) -> bool:
        return monotonic() - self.since < KEEP_WITHOUT_DATABASE_S

    @property
    def valid_caller(self) -> Caller | None:
        caller = self.caller
        if caller and caller.expires_at and caller.expires_at <= utc_now():
            return None
        return caller


class KeyCache:
    """Digests to callers, the least recently stored dropped first."""

    def __init__(self) -> None:
        self._entries: OrderedDict[bytes, Known] = OrderedDict()
        self._lock = Lock()
        # Counts what was forgotten, so that an answer which Postgres gave before a
        # key was revoked is not taken for news when it arrives after the push.
        self.moment = 0

    def get(self, digest: bytes) -> Known | None:
        return self._entries.get(digest)

    def store(self, digest: bytes, caller: Caller | None) -> Known:
        with self._lock:
            return self._store(digest, caller)

    def store_answer(
        self, digest: bytes, caller: Caller | None, *, asked_at: int
    ) -> Known | None:
        """Remember what Postgres said; None when something was forgotten since
        `asked_at`, which is the `moment` before it was asked: then ask again.
        """
        with self._lock:
            return None if asked_at != self.moment else self._store(digest, caller)

    def _store(self, digest: bytes, caller: Caller | None) -> Known:
        known = self._entries[digest] = Known(caller, monotonic())
        self._entries.move_to_end(digest)
        if len(self._entries) > MOST_ENTRIES:
            self._entries.popitem(last=False)
        return known

    def forget(self, digest: bytes) -> None:
        with self._lock:
            self.moment += 1
            self._entries.pop(digest, None)

    def clear(self) -> None:
        with self._lock:
            self.moment += 1
            self._entries.clear()

    def distrust_all(self) -> None:
        """After a lost connection: everything is looked up again before it counts."""
        with self._lock:
            self.moment += 1
            for digest, known in self._entries.items():
                self._entries[digest] = Known(known.caller, monotonic() - TRUST_S)


KEY_CACHE: Final = KeyCache()
