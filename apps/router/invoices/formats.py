"""The exports that providers offer, known by the names of their columns.

Each is described by where a neutral line finds its parts. Sources: OpenAI's dashboard
(Usage → Export: costs, completions), Anthropic's console (Usage and Cost → Export),
OpenRouter's activity page (Export as CSV) and its activity API. They were compared
with exports that people published; a column that a provider adds changes nothing.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Format:
    """Which columns hold what; several columns of one kind are summed."""

    name: str
    label: str
    provider: str  # the slug it is most likely from; empty for any
    day: str
    model: str = ""
    cost: str = ""
    currency: str = ""
    requests: str = ""
    input_tokens: tuple[str, ...] = ()
    output_tokens: tuple[str, ...] = ()
    # A row is one request.
    is_each_request: bool = False
    # "gpt-5-mini, input": what follows the comma is the kind of token.
    has_kind_after_comma: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns without which a file is not of this format."""
        named = (self.day, self.model, self.cost, self.currency, self.requests)
        return tuple(filter(None, (*named, *self.input_tokens, *self.output_tokens)))


FORMATS: Final = (
    Format(
        name="openai_costs",
        label="OpenAI costs export",
        provider="openai",
        day="start_time_iso",
        model="line_item",
        cost="amount_value",
        currency="amount_currency",
        has_kind_after_comma=True,
    ),
    Format(
        name="openai_usage",
        label="OpenAI completions usage export",
        provider="openai",
        day="start_time_iso",
        model="model",
        requests="num_model_requests",
        input_tokens=("input_tokens",),
        output_tokens=("output_tokens",),
    ),
    Format(
        name="anthropic_costs",
        label="Anthropic cost export",
        provider="anthropic",
        day="usage_date_utc",
        model="model",
        cost="cost_usd",
    ),
    Format(
        name="anthropic_usage",
        label="Anthropic usage export",
        provider="anthropic",
        day="usage_date_utc",
        model="model_version",
        input_tokens=(
            "usage_input_tokens_no_cache",
            "usage_input_tokens_cache_write_5m",
            "usage_input_tokens_cache_write_1h",
            "usage_input_tokens_cache_read",
        ),
        output_tokens=("usage_output_tokens",),
    ),
    Format(
        name="openrouter_activity",
        label="OpenRouter activity export",
        provider="openrouter",
        day="created_at",
        model="model_permaslug",
        cost="cost_total",
        input_tokens=("tokens_prompt",),
        output_tokens=("tokens_completion",),
        is_each_request=True,
    ),
    Format(
        name="openrouter_days",
        label="OpenRouter activity by day",
        provider="openrouter",
        day="date",
        model="model_permaslug",
        cost="usage",
        requests="requests",
        input_tokens=("prompt_tokens",),
        output_tokens=("completion_tokens",),
    ),
)
GENERIC: Final = "generic"
LABELS: Final = {
    **{one.name: one.label for one in FORMATS},
    GENERIC: "Any other CSV",
}


def recognise(header: list[str]) -> Format | None:
    """The format of a file with this header; None when it is none of ours."""
    names = set(header)
    return next((one for one in FORMATS if names.issuperset(one.columns)), None)


@dataclass(frozen=True, slots=True)
class Mapping:
    """The columns of a file of no known format, as its owner names them."""

    day: str = ""
    model: str = ""
    cost: str = ""
    requests: str = ""
    input_tokens: str = ""
    output_tokens: str = ""

    def to_format(self) -> Format:
        return Format(
            name=GENERIC,
            label=LABELS[GENERIC],
            provider="",
            day=self.day,
            model=self.model,
            cost=self.cost,
            requests=self.requests,
            input_tokens=(self.input_tokens,) if self.input_tokens else (),
            output_tokens=(self.output_tokens,) if self.output_tokens else (),
        )
