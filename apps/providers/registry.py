"""The providers known by name: where each listens and which variable holds its key.

The catalog makes its Provider rows from this table, so a provider that speaks
OpenAI's protocol is one row here and no code. Servers that are not listed are added
by `manage add_provider`.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from apps.providers.wire import Protocol


@dataclass(frozen=True, slots=True)
class KnownProvider:
    """One provider as it is before anybody has configured it."""

    slug: str
    name: str
    base_url: str  # without a trailing slash; "/chat/completions" follows it
    api_key_env: str
    website: str
    protocol: Protocol = "openai"
    # Sent with every call beside what the protocol asks for.
    headers: tuple[tuple[str, str], ...] = ()
    # What the provider calls the cap on output; the other name is refused or, worse,
    # ignored, and then a caller's cap on cost holds nothing.
    output_limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    # False: it refuses `stream_options` and sends usage in its last chunk unasked.
    has_stream_options: bool = True
    # True: it takes Anthropic's marks of where a cached prompt ends, in OpenAI's shape.
    takes_cache_marks: bool = False
    # True: it also has OpenAI's Responses endpoint, `/responses`.
    has_responses: bool = False
    # What costs nothing and needs the key, to try a key out.
    probe_path: str = "/models"


# Shown in OpenRouter's activity list in place of "unknown app".
_OPENROUTER_TITLE: Final = (("X-Title", "ModelOptix"),)

_KNOWN: Final = (
    KnownProvider(
        "anthropic",
        "Anthropic",
        "https://api.anthropic.com/v1",
        "ANTHROPIC_API_KEY",
        "https://www.anthropic.com",
        protocol="anthropic",
    ),
    KnownProvider(
        "openrouter",
        "OpenRouter",
        "https://openrouter.ai/api/v1",
        "OPENROUTER_API_KEY",
        "https://openrouter.ai",
        headers=_OPENROUTER_TITLE,
        takes_cache_marks=True,
        probe_path="/key",  # its list of models is public
    ),
    KnownProvider(
        "ai21",
        "AI21",
        "https://api.ai21.com/studio/v1",
        "AI21_API_KEY",
        "https://www.ai21.com",
    ),
    KnownProvider(
        "alibaba",
        "Alibaba Cloud Model Studio",
        "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        "DASHSCOPE_API_KEY",
        "https://www.alibabacloud.com/product/modelstudio",
    ),
    KnownProvider(
        "arcee",
        "Arcee",
        "https://api.arcee.ai/api/v1",
        "ARCEE_API_KEY",
        "https://www.arcee.ai",
    ),
    KnownProvider(
        "baseten",
        "Baseten",
        "https://inference.baseten.co/v1",
        "BASETEN_API_KEY",
        "https://www.baseten.co",
    ),
    KnownProvider(
        "cerebras",
        "Cerebras",
        "https://api.cerebras.ai/v1",
        "CEREBRAS_API_KEY",
        "https://www.cerebras.ai",
    ),
    KnownProvider(
        "cohere",
        "Cohere",
        "https://api.cohere.ai/compatibility/v1",
        "COHERE_API_KEY",
        "https://cohere.com",
    ),
    KnownProvider(
        "deepinfra",
        "DeepInfra",
        "https://api.deepinfra.com/v1/openai",
        "DEEPINFRA_API_KEY",
        "https://deepinfra.com",
    ),
    KnownProvider(
        "deepseek",
        "DeepSeek",
        "https://api.deepseek.com/v1",
        "DEEPSEEK_API_KEY",
        "https://www.deepseek.com",
    ),
    KnownProvider(
        "fireworks",
        "Fireworks AI",
        "https://api.fireworks.ai/inference/v1",
        "FIREWORKS_API_KEY",
        "https://fireworks.ai",
    ),
    KnownProvider(
        "google",
        "Google Gemini API",
        # Gemini's own OpenAI-compatible endpoint:
        # https://ai.google.dev/gemini-api/docs/openai
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "GEMINI_API_KEY",
        "https://ai.google.dev",
    ),
    KnownProvider(
        "groq",
        "Groq",
        "https://api.groq.com/openai/v1",
        "GROQ_API_KEY",
        "https://groq.com",
    ),
    KnownProvider(
        "huggingface",
        "Hugging Face Inference Providers",
        "https://router.huggingface.co/v1",
        "HF_TOKEN",
        "https://huggingface.co",
    ),
    KnownProvider(
        "hyperbolic",
        "Hyperbolic",
        "https://api.hyperbolic.xyz/v1",
        "HYPERBOLIC_API_KEY",
        "https://www.hyperbolic.ai",
    ),
    KnownProvider(
        "minimax",
        "MiniMax",
        "https://api.minimax.io/v1",
        "MINIMAX_API_KEY",
        "https://www.minimax.io",
    ),
    KnownProvider(
        "mistral",
        "Mistral AI",
        "https://api.mistral.ai/v1",
        "MISTRAL_API_KEY",
        "https://mistral.ai",
        has_stream_options=False,
    ),
    KnownProvider(
        "moonshot",
        "Moonshot AI",
        "https://api.moonshot.ai/v1",
        "MOONSHOT_API_KEY",
        "https://www.moonshot.ai",
    ),
    KnownProvider(
        "nebius",
        "Nebius Token Factory",
        "https://api.tokenfactory.nebius.com/v1",
        "NEBIUS_API_KEY",
        "https://tokenfactory.nebius.com",
    ),
    KnownProvider(
        "novita",
        "Novita AI",
        "https://api.novita.ai/openai/v1",
        "NOVITA_API_KEY",
        "https://novita.ai",
    ),
    KnownProvider(
        "nvidia",
        "NVIDIA",
        "https://integrate.api.nvidia.com/v1",
        "NVIDIA_API_KEY",
        "https://build.nvidia.com",
    ),
    KnownProvider(
        "openai",
        "OpenAI",
        "https://api.openai.com/v1",
        "OPENAI_API_KEY",
        "https://openai.com",
        # Its reasoning models refuse `max_tokens`.
        output_limit="max_completion_tokens",
        has_responses=True,
    ),
    KnownProvider(
        "ovhcloud",
        "OVHcloud AI Endpoints",
        "https://oai.endpoints.kepler.ai.cloud.ovh.net/v1",
        "OVH_AI_ENDPOINTS_ACCESS_TOKEN",
        "https://www.ovhcloud.com",
    ),
    KnownProvider(
        "perplexity",
        "Perplexity",
        "https://api.perplexity.ai",
        "PERPLEXITY_API_KEY",
        "https://www.perplexity.ai",
    ),
    KnownProvider(
        "sambanova",
        "SambaNova",
        "https://api.sambanova.ai/v1",
        "SAMBANOVA_API_KEY",
        "https://sambanova.ai",
    ),
    KnownProvider(
        "scaleway",
        "Scaleway Generative APIs",
        "https://api.scaleway.ai/v1",
        "SCW_SECRET_KEY",
        "https://www.scaleway.com",
    ),
    KnownProvider(
        "together",
        "Together AI",
        "https://api.together.xyz/v1",
        "TOGETHER_API_KEY",
        "https://www.together.ai",
    ),
    KnownProvider(
        "upstage",
        "Upstage",
        "https://api.upstage.ai/v1",
        "UPSTAGE_API_KEY",
        "https://www.upstage.ai",
    ),
    KnownProvider(
        "xai",
        "xAI",
        "https://api.x.ai/v1",
        "XAI_API_KEY",
        "https://x.ai",
    ),
    KnownProvider(
        "zai",
        "Z.AI",
        "https://api.z.ai/api/paas/v4",
        "ZAI_API_KEY",
        "https://z.ai",
    ),
)

REGISTRY: Final = MappingProxyType({known.slug: known for known in _KNOWN})
