"""Token counts as providers report them, made disjoint and safe to bill.

A provider may leave counts out, contradict itself or send nonsense. Nothing here
raises: what cannot be is clamped, and the usage is then marked as estimated.
"""

from typing import Any, Final

from apps.providers.wire import Usage

# Far above any context window; more is a mistake, and the ledger's columns are
# 32 bits wide.
MAX_TOKENS: Final = 100_000_000
# Without a provider's count, one token is taken for four characters, which is what
# English averages in the common tokenizers.
CHARACTERS_PER_TOKEN: Final = 4


class Counts:
    """Reads counts that came from outside, noting whether one had to be mended."""

    __slots__ = ("is_mended",)

    def __init__(self) -> None:
        self.is_mended = False

    def first(self, *values: object) -> int:
        """The first of `values` that is present, or 0."""
        for value in values:
            if value is not None:
                if type(value) is int and 0 <= value <= MAX_TOKENS:
                    return value
                return self._mended(value)
        return 0

    def at_most(self, value: int, limit: int) -> int:
        if value > limit:
            self.is_mended = True
        return min(value, limit)

    def _mended(self, value: object) -> int:
        if type(value) is float and value.is_integer() and 0 <= value <= MAX_TOKENS:
            return int(value)  # some count in floats
        self.is_mended = True
        return min(max(value, 0), MAX_TOKENS) if type(value) is int else 0


def openai_usage(fields: Any, raw: str = "") -> Usage | None:
    """Usage in OpenAI's shape and its dialects; None when nothing was counted."""
    if not isinstance(fields, dict):
        return None
    get, counts = fields.get, Counts()
    prompt = counts.first(get("prompt_tokens"), get("input_tokens"))
    output, reasoning = _openai_output(fields, counts, prompt)
    if prompt == 0 and output == 0:
        return None  # no call has an empty prompt: the server does not count
    details = _object(fields, "prompt_tokens_details")
    cached = counts.first(
        details.get("cached_tokens"),
        get("prompt_cache_hit_tokens"),  # https://api-docs.deepseek.com/guides/kv_cache
        get("cached_tokens"),  # Moonshot
    )
    cached = counts.at_most(cached, prompt)
    # https://openrouter.ai/docs/use-cases/usage-accounting
    written = counts.first(details.get("cache_write_tokens"))
    written = counts.at_most(written, prompt - cached)
    rest = prompt - cached - written
    audio = image = spoken = drawn = 0
    if details:
        audio = counts.at_most(counts.first(details.get("audio_tokens")), rest)
        image = counts.at_most(counts.first(details.get("image_tokens")), rest - audio)
    if said := _object(fields, "completion_tokens_details"):
        spoken = min(counts.first(said.get("audio_tokens")), output - reasoning)
        drawn = min(counts.first(said.get("image_tokens")), output - reasoning - spoken)
    return Usage(
        fresh=rest - audio - image,
        cache_read=cached,
        cache_write_5m=written,
        audio_input=audio,
        image=image,
        output=output,
        reasoning=reasoning,
        audio_output=spoken,
        image_output=drawn,
        is_estimated=counts.is_mended,
        raw=raw,
    )


def _openai_output(
    fields: dict[str, Any], counts: Counts, prompt: int
) -> tuple[int, int]:
    """All generated tokens, and the part of them that was thought.

    OpenAI counts thoughts within `completion_tokens`; xAI and Gemini bill them on
    top, which shows only in the total. So a total above its parts is believed.
    """
    get = fields.get
    output = counts.first(get("completion_tokens"), get("output_tokens"))
    details = _object(fields, "completion_tokens_details")
    reasoning = counts.first(details.get("reasoning_tokens"), get("reasoning_tokens"))
    total = counts.first(get("total_tokens"))
    beside = total - prompt - output
    if beside > 0:
        # Without the provider's word that the rest was thought, it is a guess.
        if reasoning != beside:
            counts.is_mended = True
        return output + beside, min(max(reasoning, beside), output + beside)
    if total == 0 and reasoning > output:
        return output + reasoning, reasoning
    if 0 < total < prompt + output:
        counts.is_mended = True
    return output, counts.at_most(reasoning, output)


def anthropic_usage(fields: Any, raw: str = "") -> Usage | None:
    """Usage in Anthropic's shape, whose buckets are disjoint already."""
    if not isinstance(fields, dict):
        return None
    get, counts = fields.get, Counts()
    written = counts.first(get("cache_creation_input_tokens"))
    parts = _object(fields, "cache_creation")
    hour = counts.first(parts.get("ephemeral_1h_input_tokens"))
    if written == 0:
        written = hour + counts.first(parts.get("ephemeral_5m_input_tokens"))
    # With server tools the breakdown covers the first round only: the total rules.
    hour = min(hour, written)
    output = counts.first(get("output_tokens"))
    details = _object(fields, "output_tokens_details")
    thought = counts.first(details.get("thinking_tokens"))
    usage = Usage(
        fresh=counts.first(get("input_tokens")),
        cache_read=counts.first(get("cache_read_input_tokens")),
        cache_write_5m=written - hour,
        cache_write_1h=hour,
        output=output,
        reasoning=counts.at_most(thought, output),
        searches=counts.first(
            _object(fields, "server_tool_use").get("web_search_requests")
        ),
        is_estimated=counts.is_mended,
        raw=raw,
    )
    return usage if usage.prompt or output else None


def _object(fields: dict[str, Any], name: str) -> dict[str, Any]:
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def openai_shape(usage: Usage) -> dict[str, Any]:
    """The usage as OpenAI's clients read it."""
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.output,
        "total_tokens": usage.prompt + usage.output,
        "prompt_tokens_details": {
            "cached_tokens": usage.cache_read,
            "cache_write_tokens": usage.cache_write_5m + usage.cache_write_1h,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }


def estimated_tokens(characters: int) -> int:
    return -(-characters // CHARACTERS_PER_TOKEN)
