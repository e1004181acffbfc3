"""Who serves one model behind OpenRouter: `GET /models/{author}/{slug}/endpoints`.

Each endpoint is an offer of its own, called through OpenRouter and run by `served_by`.
Its price, limits and parameters are what a call there meets; the list of models only
shows the cheapest. Uptimes are percentages, latencies ms; both are `null` when unknown.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from apps.catalog.seed_format import HealthFact, SeedOffer
from apps.catalog.sources.base import (
    AliasFact,
    BrokenPayloadError,
    Coverage,
    Payload,
    Picture,
    ProviderFact,
    Taker,
)
from apps.catalog.sources.openrouter import ORIGIN, SITE, parameters_of
from apps.catalog.sources.openrouter_names import (
    RowId,
    last_day,
    provider_slug,
    read_id,
    region_of,
)
from apps.catalog.sources.openrouter_prices import read_prices
from apps.kit.http import GoneError

# Of the models asked for, so many may fail to answer before the whole run does.
MOST_FAILED: Final = 0.2
type Row = dict[str, Any]


def take(taker: Taker, url: str, ids: Sequence[str]) -> list[Payload]:
    """The endpoints of each id; raises BrokenPayloadError when too many fail."""
    answers = taker.get_many({i: f"{url}/models/{i}/endpoints" for i in ids})
    taken = [answer for answer in answers.values() if isinstance(answer, Payload)]
    # A model that is gone is an answer too, and no fault.
    failed = {
        i: a for i, a in answers.items() if not isinstance(a, Payload | GoneError)
    }
    if len(failed) > max(1, len(ids) * MOST_FAILED) or (failed and not taken):
        first, problem = next(iter(failed.items()))
        raise BrokenPayloadError(
            f"{len(failed)} of {len(ids)} models did not answer, such as {first}: "
            f"{problem}"
        )
    return taken


def as_one(payloads: Sequence[Payload], url: str) -> Payload:
    """All answers as one payload, in the shape of a recorded file: id to body."""
    digest = hashlib.sha256()
    for payload in sorted(payloads, key=lambda payload: payload.resource):
        digest.update(f"{payload.resource} {payload.sha256}\n".encode())
    return Payload(
        "endpoints",
        url,
        {payload.resource: payload.body for payload in payloads},
        sha256=digest.hexdigest(),
        size_bytes=sum(payload.size_bytes for payload in payloads),
    )


def read(payloads: Sequence[Payload], on: date) -> Picture:
    """The picture of the endpoints of the models asked for."""
    bodies = _bodies(payloads)
    reading = _Reading(on)
    for model_id, rows in bodies.items():
        reading.add(model_id, rows)
    return reading.picture(frozenset(bodies))


def _bodies(payloads: Sequence[Payload]) -> dict[str, list[Row]]:
    bodies: dict[str, list[Row]] = {}
    for payload in payloads:
        if not isinstance(payload.body, dict) or not payload.body:
            raise BrokenPayloadError("an object of models was expected")
        for model_id, body in payload.body.items():
            data = body.get("data") if isinstance(body, dict) else None
            rows = data.get("endpoints") if isinstance(data, dict) else None
            if not isinstance(rows, list):
                raise BrokenPayloadError(f"{model_id}: no list of endpoints")
            bodies[model_id] = rows
    return bodies


class _Reading:
    """Collects the endpoints of all models."""

    def __init__(self, on: date) -> None:
        self.on = on
        self.providers: dict[str, ProviderFact] = {}
        self.offers: list[SeedOffer] = []
        self.aliases: list[AliasFact] = []
        self.notes: list[str] = []

    def add(self, model_id: str, rows: Sequence[Row]) -> None:
        found = read_id(model_id)
        if found is None:
            self.notes.append(f"{model_id}: its maker cannot be told")
            return
        self.aliases.append(
            AliasFact(model_id, found.name.slug, found.match, found.rule)
        )
        seen: Counter[str] = Counter()
        # One provider may run two endpoints under one tag: the cheaper counts first.
        for row in sorted(rows, key=_by_price):
            tag = str(row.get("tag") or provider_slug(str(row["provider_name"])))
            seen[tag] += 1
            shown = tag if seen[tag] == 1 else f"{tag}#{seen[tag]}"
            self.offers.append(self._offer(row, found, shown))

    def _offer(self, row: Row, found: RowId, tag: str) -> SeedOffer:
        try:
            prices = read_prices(row["pricing"], service_tier=_tier(row, found))
        except (KeyError, ValueError) as problem:
            raise BrokenPayloadError(f"{found.text} at {tag}: {problem}") from problem
        self.notes += [f"{found.text} at {tag}: {note}" for note in prices.notes]
        quantization = str(row.get("quantization") or "")
        quantization = "" if quantization == "unknown" else quantization
        return SeedOffer(
            model=found.name.slug,
            provider="openrouter",
            upstream_id=found.text,
            variant=found.variant,
            region=region_of(tag, quantization),
            served_by=self._served_by(row, tag),
            endpoint_tag=tag,
            quantization=quantization,
            service_tier=_tier(row, found),
            is_price_variable=prices.is_variable,
            context_tokens=row.get("context_length"),
            max_input_tokens=row.get("max_prompt_tokens"),
            max_output_tokens=row.get("max_completion_tokens"),
            has_implicit_caching=row.get("supports_implicit_caching"),
            sunset_on=last_day(row.get("deprecation_date")),
            prices=prices.listed,
            discounts=prices.discounted,
            has_parameter_list=isinstance(row.get("supported_parameters"), list),
            parameters=parameters_of(row),
            health=_health(row),
            source=f"{SITE}/{found.base}",
            sourced_on=self.on,
        )

    def _served_by(self, row: Row, tag: str) -> str:
        name = str(row.get("provider_name") or "")
        slug = provider_slug(tag.partition("/")[0].partition("#")[0])
        # `anthropic/claude-on-aws` is run by somebody else than its first word.
        if "AWS" in name and "claude-on-aws" in tag:
            slug = "claude-on-aws"
        self.providers.setdefault(slug, ProviderFact(slug, name or slug))
        return slug

    def picture(self, ids: frozenset[str]) -> Picture:
        return Picture(
            origin=ORIGIN,
            source=f"{SITE}/models",
            on=self.on,
            providers=tuple(self.providers.values()),
            offers=tuple(self.offers),
            aliases=tuple(self.aliases),
            covers=Coverage(
                frozenset({"openrouter"}),
                frozenset({ORIGIN}),
                is_endpoints=True,
                upstream_ids=ids,
            ),
            is_about_known_models=True,
            row_count=len(self.offers),
            notes=tuple(self.notes),
        )


def _by_price(row: Row) -> tuple[str, str]:
    pricing = row.get("pricing") or {}
    return str(pricing.get("prompt")), str(pricing.get("completion"))


def _tier(row: Row, found: RowId) -> str:
    stated = row.get("service_tier")
    return stated if stated in {"batch", "flex", "priority"} else found.service_tier


def _health(row: Row) -> HealthFact | None:
    fact = HealthFact(
        status=row.get("status"),
        uptime_5m=_share(row.get("uptime_last_5m")),
        uptime_30m=_share(row.get("uptime_last_30m")),
        uptime_1d=_share(row.get("uptime_last_1d")),
        latency_ms=_percentiles(row.get("latency_last_30m")),
        throughput=_percentiles(row.get("throughput_last_30m")),
    )
    return None if fact == HealthFact() else fact


def _share(percent: object) -> float | None:
    return round(percent / 100, 6) if isinstance(percent, int | float) else None


def _percentiles(value: object) -> Mapping[str, float] | None:
    if not isinstance(value, dict):
        return None
    return {k: v for k, v in value.items() if isinstance(v, int | float)} or None
