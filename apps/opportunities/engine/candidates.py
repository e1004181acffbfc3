"""One offer of a model as the advisor sees it; None everywhere means: nobody says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from apps.router.engine.parameters import Matrix

GENERAL: Final = "general"
ACTIVE: Final = "active"
# What a tier counts as where no dimension of trust is assessed, of 100.
TIERS: Final[Mapping[str, float]] = {"A": 90.0, "B": 60.0, "C": 30.0}


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars per million tokens, for prompts of more than `above` tokens."""

    input: Decimal | None = None
    output: Decimal | None = None
    # Of tokens read from a cache; None: they cost what fresh ones do.
    cached: Decimal | None = None
    # Of each call, beside its tokens.
    request: Decimal = Decimal(0)
    above: int = 0

    @property
    def is_known(self) -> bool:
        return self.input is not None and self.output is not None

    @property
    def cache_read(self) -> Decimal | None:
        return self.input if self.cached is None else self.cached


UNPRICED: Final = Prices()


@dataclass(frozen=True, slots=True)
class Speed:
    """How quick an offer is, and who says so."""

    tokens_per_s: float | None = None
    ttft_ms: float | None = None  # time to the first token
    # "measured" by our own router, or the name of the source that states it.
    source: str = ""
    requests: int = 0
    measured_at: datetime | None = None
    # The rate is of whole answers, so the wait for the first token is in it.
    is_end_to_end: bool = False

    def seconds(self, output_tokens: float) -> float | None:
        """How long an answer of so many tokens takes."""
        if not self.tokens_per_s:
            return None
        wait = 0.0 if self.is_end_to_end else self.ttft_ms
        return None if wait is None else wait / 1000 + output_tokens / self.tokens_per_s


NO_SPEED: Final = Speed()


@dataclass(frozen=True, slots=True)
class Quality:
    """How good a model is at one task, 0 to 1, with its 90 % interval."""

    score: float
    low: float
    high: float
    benchmarks: int = 1
    independent: int = 1
    newest: date | None = None

    @property
    def self_reported_share(self) -> float:
        if self.benchmarks <= 0:
            return 1.0
        return min(max(1 - self.independent / self.benchmarks, 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class Trust:
    """The combined score of 0 to 100 where it is assessed, and the provider's tier."""

    score: float | None = None
    tier: str = ""

    @property
    def points(self) -> float | None:
        """What counts: the score, else what the tier stands for."""
        return TIERS.get(self.tier) if self.score is None else self.score

    @property
    def source(self) -> str:
        if self.score is not None:
            return "trust dimensions"
        return f"tier {self.tier}" if self.tier else ""


@dataclass(frozen=True, slots=True)
class DataPolicy:
    """What the provider does with prompts, and where its machines stand."""

    trains: bool | None = None
    retains: bool | None = None
    retention_days: int | None = None
    may_publish: bool | None = None
    regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One offer, with everything that a choice between models rests on."""

    model_id: UUID
    model: str  # its slug, `author/name`
    name: str
    offer_id: UUID | None = None
    author: str = ""
    vendor: str = ""
    family: str = ""
    provider_id: UUID | None = None
    provider: str = ""  # its slug
    provider_name: str = ""
    protocol: str = "openai"
    upstream_id: str = ""
    quantization: str = ""
    # The list prices by the size of the prompt, the smallest first; empty: unknown.
    prices: tuple[Prices, ...] = ()
    # The same with the discount that runs now; empty: there is none.
    discounted: tuple[Prices, ...] = ()
    # The source says that its price varies by request.
    is_price_variable: bool = False
    price_source: str = ""
    # When the price was last read at its source.
    price_checked_at: datetime | None = None
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    has_vision: bool | None = None
    has_tools: bool | None = None
    has_json_schema: bool | None = None
    has_reasoning: bool | None = None
    has_caching: bool | None = None
    input_modalities: tuple[str, ...] = ()
    matrix: Matrix | None = None
    speed: Speed = NO_SPEED
    # By task, and GENERAL over all that was assessed.
    qualities: Mapping[str, Quality] = field(default_factory=dict)
    trust: Trust = Trust()
    data_policy: DataPolicy = DataPolicy()
    status: str = ACTIVE
    is_available: bool = True
    released_on: date | None = None
    deprecated_on: date | None = None
    sunset_on: date | None = None
    # Overrides of our editors: why it is out, what its score is multiplied by, notes.
    exclusion: str = ""
    downrank: float = 1.0
    flags: tuple[str, ...] = ()

    def price_at(self, prompt_tokens: float, *, discounted: bool = False) -> Prices:
        """The prices for a prompt of this size; UNPRICED where none is known."""
        rows = (self.discounted if discounted else ()) or self.prices
        found = UNPRICED
        for row in rows:
            if not row.above or prompt_tokens > row.above:
                found = row
        return found

    @property
    def is_discounted(self) -> bool:
        return bool(self.discounted)

    @property
    def has_price(self) -> bool:
        """Whether it can be scored by cost at all."""
        return not self.is_price_variable and any(row.is_known for row in self.prices)

    def quality_at(self, task: str) -> Quality | None:
        """The task's own benchmarks first, then all of them together."""
        return self.qualities.get(task) or self.qualities.get(GENERAL)
