"""Django's cache: shared by all processes, and this process's own while Valkey is away.

Limits on sign-in and the codes that were used live here. Without Valkey they are
counted in each process for itself: weaker, but nobody is locked out and no page
fails.
"""

import logging
import time
from typing import Any, Final

import redis
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache

logger = logging.getLogger(__name__)

# After a failure Valkey is left alone for so long, or each call would wait for it.
RETRY_AFTER_S: Final = 5.0
FAILURES: Final = (redis.RedisError, OSError)


class SharedCache(RedisCache):
    """A Redis cache that falls back to memory and never raises for an outage."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._own = LocMemCache("while-valkey-is-away", params)

    # When Valkey failed last; of the process, because each thread has its own cache.
    _failed_at: float | None = None

    def add(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._call("add", *args, **kwargs))

    def get(self, *args: Any, **kwargs: Any) -> Any:
        return self._call("get", *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> None:
        self._call("set", *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._call("touch", *args, **kwargs))

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._call("delete", *args, **kwargs))

    def incr(self, *args: Any, **kwargs: Any) -> int:
        return int(self._call("incr", *args, **kwargs))

    def has_key(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._call("has_key", *args, **kwargs))

    def get_many(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        return dict(self._call("get_many", *args, **kwargs))

    def set_many(self, *args: Any, **kwargs: Any) -> list[Any]:
        return list(self._call("set_many", *args, **kwargs) or [])

    def delete_many(self, *args: Any, **kwargs: Any) -> None:
        self._call("delete_many", *args, **kwargs)

    def clear(self) -> None:
        self._call("clear")

    def _call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        if self._is_left_alone():
            return getattr(self._own, name)(*args, **kwargs)
        try:
            return getattr(super(), name)(*args, **kwargs)
        except FAILURES as problem:
            SharedCache._failed_at = time.monotonic()
            logger.warning("Valkey is away, counting in this process: %s", problem)
            return getattr(self._own, name)(*args, **kwargs)

    def _is_left_alone(self) -> bool:
        failed_at = SharedCache._failed_at
        return failed_at is not None and time.monotonic() - failed_at < RETRY_AFTER_S
