import re
from urllib.parse import urlsplit

from apps.providers.registry import REGISTRY


def test_every_provider_can_be_called_once_its_key_is_set() -> None:
    for slug, known in REGISTRY.items():
        parts = urlsplit(known.base_url)
        assert known.slug == slug
        assert re.fullmatch(r"[a-z0-9]+", slug)
        assert parts.scheme == "https"
        assert not known.base_url.endswith("/")
        assert re.fullmatch(r"[A-Z0-9_]+", known.api_key_env)
        assert known.website.startswith("https://")


def test_providers_are_told_apart_by_address_and_key() -> None:
    rows = REGISTRY.values()

    assert len({known.base_url for known in rows}) == len(rows)
    assert len({known.api_key_env for known in rows}) == len(rows)


def test_there_are_at_least_twenty() -> None:
    assert len(REGISTRY) >= 20
