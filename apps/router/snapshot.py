"""The engine's picture of the database: catalog, keys' reach, policies, measurements.

It is immutable and shared by all requests of this process, so the hot path does no
SQL. `load` builds it in a thread; `fingerprint` tells cheaply whether a new one is
due when a notification was lost.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.db import connections
from django.db.models import Q, QuerySet, Sum

from apps.catalog.models import (
    AIModel,
    EditorialOverride,
    ModelQuality,
    Offer,
    Price,
    Provider,
)
from apps.catalog.overrides import InForce
from apps.catalog.quality import task_table
from apps.kit.clock import utc_now
from apps.kit.money import CompiledPrice, PriceRow, compile_price
from apps.privacy.models import PrivacySettings
from apps.providers.wire import Endpoint, Protocol
from apps.router.budget_models import Budget
from apps.router.engine.need import Candidate, Excluded, Weights
from apps.router.limits.rules import NO_LIMITS, OrgLimits
from apps.router.limits.stored import limits_by_org
from apps.router.models import Policy, UsageHour
from apps.router.ways import KeyKind, OrgWays, Way, org_ways
from apps.tenancy.scope import unscoped
from apps.vault.models import ProviderKey, ProviderPreference
from apps.vault.opening import preferred_orders, usable_keys

# Fewer answers than this say little about an offer's speed (PRODUCT.md section 6).
LEAST_SAMPLES = 30
MEASURED_OVER = timedelta(days=30)
# Assumed until an installation has measured its own: an answer of about a page.
ASSUMED_OUTPUT_TOKENS = 400
# A few giant answers must not make every request look giant.
MOST_OUTPUT_TOKENS = 4000


@dataclass(frozen=True, slots=True)
class OrgPolicy:
    """What one organization set; None leaves the default."""

    weights: Weights | None = None
    premium_model: str = ""
    limits: OrgLimits = NO_LIMITS


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Everything a decision needs, as of one moment."""

    taken_at: datetime
    # The offers that can be called, and the others with why they cannot.
    pool: tuple[Candidate, ...] = ()
    closed: tuple[Excluded, ...] = ()
    # Slug, bare name and provider's id of a model, to its offers.
    names: Mapping[str, tuple[Candidate, ...]] = field(default_factory=dict)
    # By provider: with the installation's own key, where it takes one.
    ways: Mapping[str, tuple[Way, ...]] = field(default_factory=dict)
    org_ways: Mapping[UUID, OrgWays] = field(default_factory=dict)
    baselines: Mapping[str, CompiledPrice] = field(default_factory=dict)
    policies: Mapping[UUID, OrgPolicy] = field(default_factory=dict)
    # Organizations that store their prompts, each with what is taken out before.
    storage: Mapping[UUID, frozenset[str]] = field(default_factory=dict)
    output_tokens: Mapping[str, int] = field(default_factory=dict)
    # When a price or an override of it stops to hold, whatever the database says.
    valid_until: datetime | None = None

    def policy(self, org_id: UUID) -> OrgPolicy:
        return self.policies.get(org_id, DEFAULT_POLICY)

    def expected_output(self, task: str) -> int:
        return self.output_tokens.get(task, ASSUMED_OUTPUT_TOKENS)


DEFAULT_POLICY = OrgPolicy()


def load() -> Snapshot:
    """Read the database (as the jobs login) and build the picture of this moment."""
    now = utc_now()
    try:
        with unscoped("the router's snapshot holds every organization's policy"):
            return _load(now)
    finally:
        connections["jobs"].close()


def fingerprint() -> tuple[object, ...]:
    """A value that changes whenever `load` would see something else."""
    query = " UNION ALL ".join(
        f"SELECT max({moment})::text, count(*) FROM {model._meta.db_table}"  # noqa: S608  # names from our own models
        for model, moment in _WATCHED
    )
    try:
        with connections["jobs"].cursor() as cursor:
            cursor.execute(query)
            return tuple(cursor.fetchall())
    finally:
        connections["jobs"].close()


_WATCHED = (
    (Provider, "updated_at"),
    (AIModel, "updated_at"),
    (Offer, "updated_at"),
    (Price, "valid_from"),
    (EditorialOverride, "updated_at"),
    (ModelQuality, "updated_at"),
    (Policy, "updated_at"),
    (PrivacySettings, "updated_at"),
    (Budget, "updated_at"),
    (ProviderKey, "updated_at"),
    (ProviderPreference, "updated_at"),
)


