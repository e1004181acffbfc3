"""The seed's own format: JSON Lines, one model, offer or score a line, diffable.

Prices are text, so that no float stands between a source and a bill.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, fields
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Self

SEED_DIR: Final = Path(__file__).parent / "seed"


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
    deprecated_on: date | None = None


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
    deprecated_on: date | None = None
    prices: tuple[SeedPrice, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class SeedScore:
    """One published benchmark result; `score` is a share, 0 to 1."""

    model: str
    task: str
    benchmark: str
    score: float
    source: str
    licence: str
    measured_on: date
    variant: str = ""
    is_self_reported: bool = False


type Row = SeedProvider | SeedModel | SeedOffer | SeedScore


@dataclass(frozen=True, slots=True)
class Seed:
    """Everything the seed holds."""

    providers: tuple[SeedProvider, ...]
    models: tuple[SeedModel, ...]
    offers: tuple[SeedOffer, ...]
    scores: tuple[SeedScore, ...]

    @classmethod
    def read(cls, folder: Path = SEED_DIR) -> Self:
        return cls(
            tuple(_read(folder / "providers.jsonl", SeedProvider)),
            tuple(_read(folder / "models.jsonl", SeedModel)),
            tuple(_read(folder / "offers.jsonl", SeedOffer)),
            tuple(_read(folder / "task_scores.jsonl", SeedScore)),
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
    kept = {k: v for k, v in values.items() if k == "score" or v != defaults[k]}
    if "prices" in kept:
        kept["prices"] = [_plain_price(price) for price in kept["prices"]]
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in kept.items()}


def _plain_price(price: SeedPrice) -> list[Any]:
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
            for name in ("sourced_on", "released_on", "deprecated_on", "measured_on"):
                if name in values:
                    values[name] = date.fromisoformat(values[name])
            if "prices" in values:
                values["prices"] = tuple(
                    _read_price(*item) for item in values["prices"]
                )
            yield kind(**values)


def _read_price(
    component: str, usd: str, conditions: dict[str, Any] | None = None
) -> SeedPrice:
    given = dict(conditions or {})
    for name in ("utc_from", "utc_until"):
        if name in given:
            given[name] = time.fromisoformat(given[name])
    return SeedPrice(component, Decimal(usd), **given)
