"""A provider that takes keys, and keys of the cast."""

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from apps.accounts.models import Organization
from apps.catalog.models import Provider
from apps.kit.sealing import Secret
from apps.tenancy.scope import scope
from apps.vault import services
from apps.vault.models import ProviderKey
from apps.vault.services import NewProviderKey

KEY = "sk-own-0123456789abcdef"
type MakeKey = Callable[..., ProviderKey]


def make_provider(slug: str = "openai", **fields: Any) -> Provider:
    values = {
        "name": slug.capitalize(),
        "base_url": "http://127.0.0.1:9/v1",
        "api_key_env": f"{slug.upper()}_API_KEY",
        **fields,
    }
    return Provider.objects.using("owner").create(slug=slug, **values)


def make_provider_key(
    org: Organization,
    provider: str = "openai",
    *,
    name: str = "Production",
    key: str = KEY,
    is_enabled: bool = True,
) -> ProviderKey:
    with scope(org.id):
        row = services.add_key(NewProviderKey(provider, name, Secret(key)), by=None)
        if not is_enabled:
            services.change_key(row.id, is_enabled=False)
    return row


@pytest.fixture
def openai(transactional_db: None) -> Provider:
    return make_provider("openai", name="OpenAI")


@pytest.fixture
def groq(transactional_db: None) -> Provider:
    return make_provider("groq", name="Groq")


@pytest.fixture
def managed(settings: Settings) -> dict[str, str]:
    """The installation's own keys, by variable; none at first."""
    keys: dict[str, str] = {}
    settings.PROVIDER_KEY = lambda name: keys.get(name, "")
    return keys
