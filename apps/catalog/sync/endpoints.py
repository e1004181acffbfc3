"""Which OpenRouter models to ask for their endpoints."""

from datetime import timedelta

from apps.catalog.models import Offer, UsedModel
from apps.catalog.services import DATABASE
from apps.catalog.sources.base import Source
from apps.catalog.sources.registry import ENDPOINTS, SOURCES, endpoints_of
from apps.kit.clock import utc_now

# A model counts as in use for so long after its last request.
IN_USE = timedelta(days=30)


def source_of(key: str) -> Source:
    """A source by its name; the endpoints are those of all listed models."""
    return endpoints_of(listed_ids()) if key == ENDPOINTS else SOURCES[key]


def listed_ids(*, only_used: bool = False) -> list[str]:
    """OpenRouter's ids of the models it lists, or of those of them that are in use."""
    offers = Offer.objects.using(DATABASE).filter(
        provider__slug="openrouter",
        endpoint_tag="",
        delisted_at=None,
        missing_since=None,
        is_price_variable=False,
    )
    if only_used:
        since = utc_now().date() - IN_USE
        used = UsedModel.objects.using(DATABASE).filter(last_used_on__gte=since)
        offers = offers.filter(ai_model_id__in=used.values("ai_model_id"))
    return list(offers.order_by("upstream_id").values_list("upstream_id", flat=True))
