"""Who serves models, and under which terms."""

from django.db.models import Count, F, Q, QuerySet

from apps.catalog.models import Offer, Provider


def list_providers() -> QuerySet[Provider]:
    """Everyone who has an offer, with how many models and offers they have."""
    available = Q(offers__is_available=True)
    return (
        Provider.objects.annotate(
            model_count=Count("offers__ai_model", filter=available, distinct=True),
            endpoint_count=Count("endpoints", distinct=True),
        )
        .filter(Q(model_count__gt=0) | Q(endpoint_count__gt=0))
        .order_by("name")
    )


def offers_at(provider: Provider) -> QuerySet[Offer]:
    """What one provider serves, itself or behind a broker, the available first."""
    mine = Q(provider=provider) | Q(served_by=provider)
    return (
        Offer.objects.filter(mine)
        .select_related("ai_model", "provider", "served_by")
        .prefetch_related("prices")
        .order_by(F("is_available").desc(), "ai_model__slug", "upstream_id", "region")
    )
