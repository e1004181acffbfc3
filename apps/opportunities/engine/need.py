"""What a use case asks of a model, and how much of it; pure."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal

from apps.portfolio.volume import UNKNOWN, Volume
from apps.router.engine.rules import NO_RULES, Rules

Factor = Literal["cost", "speed", "quality", "trust", "context"]
QualityNeed = Literal["best", "good", "acceptable"]
FACTORS: Final[tuple[Factor, ...]] = ("cost", "speed", "quality", "trust", "context")
# What the first, second and third need weigh; the others share what is left.
RANKED: Final = (0.55, 0.22, 0.12)


@dataclass(frozen=True, slots=True)
class Need:
    """One use case, reduced to what decides."""

    task: str = "chat"
    # In their order, at the most three; empty: all five weigh the same.
    needs: tuple[Factor, ...] = ()
    required_context: int = 0
    capabilities: frozenset[str] = frozenset()
    # Names of the request parameters in use.
    parameters: tuple[str, ...] = ()
    # The longest wait for the first token that is still good.
    latency_need_ms: int | None = None
    quality_need: QualityNeed = "good"
    volume: Volume = UNKNOWN
    # What the organization and the alias allow.
    rules: Rules = NO_RULES
    # The alias's requests go through our router, which speaks to every provider.
    is_routed: bool = False

    @property
    def has_mix(self) -> bool:
        """Whether the tokens of a call are known, without which no price compares."""
        volume = self.volume
        if volume.input_tokens is None or volume.output_tokens is None:
            return False
        return bool(volume.input_tokens or volume.output_tokens)

    @property
    def prompt_tokens(self) -> float:
        """The size of a prompt, which decides what a token costs; 0 where unknown."""
        return float(self.volume.input_tokens or 0)

    @property
    def has_volume(self) -> bool:
        """Whether a month's bill can be worked out."""
        return self.has_mix and bool(self.volume.calls_month)


def weights(needs: tuple[Factor, ...]) -> dict[Factor, float]:
    """The weight of each factor; they sum to 1."""
    if not needs:
        return dict.fromkeys(FACTORS, 1 / len(FACTORS))
    named = dict(zip(needs, RANKED, strict=False))
    others = [factor for factor in FACTORS if factor not in named]
    rest = (1 - sum(named.values())) / len(others)
    return {**named, **dict.fromkeys(others, rest)}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What own prompts or own traffic said of a candidate beside the current model.

    `low` and `high` bound the net share of wins, -1 to 1.
    """

    source: Literal["check", "experiment"]
    verdict: Literal["better", "not_worse", "worse", ""]
    prompts: int
    low: float
    high: float
    consistency: float | None = None
    margin: float = 0.15
    # Output tokens of the candidate over those of the current model.
    output_ratio: float | None = None
    judged_at: datetime | None = None
    reference: str = ""  # the id of the check or the experiment

    @property
    def net(self) -> float:
        return (self.low + self.high) / 2


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on a difference is worth telling (PRODUCT.md section 6)."""

    fit: float = 0.10
    cost: float = 0.15
    cost_usd_month: Decimal = Decimal(10)
    speed: float = 0.25
    quality: float = 0.15
    context: float = 2.0
    trust: float = 15.0
    # Options that are kept of one use case.
    options: int = 4


USUAL: Final = Thresholds()
