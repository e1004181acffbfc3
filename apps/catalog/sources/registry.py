"""The sources of models and prices, by name."""

from collections.abc import Sequence
from functools import partial
from types import MappingProxyType
from typing import Final

from apps.catalog.sources import (
    deprecations,
    litellm_catalog,
    modelsdev_catalog,
    openrouter,
    openrouter_endpoints,
)
from apps.catalog.sources.base import Payload, Source, Taker

# OpenRouter's endpoints are fetched model by model, so their source is made for some:
# for all that are listed, or for a part, which keeps runs and figures of its own.
ENDPOINTS: Final = "openrouter_endpoints"
PART: Final = "openrouter_used"

_ALL: Final = (
    Source(
        "openrouter",
        openrouter.ORIGIN,
        "OpenRouter's models",
        "OPENROUTER_URL",
        openrouter.take,
        openrouter.read,
        covers=openrouter.COVERS,
    ),
    Source(
        "models_dev",
        modelsdev_catalog.ORIGIN,
        "models.dev",
        "MODELS_DEV_URL",
        modelsdev_catalog.take,
        modelsdev_catalog.read,
        covers=modelsdev_catalog.COVERS,
    ),
    Source(
        "litellm",
        litellm_catalog.ORIGIN,
        "LiteLLM's price file",
        "LITELLM_PRICES_URL",
        litellm_catalog.take,
        litellm_catalog.read,
        covers=litellm_catalog.COVERS,
    ),
    Source(
        "deprecations",
        deprecations.ORIGIN,
        "Announced ends",
        "DEPRECATIONS_URL",
        deprecations.take,
        deprecations.read,
    ),
)
SOURCES: Final = MappingProxyType({source.key: source for source in _ALL})


def endpoints_of(ids: Sequence[str], *, is_part: bool = False) -> Source:
    """The endpoints of these OpenRouter ids, as one source."""
    return Source(
        PART if is_part else ENDPOINTS,
        openrouter.ORIGIN,
        "OpenRouter's endpoints",
        "OPENROUTER_URL",
        partial(_take_endpoints, ids=ids),
        openrouter_endpoints.read,
    )


def _take_endpoints(taker: Taker, url: str, *, ids: Sequence[str]) -> list[Payload]:
    if taker.is_file:
        return [taker.get("endpoints", url)]
    taken = openrouter_endpoints.take(taker, url, ids)
    return [openrouter_endpoints.as_one(taken, url)]
