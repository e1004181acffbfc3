"""What search engines read of a model's page: schema.org facts as JSON-LD."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.urls import reverse

from apps.catalog.models import AIModel
from apps.catalog.queries.model import OfferOnPage


def facts_of(model: AIModel, offers: Sequence[OfferOnPage]) -> dict[str, Any]:
    """A software application with the range of its list prices for input.

    A price here is USD per 1,000,000 tokens; offers without one are not counted.
    """
    facts: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "SoftwareApplication",
        "name": model.name,
        "applicationCategory": "AI model",
        "operatingSystem": "API",
        "url": settings.SITE_URL + reverse("catalog:model", args=[model.slug]),
        "author": {"@type": "Organization", "name": model.vendor or model.author},
    }
    if model.released_on:
        facts["datePublished"] = model.released_on.isoformat()
    prices = [
        row.input_usd
        for row in offers
        if row.input_usd is not None and row.offer.is_available
    ]
    if prices:
        facts["offers"] = {
            "@type": "AggregateOffer",
            "priceCurrency": "USD",
            "lowPrice": f"{min(prices):f}",
            "highPrice": f"{max(prices):f}",
            "offerCount": len(prices),
            "description": "List price of 1,000,000 input tokens",
        }
    return facts
