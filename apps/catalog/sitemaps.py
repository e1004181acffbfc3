"""Which pages search engines are told of."""

from datetime import datetime

from django.contrib.sitemaps import Sitemap
from django.urls import reverse

from apps.catalog.models import AIModel, Provider
from apps.catalog.queries.listing import LISTED
from apps.catalog.queries.providers import list_providers


class PageSitemap(Sitemap):  # type: ignore[type-arg]  # generic in its stubs alone
    """The pages that stand by themselves."""

    def items(self) -> list[str]:
        return [
            *("web:home", "web:calculator", "web:pricing"),
            *("catalog:models", "catalog:changes"),
            *("catalog:deprecations", "catalog:providers"),
        ]

    def location(self, item: str) -> str:
        return reverse(item)


class ModelSitemap(Sitemap):  # type: ignore[type-arg]  # generic in its stubs alone
    """Every listed model."""

    def items(self) -> list[AIModel]:
        models = AIModel.objects.filter(status__in=LISTED).order_by("slug")
        return list(models.only("slug", "updated_at"))

    def location(self, item: AIModel) -> str:
        return reverse("catalog:model", args=[item.slug])

    def lastmod(self, item: AIModel) -> datetime:
        return item.updated_at


class ProviderSitemap(Sitemap):  # type: ignore[type-arg]  # generic in its stubs alone
    """Everyone who serves a model."""

    def items(self) -> list[Provider]:
        return list(list_providers())

    def location(self, item: Provider) -> str:
        return reverse("catalog:provider", args=[item.slug])


SITEMAPS = {"pages": PageSitemap, "models": ModelSitemap, "providers": ProviderSitemap}
