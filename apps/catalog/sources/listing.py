"""What a price source says about one model at one provider."""

from dataclasses import dataclass
from datetime import date

from apps.catalog.folding import Name
from apps.catalog.seed_format import ParameterFact, SeedPrice


@dataclass(frozen=True, slots=True)
class Listing:
    """One entry of a source, named canonically; None means it does not say."""

    name: Name
    provider: str
    upstream_id: str
    kind: str
    source: str
    region: str = ""
    is_chat: bool = True  # whether it answers at the chat endpoint
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    has_vision: bool | None = None
    has_tools: bool | None = None
    has_json_schema: bool | None = None
    has_reasoning: bool | None = None
    sunset_on: date | None = None
    prices: tuple[SeedPrice, ...] = ()
    parameters: tuple[ParameterFact, ...] | None = None