def _load(now: datetime) -> Snapshot:
    addresses, ways, unavailable = _providers()
    own = org_ways(addresses, ways, usable_keys(), preferred_orders())
    opened = {provider for org in own.values() for provider in org.reach.opened}
    policies = _policies()
    baselines = {settings.PREMIUM_MODEL, *(p.premium_model for p in policies.values())}
    rows = list(_offers())
    wanted = {
        row["id"]
        for row in rows
        if not unavailable[row["provider__slug"]]
        or row["provider__slug"] in opened
        or row["ai_model__slug"] in baselines
    }
    prices = _prices(wanted, now)
    overrides = InForce.read(now, using="jobs")
    offers = tuple(_candidates(rows, prices, unavailable, overrides, now))
    return Snapshot(
        taken_at=now,
        pool=tuple(offer for offer in offers if not offer.unavailable),
        closed=tuple(_closed(offers)),
        names=_names(offers),
        ways=ways,
        org_ways=own,
        baselines=_baselines(offers, baselines),
        policies=policies,
        storage=_storage(),
        output_tokens=_output_tokens(now),
        valid_until=_earliest(prices.values(), overrides.ends_at),
    )


def _providers() -> tuple[
    dict[str, Endpoint], dict[str, tuple[Way, ...]], dict[str, str]
]:
    """Who takes a customer's key, who can be called at once, and why others cannot."""
    addresses: dict[str, Endpoint] = {}
    ways: dict[str, tuple[Way, ...]] = {}
    unavailable: dict[str, str] = {}
    for provider in Provider.objects.using("jobs"):
        base_url = provider.base_url
        if provider.slug == "local":
            base_url = settings.LOCAL_MODEL_URL
        api_key = settings.PROVIDER_KEY(provider.api_key_env) if base_url else ""
        unavailable[provider.slug] = _why_not(provider, base_url, api_key)
        protocol = cast("Protocol", provider.protocol)
        endpoint = Endpoint(provider.slug, protocol, base_url.rstrip("/"), api_key)
        if provider.takes_keys:
            addresses[provider.slug] = endpoint
        if not unavailable[provider.slug]:
            kind: KeyKind = "managed" if api_key else ""
            ways[provider.slug] = (Way(endpoint, kind),)
    return addresses, ways, unavailable


_PROTOCOLS: dict[str, Any] = {
    "openai": "openai",
    "anthropic": "anthropic",
    "echo": "echo",
}


def _why_not(provider: Provider, base_url: str, api_key: str) -> str:
    if provider.protocol == Provider.Protocol.ECHO:
        return "the local model answers instead" if settings.LOCAL_MODEL_URL else ""
    if provider.slug == "local" and not base_url:
        return "the local model is not installed"
    if not base_url:
        return f"{provider.name} is listed for its prices, but not called from here"
    if provider.api_key_env and not api_key:
        return f"no key for {provider.name}: set {provider.api_key_env}"
    return ""


def _offers() -> QuerySet[Offer, Any]:
    return (
        Offer.objects.using("jobs")
        # A broker picks the endpoint by itself; its batch ids take no live calls, and
        # its free ones are rationed by the day and may be trained on.
        .filter(
            is_available=True,
            ai_model__kind=AIModel.Kind.CHAT,
            endpoint_tag="",
            service_tier=Price.ServiceTier.STANDARD,
        )
        .exclude(variant="free")
        .exclude(ai_model__status=AIModel.Status.RETIRED)
        .order_by("ai_model__slug", "provider__slug", "id")
        .values(
            "id",
            "upstream_id",
            "context_tokens",
            "max_output_tokens",
            "is_stand_in",
            "provider_id",
            "provider__slug",
            "ai_model_id",
            "ai_model__slug",
            "ai_model__context_tokens",
            "ai_model__max_output_tokens",
            "ai_model__has_vision",
            "ai_model__has_tools",
            "ai_model__has_json_schema",
        )
    )


def _prices(offers: set[UUID], now: datetime) -> dict[UUID, CompiledPrice]:
    rows: dict[UUID, list[PriceRow]] = defaultdict(list)
    current = Price.objects.using("jobs").filter(
        Q(valid_until=None) | Q(valid_until__gt=now),
        offer_id__in=offers,
        service_tier=Price.ServiceTier.STANDARD,
        is_discount=False,
    )
    for offer_id, *price in current.values_list("offer_id", *_PRICE_FIELDS):
        rows[offer_id].append(PriceRow(*price))
    compiled = {offer: compile_price(items, now) for offer, items in rows.items()}
    return {offer: p for offer, p in compiled.items() if p and p.is_complete}


_PRICE_FIELDS = tuple(field.name for field in fields(PriceRow))


