"""Reads of the catalog's pages. Filters, sorting and sums are all done in SQL."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db.models import Count, Exists, F, Min, OuterRef, Prefetch, Q, QuerySet
from django.db.models.expressions import OrderBy

from apps.catalog.models import AIModel, Offer, Price, Provider, TaskScore
from apps.catalog.quality import Quality, task_table
from apps.kit.money import PriceRow, price_card

CAPABILITIES: Final = {
    "vision": "has_vision",
    "tools": "has_tools",
    "JSON schema": "has_json_schema",
    "reasoning": "has_reasoning",
    "open weights": "is_open_weights",
}


@dataclass(frozen=True, slots=True)
class Sort:
    """One order of the list; what is unknown comes last in each."""

    label: str
    order: OrderBy


SORTS: Final = {
    "": Sort("Name", F("slug").asc()),
    "input": Sort("Input price", F("input_usd").asc(nulls_last=True)),
    "output": Sort("Output price", F("output_usd").asc(nulls_last=True)),
    "dearest": Sort("Input price, dearest", F("input_usd").desc(nulls_last=True)),
    "context": Sort("Largest context", F("context_tokens").desc(nulls_last=True)),
    "newest": Sort("Newest", F("released_on").desc(nulls_last=True)),
    "offers": Sort("Most providers", F("offer_count").desc()),
}


@dataclass(frozen=True, slots=True)
class ModelFilter:
    """What is asked of the list; empty asks nothing."""

    q: str = ""
    provider: str = ""
    kind: str = ""
    capability: str = ""
    sort: str = ""


def list_models(wanted: ModelFilter) -> QuerySet[AIModel]:
    """The models that fit, with their lowest list prices."""
    offers = Offer.objects.filter(ai_model=OuterRef("pk"))
    models = AIModel.objects.all()
    for word in wanted.q.split():
        found = Q(slug__icontains=word) | Q(name__icontains=word)
        models = models.filter(
            found | Exists(offers.filter(upstream_id__icontains=word))
        )
    if wanted.kind:
        models = models.filter(kind=wanted.kind)
    if wanted.provider:
        models = models.filter(Exists(offers.filter(provider__slug=wanted.provider)))
    if wanted.capability:
        models = models.filter(**{CAPABILITIES[wanted.capability]: True})
    return _with_prices(models).order_by(SORTS[wanted.sort].order, "slug")


def _with_prices(models: QuerySet[AIModel]) -> QuerySet[AIModel]:
    # The plain list price: no tier, no window, no size step, no discount.
    plain = Q(
        offers__is_available=True,
        offers__prices__valid_until=None,
        offers__prices__service_tier=Price.ServiceTier.STANDARD,
        offers__prices__above_prompt_tokens=0,
        offers__prices__utc_from=None,
        offers__prices__utc_weekdays="",
        offers__prices__is_discount=False,
    )
    return models.annotate(
        input_usd=_lowest(plain, Price.Component.INPUT),
        output_usd=_lowest(plain, Price.Component.OUTPUT),
        priced_on=Min("offers__prices__sourced_on", filter=plain),
        offer_count=Count("offers", filter=Q(offers__is_available=True), distinct=True),
    )


def _lowest(plain: Q, component: str) -> Min:
    return Min(
        "offers__prices__usd", filter=plain & Q(offers__prices__component=component)
    )


def provider_choices() -> list[tuple[str, str]]:
    return list(Provider.objects.order_by("name").values_list("slug", "name"))


@dataclass(frozen=True, slots=True)
class OfferOnPage:
    """One offer with the prices in force, and those that need a condition."""

    offer: Offer
    input_usd: Decimal | None
    cache_read_usd: Decimal | None
    output_usd: Decimal | None
    priced_by: Price | None  # where the list price comes from
    conditional: Sequence[Price]
    former: Sequence[Price]


def offers_of(model: AIModel, *, at: datetime) -> list[OfferOnPage]:
    """The model's offers, the cheapest input first, the unpriced and the gone last."""
    prices = Price.objects.order_by(
        "component", "service_tier", "above_prompt_tokens", "utc_from", "-valid_from"
    )
    offers = Offer.objects.filter(ai_model=model).select_related("provider")
    shown = [
        _offer_on_page(offer, at)
        for offer in offers.prefetch_related(Prefetch("prices", queryset=prices))
    ]
    return sorted(
        shown,
        key=lambda row: (
            not row.offer.is_available,
            row.input_usd is None,
            row.input_usd or 0,
            row.offer.provider.name,
            row.offer.region,
        ),
    )


def _offer_on_page(offer: Offer, at: datetime) -> OfferOnPage:
    prices = list(offer.prices.all())
    current = [p for p in prices if p.valid_until is None or p.valid_until > at]
    plain = [price for price in current if _is_plain(price)]
    card = price_card(map(PriceRow.of, plain), at)
    own = {price.component: price.usd for price in plain}
    return OfferOnPage(
        offer=offer,
        input_usd=card.input,
        # A fallback is how a bill is estimated, not what the provider states.
        cache_read_usd=own.get(Price.Component.CACHE_READ),
        output_usd=card.output,
        priced_by=plain[0] if plain else None,
        conditional=[p for p in current if not _is_plain(p) or _is_extra(p)],
        former=[p for p in prices if p not in current],
    )


def _is_plain(price: Price) -> bool:
    return (
        price.service_tier == Price.ServiceTier.STANDARD
        and not price.above_prompt_tokens
        and price.utc_from is None
        and not price.utc_weekdays
        and not price.is_discount
    )


def _is_extra(price: Price) -> bool:
    shown = {
        Price.Component.INPUT,
        Price.Component.OUTPUT,
        Price.Component.CACHE_READ,
    }
    return price.component not in shown


@dataclass(frozen=True, slots=True)
class TaskOnPage:
    """A task, how the model does at it, and the results that say so."""

    label: str
    quality: Quality | None  # None: not assessed
    results: Sequence[TaskScore]


def tasks_of(model: AIModel) -> list[TaskOnPage]:
    """Every task of the product, assessed or not."""
    results: dict[str, list[TaskScore]] = defaultdict(list)
    for result in _results(model):
        results[result.task].append(result)
    table = task_table("default") if results else {}
    return [
        TaskOnPage(str(task.label), table.get((model.pk, task.value)), results[task])
        for task in TaskScore.Task
    ]


def _results(model: AIModel) -> Iterable[TaskScore]:
    return model.task_scores.order_by("task", "benchmark", "variant")
