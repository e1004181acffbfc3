"""The cache outlives Valkey: what cannot be shared is counted in the process."""

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from apps.accounts.models import User
from apps.accounts.shared_cache import RETRY_AFTER_S, SharedCache
from tests.factories import PASSWORD

OPTIONS = {"OPTIONS": {"socket_timeout": 0.2, "socket_connect_timeout": 0.2}}


@pytest.fixture
def port() -> Iterator[int]:
    """A port that takes connections and never answers: Valkey, stopped."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def cache(port: int, settings: Any, monkeypatch: pytest.MonkeyPatch) -> SharedCache:
    """The product's cache, with that for its server."""
    monkeypatch.setattr(SharedCache, "_failed_at", None)
    backend = "apps.accounts.shared_cache.SharedCache"
    location = f"redis://127.0.0.1:{port}/0"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": location, **OPTIONS}}
    made = caches["default"]
    assert isinstance(made, SharedCache)
    made.clear()
    return made


def test_everything_works_without_valkey(cache: SharedCache) -> None:
    assert cache.add("a", 1, 60)
    assert not cache.add("a", 2, 60)
    assert cache.get("a") == 1
    cache.set("b", 5, 60)
    assert cache.incr("b") == 6
    assert cache.touch("b", 60)
    assert cache.has_key("b")
    assert cache.get_many(["a", "b"]) == {"a": 1, "b": 6}
    assert cache.set_many({"c": 3}) == []
    assert cache.delete("a")
    cache.delete_many(["b", "c"])
    assert cache.get("b") is None


def test_valkey_is_left_alone_after_a_failure(cache: SharedCache) -> None:
    cache.get("a")
    before = time.monotonic()
    for _ in range(100):
        cache.get("a")

    # Each call that waited would have taken 0.2 s.
    assert time.monotonic() - before < 10


def test_valkey_is_asked_again_later(
    cache: SharedCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.get("a")
    failed_at = SharedCache._failed_at
    assert failed_at is not None
    monkeypatch.setattr(SharedCache, "_failed_at", failed_at - RETRY_AFTER_S)

    cache.get("a")

    assert SharedCache._failed_at is not None
    assert SharedCache._failed_at > failed_at


@pytest.mark.django_db
def test_signing_in_works_and_stays_limited(cache: SharedCache, olga: User) -> None:
    def sign_in(password: str) -> Any:
        data = {"login": olga.email, "password": password}
        return Client().post("/accounts/login/", data)

    assert sign_in(PASSWORD).status_code == 302
    for _ in range(8):
        sign_in("wrong")
    assert sign_in(PASSWORD).status_code != 302
