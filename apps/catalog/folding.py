"""Which names mean the same model: `author/name`, by stated rules only.

Two models listed apart are a nuisance, two models merged are a lie; so a name is
changed by nothing but the rules below, in this order. Sizes, dates, `-instruct`,
`-turbo` and `-fast` are never dropped: they may be other weights or another service.

1. An organization's spelling becomes one author (`zai-org` is `z-ai`); a name without
   one gets the author of its family (`claude-…` is `anthropic`), or is left out.
2. A provider's own spelling is undone: Fireworks' `glm-5p2`, Bedrock's `-v1:0`, Vertex'
   `@20250929` and `-maas`, the underscore in `Llama-3_1`.
3. A quantization at the very end (`-FP8`) is an offer's variant, not another model.
4. Names are equal when they are in lower case with every dot a hyphen, as Anthropic
   writes `claude-opus-4-5` where others write `claude-opus-4.5`.
"""

import re
from dataclasses import dataclass
from typing import Final

AUTHORS: Final = {
    "alibaba": "qwen",
    "deepseek-ai": "deepseek",
    "ibm": "ibm-granite",
    "meta-models": "meta",
    "minimaxai": "minimax",
    "mistral": "mistralai",
    "moonshot": "moonshotai",
    "stepfun-ai": "stepfun",
    "xai": "x-ai",
    "xiaomimimo": "xiaomi",
    "zai": "z-ai",
    "zai-org": "z-ai",
    "zhipuai": "z-ai",
}

# The first that fits; anything else without an organization stays unnamed.
_FAMILIES: Final = tuple(
    (re.compile(pattern), author)
    for pattern, author in (
        (r"(meta-)?llama-?v?\d.*nemotron|(nvidia-)?nemotron", "nvidia"),
        (r"deepseek-", "deepseek"),
        (r"(meta-)?llama-?v?\d|llama-guard|code-?llama", "meta-llama"),
        (r"muse-", "meta"),
        (r"gpt-|chatgpt-|o[134](-|$)|text-embedding-(3|ada)|dall-e-", "openai"),
        (r"whisper-|tts-1|sora-|codex-|davinci-|babbage-|computer-use", "openai"),
        (r"claude-", "anthropic"),
        (r"gemini-|gemma-|imagen-|veo-|lyria-|learnlm-", "google"),
        (r"(open-)?(mistral|mixtral|codestral)-", "mistralai"),
        (r"(mini|dev)stral-|magistral-|pixtral-|voxtral-", "mistralai"),
        (r"qwen|qwq-|qvq-", "qwen"),
        (r"glm-\d", "z-ai"),
        (r"kimi-|moonshot-v", "moonshotai"),
        (r"minimax-", "minimax"),
        (r"grok-", "x-ai"),
        (r"command-|embed-|rerank-|c4ai-|aya-", "cohere"),
        (r"jamba-", "ai21"),
        (r"granite-", "ibm-granite"),
        (r"phi-\d", "microsoft"),
        (r"nova-|titan-", "amazon"),
        (r"hermes-", "nousresearch"),
        (r"mercury-", "inception"),
        (r"sonar", "perplexity"),
        (r"pplx-", "perplexity"),
        (r"voyage-|rerank-lite", "voyageai"),
        (r"mimo-", "xiaomi"),
        (r"bge-", "baai"),
    )
)
_QUANTIZED: Final = re.compile(r"-(fp8|fp4|nvfp4|mxfp4|bf16|int8|int4|awq)$")
# The maker's longer and shorter name of the same weights, from its own model card.
_SAME: Final = {
    "meta-llama/llama-4-maverick": "meta-llama/llama-4-maverick-17b-128e-instruct",
    "meta-llama/llama-4-maverick-17b-128e": (
        "meta-llama/llama-4-maverick-17b-128e-instruct"
    ),
    "meta-llama/llama-4-scout": "meta-llama/llama-4-scout-17b-16e-instruct",
    "meta-llama/llama-4-scout-17b-16e": "meta-llama/llama-4-scout-17b-16e-instruct",
    "meta-llama/llama-3.3-70b-versatile": "meta-llama/llama-3.3-70b-instruct",
    "meta-llama/llama-3.1-8b-instant": "meta-llama/llama-3.1-8b-instruct",
}


@dataclass(frozen=True, slots=True)
class Name:
    """A model's canonical name, and how this offer of it differs."""

    author: str
    name: str
    variant: str = ""

    @property
    def slug(self) -> str:
        slug = f"{self.author}/{self.name}"
        return _SAME.get(slug, slug)


# One company that publishes under two names.
_VENDORS: Final = {"meta-llama": "meta"}


def vendor_of(author: str) -> str:
    """The company behind an author."""
    return _VENDORS.get(author, author)


def match_key(slug: str) -> str:
    """What two slugs share when they name one model (rule 4)."""
    slug = slug.lower().replace("_", "-")
    return _SAME.get(slug, slug).replace(".", "-")


def read_name(text: str) -> Name | None:
    """Read `org/name` or a bare name; None when its maker cannot be told."""
    org, _, name = text.strip().lower().rpartition("/")
    # Digits around an underscore are a version: Hugging Face forbids no dot, some do.
    name = re.sub(r"(?<=\d)_(?=\d)", ".", name)
    author = _author(org, name)
    # A second slash is a setting of the provider, such as `/community`.
    if not author or not name or "/" in author:
        return None
    quantized = _QUANTIZED.search(name)
    variant = quantized[1] if quantized else ""
    name = _spell(author, _QUANTIZED.sub("", name))
    return Name(author, name, variant)


def _author(org: str, name: str) -> str:
    # Two organizations of one company: the Llama models keep their own.
    if org in {"meta", "meta-llama"}:
        return "meta-llama" if "llama" in name else "meta"
    if org:
        return AUTHORS.get(org, org)
    return next((author for fits, author in _FAMILIES if fits.match(name)), "")


def _spell(author: str, name: str) -> str:
    if author == "meta-llama":
        name = re.sub(r"^(meta-)?llama-?v?(?=\d)", "llama-", name)
    if author == "qwen":
        name = re.sub(r"^qwen-(?=\d)", "qwen", name)
    return name


def undo_fireworks(upstream_id: str) -> str:
    name = upstream_id.removeprefix("accounts/fireworks/models/")
    return re.sub(r"(?<=\d)p(?=\d)", ".", name)


def undo_bedrock(upstream_id: str) -> str:
    """`anthropic.claude-haiku-4-5-20251001-v1:0` is `anthropic/claude-haiku-…`."""
    vendor, _, name = upstream_id.partition(".")
    # `-v1:0` counts Bedrock's releases (Amazon's own names hold the `-v1`), but
    # Mistral's `-v0:2` is the 0.2 of its weights.
    name = re.sub(r":\d+$" if vendor == "amazon" else r"-v?[1-9]:\d+$", "", name)
    name = name.replace(":", ".")
    if vendor == "deepseek" and not name.startswith("deepseek"):
        name = f"deepseek-{name}"
    return f"{vendor}/{name}"


def undo_azure(upstream_id: str) -> str:
    """Azure allowed no dot in the first deployment names."""
    return upstream_id.replace("gpt-35-", "gpt-3.5-")


def undo_vertex(upstream_id: str) -> str:
    name = upstream_id.removesuffix("@default").removesuffix("-maas")
    return re.sub(r"@(?=\d)", "-", name)
