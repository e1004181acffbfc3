"""In which state an opportunity is after the finder looked again; pure.

A decision of a person holds until its time is over or what it rested on has moved by
a tenth; the finder never undoes it for anything else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from apps.opportunities.engine.candidates import GENERAL, Candidate
from apps.opportunities.engine.finding import Option

MOVED_BY: Final = 0.10
SLACK: Final = 1e-9
SWITCHED: Final = "Your use case runs on it already."
OUTDONE: Final = "It is no longer a tenth better, or others are better by now."
type Basis = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Kept:
    """What is stored of an opportunity, as far as its next state needs it."""

    id: UUID
    state: str
    current_model_id: UUID
    candidate_model_id: UUID
    confidence: int = 0
    # By these two a later write sees whether it is still as it was read.
    validated_at: datetime | None = None
    state_at: datetime | None = None
    dismissed_until: datetime | None = None
    basis: Basis = field(default_factory=dict)
    savings_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """The state from now on; `what` is the event, empty where nothing happened."""

    state: str
    what: str = ""
    text: str = ""


def basis_of(current: Candidate, candidate: Candidate, task: str) -> dict[str, Any]:
    """What a decision rests on: prices by a plain mix, and quality, of both sides."""
    found: dict[str, Any] = {}
    for side, one in (("current", current), ("candidate", candidate)):
        price = one.price_at(0)
        is_priced = price.input is not None and price.output is not None
        quality = one.qualities.get(task) or one.qualities.get(GENERAL)
        found[f"{side}_price"] = (
            float(price.input * 3 + price.output)  # type: ignore[operator]  # both known
            if is_priced
            else None
        )
        found[f"{side}_quality"] = None if quality is None else quality.score
    return found


def moved(before: Basis, after: Basis) -> str:
    """What moved by a tenth or more, in words; empty: nothing."""
    for side, name in (
        ("candidate", "the new model"),
        ("current", "the current model"),
    ):
        for what in ("price", "quality"):
            old, new = before.get(f"{side}_{what}"), after.get(f"{side}_{what}")
            if old is None and new is None:
                continue
            if old is None or new is None:
                return (
                    f"The {what} of {name} is {'not ' if new is None else ''}known now."
                )
            share = (new - old) / old if old else (1.0 if new else 0.0)
            if abs(share) >= MOVED_BY - SLACK:
                return f"The {what} of {name} moved by {share * 100:+.0f} %."
    return ""


def when_found(kept: Kept | None, option: Option, basis: Basis, now: datetime) -> Step:
    """The next state of what is an opportunity now."""
    if kept is None:
        return Step("active", "found")
    if kept.state == "dismissed":
        return _dismissed(kept, basis, now)
    if kept.state == "accepted":
        if kept.current_model_id == option.current.model_id:
            return Step("accepted")
        return Step("active", "returned", "The use case runs on another model now.")
    if kept.state in {"expired", "invalidated"}:
        return Step("active", "returned", "It is an opportunity again.")
    return Step("active", *_changed(kept, option))


def _dismissed(kept: Kept, basis: Basis, now: datetime) -> Step:
    if kept.dismissed_until is not None and now > kept.dismissed_until:
        return Step("active", "returned", "The time it was put away for is over.")
    if why := moved(kept.basis, basis):
        return Step("active", "returned", why)
    return Step("dismissed")


def _changed(kept: Kept, option: Option) -> tuple[str, str]:
    """Worth a line in the history: a tenth of the savings, or ten points."""
    usd = option.savings.usd
    if (usd is None) != (kept.savings_usd is None):
        return "changed", "The savings are " + (
            "not " if usd is None else ""
        ) + "known now."
    if usd is not None and kept.savings_usd:
        share = float(usd) / kept.savings_usd - 1
        if abs(share) >= MOVED_BY - SLACK:
            return "changed", f"The savings moved by {share * 100:+.0f} %."
    points = option.confidence.value - kept.confidence
    if abs(points) >= 10:
        return "changed", f"Confidence moved by {points:+d} points."
    return "", ""


def when_gone(kept: Kept, current_model_id: UUID, refusal: str) -> Step:
    """The next state of what is none now; `refusal` says what stands against it."""
    if kept.state in {"accepted", "expired", "invalidated"}:
        return Step(kept.state)
    if kept.candidate_model_id == current_model_id:
        return Step("accepted", "accepted", SWITCHED)
    if kept.state == "dismissed":
        return Step("dismissed")
    if refusal:
        return Step("invalidated", "invalidated", refusal[:300])
    return Step("expired", "expired", OUTDONE)
