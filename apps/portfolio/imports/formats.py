"""Exports of usage, known by the names of their columns.

Sources: OpenAI's usage export and its organization usage API, Anthropic's console
export and its usage report API, LiteLLM's spend logs (the table's own columns),
OpenRouter's activity export and its activity API. Compared with files and schemas that
people published; a column that a source adds changes nothing. JSON answers are read
as rows of the same names, a dot standing for what is nested.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Format:
    """Which columns hold what; several of one kind are summed."""

    name: str
    label: str
    # The maker of every model in it; empty: the rows say it, or nobody does.
    maker: str
    day: str
    model: str
    input_tokens: tuple[str, ...]
    output_tokens: tuple[str, ...]
    # Part of the input; () where the source does not say.
    cached_tokens: tuple[str, ...] = ()
    requests: str = ""
    is_each_request: bool = False
    cost: str = ""
    # The first of these that says something tells keys, teams or apps apart.
    groups: tuple[str, ...] = ()
    maker_column: str = ""
    # Rows with another call than these are no chats.
    call_type: str = ""
    # Rows that no provider answered, or that a cache did.
    failed: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns without which a file is not of this format."""
        named = (self.day, self.model, self.requests)
        return tuple(filter(None, (*named, *self.input_tokens, *self.output_tokens)))


_YES: Final = ("true", "t", "1", "yes")
FORMATS: Final = (
    Format(
        name="openai_usage",
        label="OpenAI usage export",
        maker="openai",
        day="start_time_iso",
        model="model",
        requests="num_model_requests",
        input_tokens=("input_tokens",),
        cached_tokens=("input_cached_tokens",),
        output_tokens=("output_tokens",),
        groups=("api_key_name", "api_key_id", "project_name", "project_id"),
    ),
    Format(
        name="openai_usage_api",
        label="OpenAI usage export (JSON)",
        maker="openai",
        day="start_time",
        model="model",
        requests="num_model_requests",
        input_tokens=("input_tokens",),
        cached_tokens=("input_cached_tokens",),
        output_tokens=("output_tokens",),
        groups=("api_key_id", "project_id"),
    ),
    Format(
        name="anthropic_usage",
        label="Anthropic usage export",
        maker="anthropic",
        day="usage_date_utc",
        model="model_version",
        input_tokens=(
            "usage_input_tokens_no_cache",
            "usage_input_tokens_cache_write_5m",
            "usage_input_tokens_cache_write_1h",
            "usage_input_tokens_cache_read",
        ),
        cached_tokens=("usage_input_tokens_cache_read",),
        output_tokens=("usage_output_tokens",),
        groups=("api_key", "workspace"),
    ),
    Format(
        name="anthropic_usage_api",
        label="Anthropic usage export (JSON)",
        maker="anthropic",
        day="starting_at",
        model="model",
        input_tokens=(
            "uncached_input_tokens",
            "cache_creation.ephemeral_5m_input_tokens",
            "cache_creation.ephemeral_1h_input_tokens",
            "cache_read_input_tokens",
        ),
        cached_tokens=("cache_read_input_tokens",),
        output_tokens=("output_tokens",),
        groups=("api_key_id", "workspace_id"),
    ),
    Format(
        name="litellm_spend_logs",
        label="LiteLLM spend logs",
        maker="",
        maker_column="custom_llm_provider",
        day="startTime",
        model="model",
        is_each_request=True,
        input_tokens=("prompt_tokens",),
        cached_tokens=(
            "metadata.usage_object.prompt_tokens_details.cached_tokens",
            "metadata.usage_object.cache_read_input_tokens",
        ),
        output_tokens=("completion_tokens",),
        cost="spend",
        groups=("metadata.user_api_key_alias", "team_id", "api_key"),
        call_type="call_type",
        failed=(("status", ("failure",)), ("cache_hit", _YES)),
    ),
    Format(
        name="openrouter_activity",
        label="OpenRouter activity export",
        maker="",
        day="created_at",
        model="model_permaslug",
        is_each_request=True,
        input_tokens=("tokens_prompt",),
        cached_tokens=("tokens_cached",),
        output_tokens=("tokens_completion",),
        cost="cost_total",
        groups=("api_key_name", "app_name"),
    ),
    Format(
        name="openrouter_days",
        label="OpenRouter activity by day",
        maker="",
        day="date",
        model="model_permaslug",
        requests="requests",
        input_tokens=("prompt_tokens",),
        output_tokens=("completion_tokens",),
        cost="usage",
        groups=("api_key_name", "app_name"),
    ),
)
TRAFFIC: Final = "router_traffic"
LABELS: Final = {
    **{one.name: one.label for one in FORMATS},
    TRAFFIC: "Traffic of this router",
}
# Chats under the names that spend logs give them; "" is not said.
CHATS: Final = frozenset(
    {
        *("", "completion", "acompletion", "text_completion", "atext_completion"),
        *("responses", "aresponses", "anthropic_messages"),
    }
)
# Exports that are mistaken for these, and what to take in their place.
_LOOKALIKES: Final = (
    (
        {"amount_value", "line_item"},
        "This is OpenAI's cost export, which has no tokens. Take the usage export of "
        "completions.",
    ),
    (
        {"usage_date_utc", "cost_usd"},
        "This is Anthropic's cost export, which has no tokens. Take the usage export.",
    ),
)


def recognise(columns: set[str]) -> Format | None:
    """The format whose columns are all there; None when it is none of these."""
    return next((one for one in FORMATS if columns.issuperset(one.columns)), None)


def mistaken(columns: set[str]) -> str:
    """What to say of a file that is known, but is of no use here; else ""."""
    return next((text for names, text in _LOOKALIKES if columns >= names), "")
