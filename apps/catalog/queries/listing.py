"""The list of models: search, filters and sorting, all in SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import OrderBy

from apps.catalog.models import AIModel, Provider

CAPABILITIES: Final = {
    "vision": "has_vision",
    "tools": "has_tools",
    "JSON schema": "has_json_schema",
    "reasoning": "has_reasoning",
    "open weights": "is_open_weights",
}
# What the list may be ordered by; "-" before a name turns it round.
COLUMNS: Final = {
    "name": "slug",
    "input": "headline__input_usd",
    "output": "headline__output_usd",
    "context": "context_tokens",
    "offers": "headline__offer_count",
    "released": "released_on",
}
SORTS: Final = {
    "": "Name",
    "input": "Input price, lowest",
    "-input": "Input price, highest",
    "output": "Output price, lowest",
    "-output": "Output price, highest",
    "-context": "Largest context",
    "context": "Smallest context",
    "-released": "Newest",
    "released": "Oldest",
    "-offers": "Most offers",
    "offers": "Fewest offers",
    "name": "Name, A to Z",
    "-name": "Name, Z to A",
}
LISTED: Final = ("active", "deprecated")
STATUSES: Final = {
    "": LISTED,
    "active": ("active",),
    "deprecated": ("deprecated",),
    "gone": ("retired", "delisted"),
}


@dataclass(frozen=True, slots=True)
class ModelFilter:
    """What is asked of the list; empty asks nothing."""

    q: str = ""
    provider: str = ""
    tier: str = ""
    kind: str = ""
    capability: Sequence[str] = ()
    modality: str = ""
    context: int | None = None  # tokens, at least
    price: Decimal | None = None  # USD per million input tokens, at most
    status: str = ""
    sort: str = ""


def list_models(wanted: ModelFilter) -> QuerySet[AIModel]:
    """The models that fit, each with its headline; unknown figures come last."""
    models = AIModel.objects.filter(_asked(wanted))
    for word in wanted.q.lower().split():
        models = models.filter(headline__words__contains=word)
    return (
        models.select_related("headline")
        # Long, and shown on the model's own page alone.
        .defer("description", "provenance", "headline__words", "headline__providers")
        .order_by(_order(wanted.sort), "slug")
    )


def _asked(wanted: ModelFilter) -> Q:
    asked = Q(status__in=STATUSES[wanted.status])
    for name in wanted.capability:
        asked &= Q(**{CAPABILITIES[name]: True})
    if wanted.kind:
        asked &= Q(kind=wanted.kind)
    if wanted.provider:
        asked &= Q(headline__providers__contains=[wanted.provider])
    if wanted.tier:
        asked &= Q(headline__tiers__contains=[wanted.tier])
    if wanted.modality:
        asked &= _takes_or_makes(wanted.modality)
    if wanted.context is not None:
        asked &= Q(context_tokens__gte=wanted.context)
    if wanted.price is not None:
        asked &= Q(headline__input_usd__lte=wanted.price)
    return asked


def _takes_or_makes(modality: str) -> Q:
    """`image` asks for models that read images, `>image` for those that make them."""
    field = "output_modalities" if modality.startswith(">") else "input_modalities"
    return Q(**{f"{field}__contains": [modality.removeprefix(">")]})


def _order(sort: str) -> OrderBy:
    column = F(COLUMNS[sort.removeprefix("-") or "name"])
    if sort.startswith("-"):
        return column.desc(nulls_last=True)
    return column.asc(nulls_last=True)


def provider_choices() -> list[tuple[str, str]]:
    return list(Provider.objects.order_by("name").values_list("slug", "name"))
