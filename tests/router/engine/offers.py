"""Candidates for the engine's tests, made from what matters to each."""

from decimal import Decimal
from typing import Any

from apps.kit.clock import utc_now
from apps.kit.ids import uuid7
from apps.kit.money import CompiledPrice, PriceRow, compile_price
from apps.router.engine.need import Candidate, Need, Priority, Scored

ALL_TASKS = (("chat", 1.0),)


def price(input_usd: str, output_usd: str) -> CompiledPrice:
    rows = [
        PriceRow("input", Decimal(input_usd)),
        PriceRow("output", Decimal(output_usd)),
    ]
    compiled = compile_price(rows, utc_now())
    assert compiled is not None
    return compiled


def offer(model: str, *, usd: tuple[str, str] | None = None, **facts: Any) -> Candidate:
    return Candidate(
        offer_id=uuid7(),
        model_id=uuid7(),
        model=model,
        provider=facts.pop("provider", model.partition("/")[0]),
        upstream_id=model.partition("/")[2],
        price=price(*usd) if usd else None,
        **facts,
    )


def scored(model: str, **facts: Any) -> Scored:
    """An offer as it stands in a chain, where its scores do not matter."""
    return Scored(offer(model, **facts), 1.0, None, None, None, None)


def need(*, priority: Priority = "balanced", **facts: Any) -> Need:
    return Need(
        task=facts.pop("task", "chat"),
        task_probabilities=ALL_TASKS,
        priority=priority,
        input_tokens=facts.pop("input_tokens", 1500),
        output_tokens=facts.pop("output_tokens", 500),
        **facts,
    )
