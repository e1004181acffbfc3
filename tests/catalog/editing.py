"""Rows for tests of what editors decide."""

from datetime import date, datetime, timedelta

from apps.catalog.models import AIModel, Offer, Provider
from apps.kit.clock import utc_now

ON = date(2026, 11, 21)
EVA, ED = "eva@example.com", "ed@example.com"


def soon(days: int = 30) -> datetime:
    return utc_now() + timedelta(days=days)


def make_provider(slug: str = "acme-ai", **fields: object) -> Provider:
    return Provider.objects.using("jobs").create(slug=slug, name=slug, **fields)


def make_model(slug: str = "openai/gpt-6-sol", **fields: object) -> AIModel:
    author, _, name = slug.partition("/")
    plain = {"name": name, "author": author, "source": "x", "sourced_on": ON}
    return AIModel.objects.using("jobs").create(slug=slug, **{**plain, **fields})


def make_offer(model: AIModel, provider: Provider, **fields: object) -> Offer:
    plain = {"upstream_id": model.name, "source": "x", "sourced_on": ON}
    return Offer.objects.using("jobs").create(
        ai_model=model, provider=provider, **{**plain, **fields}
    )
