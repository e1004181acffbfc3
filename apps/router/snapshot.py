"""The engine's picture of the database: catalog, keys' reach, policies, measurements.

It is immutable and shared by all requests of this process, so the hot path does no
SQL. `load` builds it in a thread; `fingerprint` tells cheaply whether a new one is
due when a notification was lost.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.db import connections
from django.db.models import Q, QuerySet

from apps.catalog.models import (
    AIModel,
    EditorialOverride,
    ModelQuality,
    Offer,
    Price,
    Provider,
)
from apps.catalog.overrides import InForce
from apps.kit.clock import utc_now
from apps.kit.money import CompiledPrice, PriceRow, compile_price
from apps.privacy.models import PrivacySettings
from apps.providers.wire import Endpoint, Protocol
from apps.router import measuring
from apps.router.alias_models import Alias
from apps.router.budget_models import Budget
from apps.router.cache_models import KeyCache
from apps.router.engine.need import Candidate, Excluded
from apps.router.experiment_models import Experiment
from apps.router.learning import OrgLearner, load_learners
from apps.router.matrices import priced_without_output, read_matrices
from apps.router.models import Policy
from apps.router.offer_names import offers_by_name, with_source_names
from apps.router.org_policies import (
    DEFAULT_POLICY,
    OrgPolicy,
    baseline_models,
    org_policies,
    wishing_to_learn,
)
from apps.router.outcome_models import Learner
from apps.router.ways import KeyKind, OrgWays, Way, org_ways
from apps.tenancy.scope import unscoped
from apps.vault.models import ProviderKey, ProviderPreference
from apps.vault.opening import preferred_orders, usable_keys

logger = logging.getLogger(__name__)

# Assumed until an installation has measured its own: an answer of about a page.
ASSUMED_OUTPUT_TOKENS = 400


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Everything a decision needs, as of one moment."""

    taken_at: datetime
    # The offers that can be called, and the others with why they cannot.
    pool: tuple[Candidate, ...] = ()
    closed: tuple[Excluded, ...] = ()
    # Slug, bare name and provider's id of a model, to its offers.
    names: Mapping[str, tuple[Candidate, ...]] = field(default_factory=dict)
    # The same for models that make embeddings, which are chosen by name alone.
    embedders: Mapping[str, tuple[Candidate, ...]] = field(default_factory=dict)
    # By provider: with the installation's own key, where it takes one.
    ways: Mapping[str, tuple[Way, ...]] = field(default_factory=dict)
    org_ways: Mapping[UUID, OrgWays] = field(default_factory=dict)
    baselines: Mapping[str, CompiledPrice] = field(default_factory=dict)
    policies: Mapping[UUID, OrgPolicy] = field(default_factory=dict)
    # Organizations that store their prompts, each with what is taken out before.
    storage: Mapping[UUID, frozenset[str]] = field(default_factory=dict)
    output_tokens: Mapping[str, int] = field(default_factory=dict)
    # Organizations whose requests are learned from.
    learners: Mapping[UUID, OrgLearner] = field(default_factory=dict)
    # When a price or an override of it stops to hold, whatever the database says.
    valid_until: datetime | None = None

    def policy(self, org_id: UUID) -> OrgPolicy:
        return self.policies.get(org_id, DEFAULT_POLICY)

    def slug_of(self, name: str) -> str | None:
        """The slug of a model, by any of its names; None for one nobody knows."""
        offers = self.names.get(name) or self.embedders.get(name)
        return offers[0].model if offers else None

    def expected_output(self, task: str) -> int:
        return self.output_tokens.get(task, ASSUMED_OUTPUT_TOKENS)


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
    (Alias, "updated_at"),
    (KeyCache, "updated_at"),
    (Experiment, "updated_at"),
    (Learner, "updated_at"),
    (PrivacySettings, "updated_at"),
    (Budget, "updated_at"),
    (ProviderKey, "updated_at"),
    (ProviderPreference, "updated_at"),
)