def _candidates(
    rows: Iterable[dict[str, Any]],
    prices: Mapping[UUID, CompiledPrice],
    unavailable: Mapping[str, str],
    overrides: InForce,
    now: datetime,
) -> Iterable[Candidate]:
    latencies, scores = _latencies(now), _task_scores()
    for row in rows:
        place = (row["provider__slug"], row["ai_model__slug"])
        judged = overrides.of(
            model_id=row["ai_model_id"],
            provider_id=row["provider_id"],
            offer_id=row["id"],
        )
        yield Candidate(
            offer_id=row["id"],
            model_id=row["ai_model_id"],
            model=row["ai_model__slug"],
            provider=row["provider__slug"],
            upstream_id=row["upstream_id"],
            price=prices.get(row["id"]),
            context_tokens=row["context_tokens"] or row["ai_model__context_tokens"],
            max_output_tokens=row["max_output_tokens"]
            or row["ai_model__max_output_tokens"],
            has_vision=row["ai_model__has_vision"],
            has_tools=row["ai_model__has_tools"],
            has_json_schema=row["ai_model__has_json_schema"],
            is_stand_in=row["is_stand_in"],
            unavailable=unavailable[row["provider__slug"]],
            exclusion=judged.exclusion,
            downrank=judged.factor,
            latency_ms=latencies.get(place),
            task_scores=scores.get(row["ai_model_id"], {}),
        )


def _closed(offers: Iterable[Candidate]) -> Iterable[Excluded]:
    for offer in offers:
        if offer.unavailable:
            yield Excluded(offer, offer.unavailable, "unavailable")


def _task_scores() -> dict[UUID, dict[str, float]]:
    scores: dict[UUID, dict[str, float]] = defaultdict(dict)
    for (model_id, task), quality in task_table().items():
        scores[model_id][task] = quality.score
    return dict(scores)


def _latencies(now: datetime) -> dict[tuple[str, str], int]:
    """Mean ms of an answer by (provider, model), over our own traffic."""
    measured = (
        UsageHour.objects.filter(starts_at__gte=now - MEASURED_OVER)
        .values_list("provider", "model")
        .annotate(total=Sum("latency_ms_total"), count=Sum("requests"))
        .filter(count__gte=LEAST_SAMPLES)
    )
    return {
        (provider, model): round_to_step(total / count)
        for provider, model, total, count in measured
    }


def round_to_step(milliseconds: float) -> int:
    """Two significant digits: a choice should not flicker with the last millisecond."""
    return int(float(f"{milliseconds:.1e}"))


def _output_tokens(now: datetime) -> dict[str, int]:
    """Mean tokens of an answer by task, over our own traffic."""
    measured = (
        UsageHour.objects.filter(starts_at__gte=now - MEASURED_OVER)
        .values_list("task")
        .annotate(total=Sum("output_tokens"), count=Sum("requests"))
        .filter(count__gte=LEAST_SAMPLES)
    )
    return {
        task: min(round_to_step(total / count), MOST_OUTPUT_TOKENS)
        for task, total, count in measured
    }


def _storage() -> dict[UUID, frozenset[str]]:
    rows = PrivacySettings.objects.filter(stores_prompts=True)
    return {row.org_id: frozenset(row.redacts) for row in rows}


def _policies() -> dict[UUID, OrgPolicy]:
    rows = {row.org_id: row for row in Policy.objects.select_related("premium_model")}
    return {
        org_id: _policy(rows.get(org_id), limits)
        for org_id, limits in limits_by_org(rows.values()).items()
    }


def _policy(row: Policy | None, limits: OrgLimits) -> OrgPolicy:
    if row is None:
        return OrgPolicy(limits=limits)
    return OrgPolicy(
        Weights(row.weight_cost, row.weight_latency, row.weight_task),
        row.premium_model.slug if row.premium_model else "",
        limits,
    )


def _names(pool: Iterable[Candidate]) -> dict[str, tuple[Candidate, ...]]:
    """How a caller may name a model: its slug, else its bare name, else its id."""
    slugs: dict[str, list[Candidate]] = defaultdict(list)
    others: dict[str, list[Candidate]] = defaultdict(list)
    for offer in pool:
        slugs[offer.model].append(offer)
        others[offer.model.partition("/")[2]].append(offer)
        others[offer.upstream_id].append(offer)
    merged = {name: _same_model(offers) for name, offers in others.items()}
    return merged | {slug: tuple(offers) for slug, offers in slugs.items()}


def _same_model(offers: list[Candidate]) -> tuple[Candidate, ...]:
    """All offers of one model, where a loose name fits several: a callable one's."""
    chosen = min(offers, key=lambda offer: (bool(offer.unavailable), offer.model))
    unique = {o.offer_id: o for o in offers if o.model == chosen.model}
    return tuple(unique.values())


def _baselines(pool: Iterable[Candidate], wanted: set[str]) -> dict[str, CompiledPrice]:
    """The price of each premium model: its maker's own offer where that is priced."""
    offers = [offer for offer in pool if offer.model in wanted and offer.price]
    offers.sort(key=lambda offer: offer.provider == offer.model.partition("/")[0])
    return {offer.model: offer.price for offer in offers if offer.price}


def _earliest(
    prices: Iterable[CompiledPrice], override: datetime | None
) -> datetime | None:
    """When something of this picture stops to hold by itself."""
    moments = [p.valid_until for p in prices if p.valid_until]
    return min([*moments, *([override] if override else [])], default=None)
