"""Offers for tests of the engine: whatever is not said is the same for all."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from apps.opportunities.engine.candidates import (
    GENERAL,
    Candidate,
    Prices,
    Quality,
    Speed,
    Trust,
)
from apps.opportunities.engine.need import Need
from apps.portfolio.volume import Volume

NOW = datetime(2026, 11, 21, 5, tzinfo=UTC)
TODAY = NOW.date()


def offer(
    model: str,
    input_usd: str | None = "1",
    output_usd: str | None = "2",
    *,
    quality: float | None = 0.6,
    **fields: Any,
) -> Candidate:
    """One offer of a model `house/name` at its house."""
    house, _, name = model.partition("/")
    usd = [None if text is None else Decimal(text) for text in (input_usd, output_usd)]
    cached = fields.pop("cached_usd", None)
    prices = Prices(usd[0], usd[1], None if cached is None else Decimal(cached))
    values: dict[str, Any] = {
        "model_id": uuid5(NAMESPACE_URL, model),
        "model": model,
        "name": name,
        "offer_id": uuid5(NAMESPACE_URL, f"offer {model} {fields.get('provider')}"),
        "author": house,
        "provider": house,
        "provider_id": uuid5(NAMESPACE_URL, house),
        "provider_name": house.title(),
        "prices": (prices,),
        "price_source": "test",
        "price_checked_at": NOW,
        "context_tokens": 128_000,
        "has_vision": True,
        "has_tools": True,
        "has_json_schema": True,
        "qualities": {} if quality is None else qualities(quality),
        "speed": Speed(100.0, 400.0, "test"),
        "trust": Trust(70.0, "B"),
    }
    return Candidate(**{**values, **fields})


def qualities(score: float, *, general: float | None = None) -> dict[str, Quality]:
    """The same score at chat and over all, by independent and recent benchmarks."""
    day = date(2026, 10, 1)
    at = Quality(score, score - 0.03, score + 0.03, 3, 3, day)
    over = at if general is None else Quality(general, general, general, 3, 3, day)
    return {"chat": at, GENERAL: over}


def volume(
    calls: int | None = 100_000,
    input_tokens: int | None = 1500,
    output_tokens: int | None = 500,
    **fields: Any,
) -> Volume:
    numbers = (calls, input_tokens, output_tokens)
    calls_, inputs, outputs = (None if n is None else Decimal(n) for n in numbers)
    return Volume(calls_, inputs, outputs, **{"basis": "typed", **fields})


def need(**fields: Any) -> Need:
    return Need(
        **{
            "task": "chat",
            "needs": ("cost",),
            "required_context": 4096,
            "volume": volume(),
            **fields,
        }
    )


# The market around the golden case: dear, cheap and free neighbours.
GPT_4O = offer("openai/gpt-4o", "2.5", "10", cached_usd="1.25", quality=0.55)
MINI = offer("openai/gpt-4o-mini", "0.15", "0.60", cached_usd="0.075", quality=0.47)
DEAR = offer("openai/o1-pro", "150", "600", quality=0.75)
SONNET = offer("anthropic/sonnet", "3", "15", quality=0.7)
MARKET = (GPT_4O, MINI, DEAR, SONNET)
