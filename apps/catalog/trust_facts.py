"""What the catalog, the price history and our own traffic say of trust."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from statistics import fmean, median
from typing import Final, Self
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Coalesce

from apps.catalog.measurements import Measured, measured_since
from apps.catalog.models import (
    AIModel,
    Offer,
    OfferHealth,
    Price,
    Provider,
    TrustFact,
)
from apps.catalog.provenance import said_of
from apps.catalog.trust_inputs import (
    Document,
    Index,
    ModelFacts,
    Notices,
    Policy,
    PriceHistory,
    ProviderFacts,
    Served,
)

MEASURED_OVER: Final = timedelta(days=30)
# What a customer compares: a cache price moves with these.
_WATCHED: Final = (Price.Component.INPUT, Price.Component.OUTPUT)


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything that is needed of all providers and models, read at once."""

    on: date
    facts: Mapping[tuple[str, str], TrustFact]
    measured: Mapping[str, Measured]
    health: Mapping[UUID, Served]
    provider_prices: Mapping[UUID, PriceHistory]
    model_prices: Mapping[UUID, PriceHistory]
    served_by: Mapping[UUID, int]

    @classmethod
    def read(cls, *, using: str, on: date) -> Self:
        now = datetime.combine(on, time(), tzinfo=UTC)
        facts = TrustFact.objects.using(using)
        moves = list(_price_moves(using, on))
        return cls(
            on=on,
            facts={(fact.company, fact.key): fact for fact in facts},
            measured=measured_since(now - MEASURED_OVER),
            health=_health(using),
            provider_prices=_histories((m.provider, m) for m in moves),
            model_prices=_histories((m.model, m) for m in moves),
            served_by=_served_by(using),
        )

    @classmethod
    def of_one(cls, provider: Provider, *, using: str, on: date) -> ProviderFacts:
        """What the tier of one provider rests on, without its measurements."""
        facts = TrustFact.objects.using(using).filter(company=provider.slug)
        known = {(fact.company, fact.key): fact for fact in facts}
        return cls(on, known, {}, {}, {}, {}, {}).of_provider(provider)

    def of_provider(self, provider: Provider) -> ProviderFacts:
        return ProviderFacts(
            policy=_policy(provider),
            served=self._served(provider),
            prices=self.provider_prices.get(provider.pk),
            notices=_notices(self.facts.get((provider.slug, TrustFact.Key.NOTICES))),
            transparency=self._index(provider.slug),
            headquarters=_stated(
                provider, "headquarters", f"head office in {provider.headquarters}"
            ),
            datacenters=_stated(
                provider,
                "datacenters",
                f"data centres in {', '.join(provider.datacenters or ())}",
            ),
            privacy=_linked(provider, "privacy_url", "privacy policy"),
            terms=_linked(provider, "terms_url", "terms of service"),
            status_page=_linked(provider, "status_url", "status page"),
            certification=self._document(provider, TrustFact.Key.CERTIFICATION),
            dpa=self._document(provider, TrustFact.Key.DPA),
        )

    def of_model(self, model: AIModel) -> ModelFacts:
        card = model.hugging_face_id
        return ModelFacts(
            url=f"https://huggingface.co/{card}" if card else "",
            on=said_of(model, "is_open_weights").on or model.sourced_on,
            is_open_weights=model.is_open_weights,
            licence=model.licence,
            providers=self.served_by.get(model.pk, 0),
            prices=self.model_prices.get(model.pk),
            transparency=self._index(model.author),
        )

    def _served(self, provider: Provider) -> list[Served]:
        """Our own traffic first, then what a source measured."""
        own = self.measured.get(provider.slug)
        ours = [_own(own, self.on)] if own else []
        stated = self.health.get(provider.pk)
        return [*ours, *([stated] if stated else [])]

    def _index(self, company: str) -> Index | None:
        fact = self.facts.get((company, TrustFact.Key.FMTI))
        if fact is None:
            return None
        return Index(float(fact.value), fact.source, fact.url, fact.stated_on)

    def _document(self, provider: Provider, key: str) -> Document | None:
        fact = self.facts.get((provider.slug, key))
        if fact is None:
            return None
        return Document(str(fact.value), fact.url, fact.stated_on)


def _policy(provider: Provider) -> Policy | None:
    if provider.trains_on_prompts is None:
        return None
    said = said_of(provider, "trains_on_prompts")
    return Policy(
        url=provider.privacy_url or provider.terms_url,
        on=said.on or provider.updated_at.date(),
        trains=provider.trains_on_prompts,
        retains=provider.retains_prompts,
        retention_days=provider.retention_days,
        may_publish=provider.may_publish_prompts,
    )


def _stated(provider: Provider, field: str, text: str) -> Document | None:
    if not getattr(provider, field):
        return None
    on = said_of(provider, field).on or provider.updated_at.date()
    return Document(text, provider.website, on)


def _linked(provider: Provider, field: str, name: str) -> Document | None:
    url = getattr(provider, field)
    if not url:
        return None
    return Document(
        name, url, said_of(provider, field).on or provider.updated_at.date()
    )


