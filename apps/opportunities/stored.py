"""An option as it is kept: columns, and `details` as JSON that pages read back."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import msgspec

from apps.opportunities.engine.candidates import Candidate, Prices
from apps.opportunities.engine.filters import REMEMBERED, quality_pair
from apps.opportunities.engine.finding import Option
from apps.opportunities.engine.fit import USUAL_OUTPUT_TOKENS
from apps.opportunities.engine.need import Evidence, Need
from apps.portfolio.volume import Volume

# Of `details`; one that grew up with another release is read with care.
VERSION: Final = 1
_DIGITS: Final = 4


def columns_of(option: Option) -> dict[str, Any]:
    """The columns of the table that come from an option, in JSON's types."""
    saved = option.savings
    return {
        "current_model_id": str(option.current.model_id),
        "candidate_provider_id": _text(option.candidate.provider_id),
        "kind": option.kind,
        "band": option.band,
        "fit_gain": round(option.gain, _DIGITS),
        "confidence": option.confidence.value,
        "risk": option.risk.level,
        "effort": option.effort.level,
        "savings_month_usd": _text(saved.usd),
        "savings_low_usd": _text(saved.low_usd),
        "savings_high_usd": _text(saved.high_usd),
        "is_estimate": saved.is_estimate,
    }


def details_of(option: Option, need: Need, evidence: Evidence | None) -> dict[str, Any]:
    """Everything else that the option rests on, as of when it was found."""
    saved = option.savings
    return {
        "version": VERSION,
        "kinds": option.kinds,
        "fit": [round(option.current_fit, _DIGITS), round(option.fit, _DIGITS)],
        "factors": [
            [
                one.factor,
                round(one.weight, 3),
                _round(one.current),
                _round(one.candidate),
            ]
            for one in option.factors
        ],
        "basis": option.confidence.basis,
        "parts": [[part.text, part.points] for part in option.confidence.parts],
        "risk": [[one.name, one.level, one.reason] for one in option.risk.dimensions],
        "effort": option.effort.reasons,
        "trade_offs": option.trade_offs,
        "savings": {
            "current_usd": _text(saved.current_usd),
            "candidate_usd": _text(saved.candidate_usd),
            "share": _round(saved.share),
            "range_of": saved.range_of,
        },
        "current": _offer(option.current, need),
        "candidate": _offer(option.candidate, need),
        "quality": _qualities(option.current, option.candidate, need.task),
        "volume": _volume(need.volume),
        "evidence": None if evidence is None else _evidence(evidence),
    }


def in_json(details: Mapping[str, Any]) -> msgspec.Raw:
    """As text at once: thousands of rows stay small until they are written."""
    return msgspec.Raw(msgspec.json.encode(details))


def _offer(offer: Candidate, need: Need) -> dict[str, Any]:
    """What one side is, costs and takes, with where that is from."""
    output = float(need.volume.output_tokens or USUAL_OUTPUT_TOKENS)
    fixed = _fixed(offer, offer.price_at(need.prompt_tokens))
    return {**fixed, "seconds": _round(offer.speed.seconds(output))}


@lru_cache(maxsize=REMEMBERED)
def _fixed(offer: Candidate, price: Prices) -> dict[str, Any]:
    """What is the same for every use case."""
    return {
        "model": offer.model,
        "provider": offer.provider,
        "provider_name": offer.provider_name,
        "input": _text(price.input),
        "cached": _text(price.cached),
        "output": _text(price.output),
        "source": offer.price_source,
        "checked_at": _moment(offer.price_checked_at),
        "is_discounted": offer.is_discounted,
        "context": offer.context_tokens,
        "speed_source": offer.speed.source,
        "speed_requests": offer.speed.requests,
        "trust": _round(offer.trust.points),
        "trust_source": offer.trust.source,
        "flags": offer.flags,
    }


@lru_cache(maxsize=REMEMBERED)
def _qualities(current: Candidate, candidate: Candidate, task: str) -> Any:
    pair = quality_pair(current, candidate, task)
    if pair is None:
        return None
    return {
        "is_of_task": pair.is_of_task,
        **{
            side: [
                *(one.score, one.low, one.high, one.benchmarks, one.independent),
                one.newest.isoformat() if one.newest else None,
            ]
            for side, one in (("current", pair.current), ("candidate", pair.candidate))
        },
    }


@lru_cache(maxsize=REMEMBERED)
def _volume(volume: Volume) -> msgspec.Raw:
    return in_json(
        {
            "calls": _text(volume.calls_month),
            "input": _text(volume.input_tokens),
            "output": _text(volume.output_tokens),
            "cached_share": _text(volume.cached_share),
            "basis": volume.basis,
            "origin": volume.origin,
            "requests": volume.requests,
            "since": volume.since.isoformat() if volume.since else None,
            "until": volume.until.isoformat() if volume.until else None,
        }
    )


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "source": evidence.source,
        "verdict": evidence.verdict,
        "prompts": evidence.prompts,
        "low": _round(evidence.low),
        "high": _round(evidence.high),
        "consistency": _round(evidence.consistency),
        "margin": evidence.margin,
        "output_ratio": _round(evidence.output_ratio),
        "judged_at": _moment(evidence.judged_at),
        "reference": evidence.reference,
    }


def snapshot(row: Mapping[str, Any], details: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept with a switch: the evidence as it was, in JSON's types."""
    return {**row, "details": dict(details)}


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)


def _text(value: Decimal | UUID | None) -> str | None:
    if value is None:
        return None
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
