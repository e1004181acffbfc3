"""The seed's own format: JSON Lines, one model or offer a line, diffable.

Prices are text, so that no float stands between a source and a bill.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Self

SEED_DIR: Final = Path(__file__).parent / "seed"
_DATES: Final = {
    "deprecated_on",
    "released_on",
    "sourced_on",
    "sunset_on",
}


@dataclass(frozen=True, slots=True)
class SeedProvider:
    """A provider that the registry does not know, or one listed for its prices only."""

    slug: str
    name: str
    website: str = ""
    base_url: str = ""
    api_key_env: str = ""
    protocol: str = "openai"


@dataclass(frozen=True, slots=True)
class SeedModel:
    """One canonical model; None means that no source says."""

    slug: str
    name: str
    author: str
    source: str
    sourced_on: date
    kind: str = "chat"
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    has_vision: bool | None = None
    has_tools: bool | None = None
    has_json_schema: bool | None = None
    has_reasoning: bool | None = None
    is_open_weights: bool | None = None
    released_on: date | None = None
    sunset_on: date | None = None
    deprecated_on: date | None = None
    successor: str = ""  # its slug
    family: str = ""
    description: str = ""
    input_modalities: tuple[str, ...] | None = None
    output_modalities: tuple[str, ...] | None = None
    licence: str = ""
    tokenizer: str = ""
    hugging_face_id: str = ""
    knowledge_cutoff: str = ""


@dataclass(frozen=True, slots=True, order=True)
class SeedPrice:
    """One price row of an offer, without its dates."""

    component: str
    usd: Decimal
    service_tier: str = "standard"
    above_prompt_tokens: int = 0
    utc_from: time | None = None
    utc_until: time | None = None
    utc_weekdays: str = ""


@dataclass(frozen=True, slots=True, order=True)
class ParameterFact:
    """Whether an offer takes one request parameter, and in which range."""

    name: str
    is_supported: bool = True
    default: float | str | bool | None = None
    choices: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class HealthFact:
    """What a source measured of an offer; shares 0 to 1, milliseconds, tokens/s."""

    status: int | None = None
    uptime_5m: float | None = None
    uptime_30m: float | None = None
    uptime_1d: float | None = None
    latency_ms: Mapping[str, float] | None = None
    throughput: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class SeedOffer:
    """One model at one provider, with what it costs there."""

    model: str
    provider: str
    upstream_id: str
    source: str
    sourced_on: date
    region: str = ""
    variant: str = ""
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    is_available: bool = True
    is_stand_in: bool = False
    sunset_on: date | None = None
    prices: tuple[SeedPrice, ...] = field(default=())
    deprecated_on: date | None = None
    served_by: str = ""  # the provider behind a broker
    endpoint_tag: str = ""
    quantization: str = ""
    service_tier: str = "standard"
    is_headline: bool = False
    is_price_variable: bool = False
    max_input_tokens: int | None = None
    has_implicit_caching: bool | None = None
    # The prices after a temporary discount, beside the list prices above.
    discounts: tuple[SeedPrice, ...] = ()
    has_parameter_list: bool = False
    # None: the source says nothing of parameters.
    parameters: tuple[ParameterFact, ...] | None = None
    health: HealthFact | None = None


type Row = SeedProvider | SeedModel | SeedOffer


@dataclass(frozen=True, slots=True)
class Seed:
    """Everything the seed holds."""

    providers: tuple[SeedProvider, ...]
    models: tuple[SeedModel, ...]
    offers: tuple[SeedOffer, ...]

    @classmethod
    def read(cls, folder: Path = SEED_DIR) -> Self:
        return cls(
            tuple(_read(folder / "providers.jsonl", SeedProvider)),
            tuple(_read(folder / "models.jsonl", SeedModel)),
            tuple(_read(folder / "offers.jsonl", SeedOffer)),
        )


def seed_digest(folder: Path = SEED_DIR) -> str:
    """A value that changes with any byte of the seed."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.jsonl")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write one line a row; what is at its default is left out."""
    lines = (json.dumps(_plain(row), ensure_ascii=False) for row in rows)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _plain(row: Row) -> dict[str, Any]:
    defaults = {f.name: f.default for f in fields(row)}
    values = {f.name: getattr(row, f.name) for f in fields(row)}
    # Parameters are for the sources to say: they would double the seed's size.
    kept = {k: v for k, v in values.items() if v != defaults[k] and k != "parameters"}
    if "prices" in kept:
        kept["prices"] = [plain_price(price) for price in kept["prices"]]
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in kept.items()}


def plain_price(price: SeedPrice) -> list[Any]:
    """`["input", "2.5"]`, with a third item where the price has conditions."""
    conditions = {
        name: value.isoformat("minutes") if isinstance(value, time) else value
        for name, value in asdict(price).items()
        if name not in {"component", "usd", "service_tier"} and value
    }
    if price.service_tier != "standard":
        conditions["service_tier"] = price.service_tier
    usd = f"{price.usd.normalize():f}"
    plain: list[Any] = [price.component, usd]
    return [*plain, conditions] if conditions else plain


def _read[R](path: Path, kind: type[R]) -> Iterator[R]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            values = json.loads(line)
            for name in _DATES & values.keys():
                values[name] = date.fromisoformat(values[name])
            for name in ("input_modalities", "output_modalities"):
                if name in values:
                    values[name] = tuple(values[name])
            if "prices" in values:
                values["prices"] = tuple(read_price(*item) for item in values["prices"])
            yield kind(**values)


def read_price(
    component: str, usd: str, conditions: dict[str, Any] | None = None
) -> SeedPrice:
    given = dict(conditions or {})
    for name in ("utc_from", "utc_until"):
        if name in given:
            given[name] = time.fromisoformat(given[name])
    return SeedPrice(component, Decimal(usd), **given)