def _load(now: datetime) -> Snapshot:
    addresses, ways, unavailable = _providers()
    own = org_ways(addresses, ways, usable_keys(), preferred_orders())
    opened = {provider for org in own.values() for provider in org.reach.opened}
    policies = org_policies()
    baselines = {settings.PREMIUM_MODEL} | baseline_models(policies.values())
    rows = list(_offers())
    wanted = {
        row["id"]
        for row in rows
        if not unavailable[row["provider__slug"]]
        or row["provider__slug"] in opened
        or row["ai_model__slug"] in baselines
    }
    prices = _prices(wanted, now, {row["id"] for row in rows if _embeds(row)})
    overrides = InForce.read(now, using="jobs")
    lengths = measuring.lengths(now)
    known = tuple(_candidates(rows, prices, unavailable, overrides, lengths, now))
    offers = tuple(offer for offer in known if not offer.is_embedder)
    return Snapshot(
        taken_at=now,
        pool=tuple(offer for offer in offers if not offer.unavailable),
        closed=tuple(_closed(offers)),
        names=with_source_names(offers_by_name(offers), offers),
        embedders=offers_by_name(offer for offer in known if offer.is_embedder),
        ways=ways,
        org_ways=own,
        baselines=_baselines(offers, baselines),
        policies=policies,
        storage=_storage(),
        output_tokens=lengths.of_tasks,
        learners=load_learners(wishing_to_learn(policies)),
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
        # The echo answers test keys' embeddings, also where a local model chats.
        if not unavailable[provider.slug] or protocol == "echo":
            kind: KeyKind = "managed" if api_key else ""
            ways[provider.slug] = (Way(endpoint, kind),)
    return addresses, ways, unavailable


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
            ai_model__kind__in=(AIModel.Kind.CHAT, AIModel.Kind.EMBEDDING),
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
            "region",
            "quantization",
            "has_parameter_list",
            "provider_id",
            "provider__datacenters",
            "provider__trains_on_prompts",
            "provider__retains_prompts",
            "provider__slug",
            "ai_model_id",
            "ai_model__slug",
            "ai_model__kind",
            "ai_model__context_tokens",
            "ai_model__max_output_tokens",
            "ai_model__has_vision",
            "ai_model__has_tools",
            "ai_model__has_json_schema",
        )
    )


def _embeds(row: Mapping[str, Any]) -> bool:
    return bool(row["ai_model__kind"] == AIModel.Kind.EMBEDDING)


def _prices(
    offers: set[UUID], now: datetime, embedders: set[UUID]
) -> dict[UUID, CompiledPrice]:
    rows: dict[UUID, list[PriceRow]] = defaultdict(list)
    current = Price.objects.using("jobs").filter(
        Q(valid_until=None) | Q(valid_until__gt=now),
        offer_id__in=offers,
        service_tier=Price.ServiceTier.STANDARD,
        is_discount=False,
    )
    for offer_id, *price in current.values_list("offer_id", *_PRICE_FIELDS):
        rows[offer_id].append(PriceRow(*price))
    for offer_id in embedders & rows.keys():
        rows[offer_id] = priced_without_output(rows[offer_id])
    compiled = {offer: compile_price(items, now) for offer, items in rows.items()}
    return {offer: p for offer, p in compiled.items() if p and p.is_complete}


_PRICE_FIELDS = tuple(field.name for field in fields(PriceRow))


def _candidates(
    rows: Iterable[dict[str, Any]],
    prices: Mapping[UUID, CompiledPrice],
    unavailable: Mapping[str, str],
    overrides: InForce,
    lengths: measuring.Lengths,
    now: datetime,
) -> Iterable[Candidate]:
    latencies, qualities = measuring.latencies(now), measuring.qualities()
    parameters = read_matrices()
    for row in rows:
        place = (row["provider__slug"], row["ai_model__slug"])
        matrix = parameters.get(row["id"])
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
            regions=_regions(row),
            trains_on_prompts=row["provider__trains_on_prompts"],
            retains_prompts=row["provider__retains_prompts"],
            quantization=row["quantization"],
            parameters=matrix.taken() if matrix else None,
            matrix=matrix,
            is_stand_in=row["is_stand_in"],
            is_embedder=_embeds(row),
            unavailable=unavailable[row["provider__slug"]],
            exclusion=judged.exclusion,
            downrank=judged.factor,
            latency_ms=latencies.get(place),
            task_scores=qualities.tasks.get(row["ai_model_id"], {}),
            domain_scores=qualities.domains.get(row["ai_model_id"], {}),
            answer_tokens=lengths.of_models.get(row["ai_model__slug"], {}),
        )


def _regions(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The offer's own region, else where its provider's data centres stand."""
    if row["region"]:
        return (row["region"].upper(),)
    return tuple(row["provider__datacenters"] or ())


def _closed(offers: Iterable[Candidate]) -> Iterable[Excluded]:
    for offer in offers:
        if offer.unavailable:
            yield Excluded(offer, offer.unavailable, "unavailable")


def _storage() -> dict[UUID, frozenset[str]]:
    rows = PrivacySettings.objects.filter(stores_prompts=True)
    return {row.org_id: frozenset(row.redacts) for row in rows}


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
