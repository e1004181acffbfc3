"""Read the price table inside the `litellm` wheel (MIT).

`model_prices_and_context_window_backup.json` maps a routing name to facts; prices are
floats per token. What it cannot mean is left out: fine-tunes, sizes of pictures, price
brackets of retired catalogs, and `-latest` pointers, whose target it does not name.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, Final

from apps.catalog.folding import (
    Name,
    read_name,
    undo_azure,
    undo_bedrock,
    undo_fireworks,
    undo_vertex,
)
from apps.catalog.seed_format import ParameterFact
from apps.catalog.sources.listing import Listing
from apps.catalog.sources.litellm_prices import read_prices

type Entry = Mapping[str, Any]

_KINDS: Final = {
    "chat": "chat",
    "responses": "chat",
    "embedding": "embedding",
    "image_generation": "image",
    "image_edit": "image",
    "audio_transcription": "audio",
    "audio_speech": "audio",
    "realtime": "audio",
    "video_generation": "video",
    "rerank": "rerank",
}

# Its provider, then ours and how a name of theirs is undone.
type Undo = Callable[[str], str]
PROVIDERS: Final[dict[str, tuple[str, Undo]]] = {
    "ai21": ("ai21", str),
    "amazon_nova": ("amazon-nova", "amazon/{}".format),
    "anthropic": ("anthropic", str),
    "azure": ("azure", undo_azure),
    "baseten": ("baseten", str),
    "bedrock": ("bedrock", undo_bedrock),
    "bedrock_converse": ("bedrock", undo_bedrock),
    "cerebras": ("cerebras", str),
    "cohere": ("cohere", str),
    "cohere_chat": ("cohere", str),
    "crusoe": ("crusoe", str),
    "dashscope": ("alibaba", str),
    "deepinfra": ("deepinfra", str),
    "deepseek": ("deepseek", str),
    "fireworks_ai": ("fireworks", undo_fireworks),
    "friendliai": ("friendli", str),
    "gemini": ("google", str),
    "gmi": ("gmi", str),
    "groq": ("groq", str),
    "hyperbolic": ("hyperbolic", str),
    "inception": ("inception", "inception/{}".format),
    "meta": ("meta", "meta/{}".format),
    "minimax": ("minimax", "minimax/{}".format),
    "mistral": ("mistral", str),
    "moonshot": ("moonshot", str),
    "nebius": ("nebius", str),
    "novita": ("novita", str),
    "nscale": ("nscale", str),
    "openai": ("openai", str),
    "ovhcloud": ("ovhcloud", str),
    "perplexity": ("perplexity", str),
    "sambanova": ("sambanova", str),
    "scaleway": ("scaleway", str),
    "tencent": ("tencent", str),
    "together_ai": ("together", str),
    "vertex_ai": ("vertex", undo_vertex),
    "vertex_ai-anthropic_models": ("vertex", undo_vertex),
    "vertex_ai-deepseek_models": ("vertex", undo_vertex),
    "vertex_ai-embedding-models": ("vertex", undo_vertex),
    "vertex_ai-language-models": ("vertex", undo_vertex),
    "vertex_ai-llama_models": ("vertex", undo_vertex),
    "vertex_ai-mistral_models": ("vertex", undo_vertex),
    "voyage": ("voyage", "voyageai/{}".format),
    "wandb": ("wandb", str),
    "xai": ("xai", str),
    "xiaomi_mimo": ("xiaomi", str),
    "zai": ("zai", str),
}
# Where a provider repeats its offers under a region; the others have one price.
_REGIONS: Final = {
    "azure": re.compile(r"(?P<region>eu|us|global|global-standard|apac)/(?P<id>[^/]+)"),
    "bedrock": re.compile(
        r"(?P<region>us|eu|global|jp|au|apac|in)\.(?P<id>[a-z0-9]+\..+)"
    ),
}
_NOT_A_MODEL: Final = re.compile(
    r"latest|^ft:|[*~ ]|routers/|^together-ai-|preset/|us-gov|@default"
)
# Served at the chat endpoint, but not to chat: a router must not choose them.
_SPECIAL: Final = (
    (re.compile(r"audio|-tts|-live|realtime|transcri|voice|voxtral|lyria"), "audio"),
    (
        re.compile(
            r"guard|moderation|-ocr|ocr-|robotics|deep-research|computer-use|autoglm|"
            r"search-(preview|api)|-base(-|$)|prover|translat|-mt-|^sam-|-python$"
        ),
        "other",
    ),
)
# Providers whose own names carry an organization; elsewhere a slash is a setting.
_FLAT: Final = {"azure", "bedrock", "google", "openai", "vertex", "zai"}
# Fireworks lists each model twice; Perplexity's agent resells other makers' models at
# a price of its own kind, and its first models of 2023 are gone.
_WANTED: Final = {
    "fireworks": re.compile(r"accounts/fireworks/models/"),
    "perplexity": re.compile(r"sonar(-|$)(?!small|medium)|pplx-embed"),
}
# Fireworks' entries without a source are brackets by size for deployments of one's own.
_NEEDS_SOURCE: Final = {"fireworks"}


def read_listings(payload: Mapping[str, Entry], *, version: str) -> Iterator[Listing]:
    """Every entry whose provider and maker are known, priced or not."""
    for key, entry in payload.items():
        known = PROVIDERS.get(entry.get("litellm_provider", ""))
        if not known or entry.get("mode") not in _KINDS or _NOT_A_MODEL.search(key):
            continue
        provider, undo = known
        if provider in _NEEDS_SOURCE and not entry.get("source"):
            continue
        region, upstream_id = _place(key, entry["litellm_provider"], provider)
        name = _name(provider, upstream_id, undo)
        if name:
            yield _listing(
                entry,
                name=name,
                place=(provider, upstream_id, region),
                version=version,
            )


def _place(key: str, prefix: str, provider: str) -> tuple[str, str]:
    for known in (prefix, "vertex_ai", "bedrock", "amazon-nova"):
        key = key.removeprefix(f"{known}/")
    fits = provider in _REGIONS and _REGIONS[provider].fullmatch(key)
    return (fits["region"], fits["id"]) if fits else ("", key)


def _name(provider: str, upstream_id: str, undo: Undo) -> Name | None:
    is_setting = provider in _FLAT and "/" in upstream_id
    wanted = _WANTED.get(provider)
    if is_setting or (wanted and not wanted.match(upstream_id)):
        return None
    return read_name(undo(upstream_id))


def _kind(entry: Entry, name: str) -> str:
    kind = _KINDS[entry["mode"]]
    if kind != "chat":
        return kind
    return next((other for fits, other in _SPECIAL if fits.search(name)), kind)


def _listing(
    entry: Entry, *, name: Name, place: tuple[str, str, str], version: str
) -> Listing:
    provider, upstream_id, region = place
    kind = _kind(entry, name.name)
    endpoints = entry.get("supported_endpoints") or ["/v1/chat/completions"]
    via = f"litellm {version}"
    source = entry.get("source") or ""
    return Listing(
        name=name,
        provider=provider,
        upstream_id=upstream_id,
        region=region,
        kind=kind,
        source=f"{source} via {via}" if source.startswith("https://") else via,
        is_chat=entry["mode"] == "chat" and "/v1/chat/completions" in endpoints,
        context_tokens=_whole(entry.get("max_input_tokens")),
        max_output_tokens=_whole(entry.get("max_output_tokens")),
        has_vision=entry.get("supports_vision"),
        has_tools=entry.get("supports_function_calling"),
        has_json_schema=entry.get("supports_response_schema"),
        has_reasoning=entry.get("supports_reasoning"),
        sunset_on=_day(entry.get("deprecation_date")),
        parameters=tuple(_parameters(entry)) or None,
        prices=tuple(read_prices(entry, kind=kind)),
    )


_FLAGS: Final = {
    "supports_function_calling": "tools",
    "supports_tool_choice": "tool_choice",
    "supports_parallel_function_calling": "parallel_tool_calls",
    "supports_response_schema": "structured_outputs",
}


def _parameters(entry: Entry) -> Iterator[ParameterFact]:
    """The few parameters it has flags for: no whole list, so the rest stays unknown."""
    for flag, name in _FLAGS.items():
        if isinstance(entry.get(flag), bool):
            yield ParameterFact(name, is_supported=entry[flag])
    efforts = entry.get("reasoning_effort_levels")
    if isinstance(efforts, list) and efforts:
        default = entry.get("default_reasoning_effort")
        yield ParameterFact("reasoning_effort", default=default, choices=tuple(efforts))


def _whole(value: object) -> int | None:
    """A count; zero and texts stand for "not known" in this source."""
    return int(value) if isinstance(value, int | float) and value > 0 else None


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None
