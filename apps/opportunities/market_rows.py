"""Read the catalog into the advisor's own form: one `Candidate` an offer."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from apps.catalog.models import (
    AIModel,
    EditorialOverride,
    ModelQuality,
    Offer,
    OfferHealth,
    Origin,
    Price,
    Provider,
    TrustOverride,
    TrustScore,
)
from apps.catalog.overrides import InForce
from apps.catalog.quality import task_table
from apps.jobs.models import Run, Status
from apps.opportunities.engine.candidates import Candidate, DataPolicy, Quality
from apps.opportunities.price_cards import Card, cards, price_marks
from apps.opportunities.speeds import Speeds
from apps.opportunities.trust_rows import TrustBook
from apps.router.engine.parameters import Matrix
from apps.router.matrices import read_matrices

# Who names a price that a sync confirms every night.
_SYNCED: Final = frozenset((Origin.OPENROUTER, Origin.MODELS_DEV))
_WATCHED: Final = (
    (Provider, "updated_at"),
    (AIModel, "updated_at"),
    (Offer, "updated_at"),
    (Price, "valid_from"),
    (Price, "valid_until"),
    (EditorialOverride, "updated_at"),
    (ModelQuality, "updated_at"),
    (TrustScore, "computed_at"),
    (TrustOverride, "updated_at"),
    (OfferHealth, "measured_at"),
)


_OF_PRICES: Final = tuple(model is Price for model, _ in _WATCHED)


def version() -> tuple[Any, ...]:
    """A value that changes whenever `read` would see something else."""
    query = " UNION ALL ".join(
        f"SELECT max({moment})::text, count(*) FROM {model._meta.db_table}"  # noqa: S608  # names from our own models
        for model, moment in _WATCHED
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return tuple(cursor.fetchall())


def is_of_prices(before: tuple[Any, ...], after: tuple[Any, ...]) -> bool:
    """Whether of two versions nothing but prices differs."""
    found = zip(before, after, _OF_PRICES, strict=False)
    return all(is_price or old == new for old, new, is_price in found)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What belongs to offers and is read for all of them at once."""

    cards: Mapping[UUID, Card]
    qualities: Mapping[UUID, Mapping[str, Quality]]
    trust: TrustBook
    matrices: Mapping[UUID, Matrix]
    speeds: Speeds
    overrides: InForce
    synced_at: datetime | None


@dataclass(frozen=True, slots=True)
class Read:
    """The offers, and what they were made of."""

    offers: list[Candidate]
    rows: list[dict[str, Any]]
    facts: _Facts
    # Changes with the prices of an offer.
    marks: Mapping[UUID, object]

    @property
    def ends_at(self) -> list[datetime]:
        """Moments at which something of it stops to hold by itself."""
        moments = [self.facts.overrides.ends_at]
        moments += [card.changes_at for card in self.facts.cards.values()]
        return [moment for moment in moments if moment is not None]


def read(now: datetime) -> Read:
    """Every offer of a chat model, those that are gone included."""
    # Before the prices: what changes in between is read again the next time.
    marks = price_marks()
    facts = _Facts(
        cards=cards(now),
        qualities=_qualities(),
        trust=TrustBook.read(),
        matrices=read_matrices("default"),
        speeds=Speeds.read(now),
        overrides=InForce.read(now, using="default"),
        synced_at=_synced_at(),
    )
    rows = list(_direct(_offers()))
    return Read([_candidate(row, facts) for row in rows], rows, facts, marks)


def read_prices(before: Read, now: datetime) -> Read:
    """The same with today's prices, where nothing else changed; what is as it was is
    the very same offer.
    """
    marks = price_marks()
    ids = marks.keys() | before.marks.keys()
    moved = {one for one in ids if marks.get(one) != before.marks.get(one)}
    kept = {one: card for one, card in before.facts.cards.items() if one not in moved}
    facts = replace(
        before.facts, cards={**kept, **cards(now, moved)}, synced_at=_synced_at()
    )
    is_synced = facts.synced_at != before.facts.synced_at
    offers = [
        _candidate(row, facts) if is_synced or row["id"] in moved else offer
        for row, offer in zip(before.rows, before.offers, strict=True)
    ]
    return Read(offers, before.rows, facts, marks)


def _offers() -> QuerySet[Offer, dict[str, Any]]:
    """A broker's headline is nobody's price, and batch or free ids serve no calls."""
    rows: QuerySet[Offer, dict[str, Any]] = (
        Offer.objects.filter(
            ai_model__kind=AIModel.Kind.CHAT,
            service_tier=Price.ServiceTier.STANDARD,
            is_headline=False,
            is_stand_in=False,
        )
        .exclude(variant__in=("free", "batch"))
        .order_by("ai_model__slug", "provider__slug", "id")
        .values(*_OFFER, *_PROVIDER, *_MODEL)
    )
    return rows