def _notices(fact: TrustFact | None) -> Notices | None:
    return Notices(tuple(fact.value), fact.url, fact.stated_on) if fact else None


def _own(measured: Measured, on: date) -> Served:
    return Served(
        by="our own traffic",
        url="",
        on=on,
        attempts=measured.attempts,
        availability=1 - measured.failed / measured.attempts
        if measured.attempts
        else None,
        p50_ms=measured.p50_ms,
        p90_ms=measured.p90_ms,
    )


def _health(using: str) -> dict[UUID, Served]:
    """What a source measured of each provider's endpoints, in the middle."""
    rows: dict[UUID, list[OfferHealth]] = defaultdict(list)
    for row in OfferHealth.objects.using(using).select_related("offer"):
        rows[row.offer.served_by_id or row.offer.provider_id].append(row)
    return {provider_id: _in_the_middle(found) for provider_id, found in rows.items()}


def _in_the_middle(rows: list[OfferHealth]) -> Served:
    uptimes = [row.uptime_1d for row in rows if row.uptime_1d is not None]
    pairs = [
        (row.latency_ms["p50"], row.latency_ms["p90"])
        for row in rows
        if row.latency_ms and row.latency_ms.get("p50") and row.latency_ms.get("p90")
    ]
    p50 = median(p50 for p50, _ in pairs) if pairs else None
    # The middle of the ratios: a slow model among fast ones is not inconsistency.
    ratio = median(p90 / p50 for p50, p90 in pairs) if pairs else None
    newest = max(rows, key=lambda row: row.measured_at)
    return Served(
        by=f"measured by {newest.get_origin_display()} at {len(rows)} endpoints",
        url="https://openrouter.ai/docs/guides/routing/provider-selection",
        on=newest.measured_at.date(),
        availability=fmean(uptimes) if uptimes else None,
        p50_ms=p50,
        p90_ms=p50 * ratio if p50 and ratio else None,
    )


def _served_by(using: str) -> dict[UUID, int]:
    """How many providers serve each model; a broker is none of its own."""
    offers = (
        Offer.objects.using(using)
        .filter(is_available=True, is_stand_in=False)
        .annotate(server=Coalesce("served_by_id", "provider_id"))
        .exclude(Q(provider__is_broker=True) & Q(served_by=None))
        .values_list("ai_model_id", "server")
        .distinct()
    )
    count: dict[UUID, int] = defaultdict(int)
    for model_id, _ in offers:
        count[model_id] += 1
    return dict(count)


@dataclass(frozen=True, slots=True)
class PriceMoves:
    """How one offer's list price moved while we watched it."""

    provider: UUID
    model: UUID
    days: int
    increases: int
    cuts: int
    on: date


def _price_moves(using: str, on: date) -> Iterable[PriceMoves]:
    offers = Offer.objects.using(using).filter(is_stand_in=False, is_headline=False)
    places = {
        pk: (served_by or provider, model, listed_at.date())
        for pk, served_by, provider, model, listed_at in offers.values_list(
            "id", "served_by_id", "provider_id", "ai_model_id", "listed_at"
        )
    }
    for offer_id, (increases, cuts) in _moves(using).items():
        if offer_id in places:
            provider, model, since = places[offer_id]
            yield PriceMoves(provider, model, (on - since).days, increases, cuts, on)


def _moves(using: str) -> dict[UUID, tuple[int, int]]:
    """Increases and cuts of each offer that has a list price; one a moment."""
    prices = (
        Price.objects.using(using)
        .filter(
            component__in=_WATCHED,
            service_tier=Price.ServiceTier.STANDARD,
            above_prompt_tokens=0,
            utc_from=None,
            utc_weekdays="",
            is_discount=False,
        )
        .order_by("offer_id", "component", "valid_from")
        .values_list("offer_id", "component", "valid_from", "usd")
    )
    last: dict[tuple[UUID, str], Decimal] = {}
    moments: dict[UUID, dict[datetime, list[Decimal]]] = defaultdict(dict)
    for offer_id, component, at, usd in prices:
        before = last.get((offer_id, component))
        last[offer_id, component] = usd
        moves = moments[offer_id]
        if before is not None and before != usd:
            moves.setdefault(at, []).append(usd - before)
    return {
        offer_id: (
            sum(max(steps) > 0 for steps in moves.values()),
            sum(max(steps) < 0 for steps in moves.values()),
        )
        for offer_id, moves in moments.items()
    }


def _histories(
    moves: Iterable[tuple[UUID, PriceMoves]],
) -> dict[UUID, PriceHistory]:
    groups: dict[UUID, list[PriceMoves]] = defaultdict(list)
    for subject, move in moves:
        groups[subject].append(move)
    return {
        subject: PriceHistory(
            offers=len(found),
            days=round(fmean(move.days for move in found)),
            increases=sum(move.increases for move in found),
            cuts=sum(move.cuts for move in found),
            on=found[0].on,
        )
        for subject, found in groups.items()
    }