_OFFER: Final = (
    *("id", "ai_model_id", "provider_id", "upstream_id", "region", "quantization"),
    *("endpoint_tag", "is_price_variable", "context_tokens", "max_output_tokens"),
    *("has_implicit_caching", "is_available", "deprecated_on", "sunset_on"),
    *("served_by__name",),
)
_PROVIDER: Final = (
    *("provider__slug", "provider__name", "provider__protocol", "provider__tier"),
    *("provider__datacenters", "provider__trains_on_prompts"),
    *("provider__retains_prompts", "provider__retention_days"),
    *("provider__may_publish_prompts",),
)
_MODEL: Final = (
    *("ai_model__slug", "ai_model__name", "ai_model__author", "ai_model__vendor"),
    *("ai_model__family", "ai_model__context_tokens", "ai_model__max_output_tokens"),
    *("ai_model__has_vision", "ai_model__has_tools", "ai_model__has_json_schema"),
    *("ai_model__has_reasoning", "ai_model__input_modalities", "ai_model__status"),
    *("ai_model__released_on", "ai_model__deprecated_on", "ai_model__sunset_on"),
)


def _direct(rows: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """Endpoints behind a broker count for models that nobody serves directly."""
    rows = list(rows)
    served = {row["ai_model_id"] for row in rows if not row["endpoint_tag"]}
    for row in rows:
        if not row["endpoint_tag"] or row["ai_model_id"] not in served:
            yield row


def _candidate(row: Mapping[str, Any], facts: _Facts) -> Candidate:
    card = facts.cards.get(row["id"])
    matrix = facts.matrices.get(row["id"])
    judged = facts.overrides.of(
        model_id=row["ai_model_id"],
        provider_id=row["provider_id"],
        offer_id=row["id"],
    )
    return Candidate(
        model_id=row["ai_model_id"],
        model=row["ai_model__slug"],
        name=row["ai_model__name"],
        offer_id=row["id"],
        author=row["ai_model__author"],
        vendor=row["ai_model__vendor"],
        family=row["ai_model__family"],
        provider_id=row["provider_id"],
        provider=row["provider__slug"],
        provider_name=_seller(row),
        protocol=row["provider__protocol"],
        upstream_id=row["upstream_id"],
        quantization=row["quantization"],
        prices=card.prices if card else (),
        discounted=card.discounted if card else (),
        is_price_variable=row["is_price_variable"],
        price_source=card.source if card else "",
        price_checked_at=_checked_at(card, facts.synced_at),
        context_tokens=row["context_tokens"] or row["ai_model__context_tokens"],
        max_output_tokens=row["max_output_tokens"]
        or row["ai_model__max_output_tokens"],
        has_vision=row["ai_model__has_vision"],
        has_tools=_takes(matrix, "tools", row["ai_model__has_tools"]),
        has_json_schema=_takes(
            matrix, "response_format", row["ai_model__has_json_schema"]
        ),
        has_reasoning=row["ai_model__has_reasoning"],
        has_caching=row["has_implicit_caching"],
        input_modalities=tuple(row["ai_model__input_modalities"] or ()),
        matrix=matrix,
        speed=facts.speeds.of(row),
        qualities=facts.qualities.get(row["ai_model_id"], {}),
        trust=facts.trust.of(
            row["ai_model_id"], row["provider_id"], row["provider__tier"]
        ),
        data_policy=_data_policy(row),
        status=row["ai_model__status"],
        is_available=row["is_available"],
        released_on=row["ai_model__released_on"],
        deprecated_on=_earlier(row["deprecated_on"], row["ai_model__deprecated_on"]),
        sunset_on=_earlier(row["sunset_on"], row["ai_model__sunset_on"]),
        exclusion=judged.exclusion,
        downrank=judged.factor,
        flags=judged.flags,
    )


def _seller(row: Mapping[str, Any]) -> str:
    name, served_by = str(row["provider__name"]), row["served_by__name"]
    return f"{served_by} via {name}" if row["endpoint_tag"] and served_by else name


def _takes(matrix: Matrix | None, name: str, says: bool | None) -> bool | None:
    """The offer's own list against what is said of the model: a "no" of either."""
    listed = None if matrix is None else matrix.takes(name)
    return says if listed is None or says is False else listed


def _data_policy(row: Mapping[str, Any]) -> DataPolicy:
    region = row["region"]
    return DataPolicy(
        trains=row["provider__trains_on_prompts"],
        retains=row["provider__retains_prompts"],
        retention_days=row["provider__retention_days"],
        may_publish=row["provider__may_publish_prompts"],
        regions=(region.upper(),)
        if region
        else tuple(row["provider__datacenters"] or ()),
    )


def _earlier(one: date | None, other: date | None) -> date | None:
    return min((day for day in (one, other) if day is not None), default=None)


def _checked_at(card: Card | None, synced_at: datetime | None) -> datetime | None:
    """When the source was last read: with the row, or by the latest sync of prices."""
    if card is None:
        return None
    stated = datetime.combine(card.sourced_on, time(), tzinfo=UTC)
    if card.origin in _SYNCED and synced_at is not None:
        return max(stated, synced_at)
    return stated


def _synced_at() -> datetime | None:
    runs = Run.objects.filter(name="catalog.sync_prices", status=Status.COMPLETED)
    return runs.order_by("-token").values_list("data_at", flat=True).first()


def _qualities() -> dict[UUID, dict[str, Quality]]:
    found: dict[UUID, dict[str, Quality]] = defaultdict(dict)
    for (model_id, task), known in task_table("default").items():
        found[model_id][task] = Quality(
            known.score,
            known.low,
            known.high,
            known.benchmarks,
            known.independent,
            known.newest,
        )
    return found
