"""Which names are one model, and above all which are not."""

import pytest

from apps.catalog.folding import (
    match_key,
    read_name,
    undo_azure,
    undo_bedrock,
    undo_fireworks,
    undo_vertex,
)


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("gpt-4o-mini", "openai/gpt-4o-mini"),
        ("openai/gpt-oss-120b", "openai/gpt-oss-120b"),
        ("claude-opus-5-5", "anthropic/claude-opus-5-5"),
        ("gemini-4-argon", "google/gemini-4-argon"),
        ("zai-org/GLM-5.3", "z-ai/glm-5.3"),
        ("deepseek-ai/DeepSeek-V4-Pro", "deepseek/deepseek-v4-pro"),
        ("Meta-Llama-3_3-70B-Instruct", "meta-llama/llama-3.3-70b-instruct"),
        ("meta/llama-3.3-70b-instruct", "meta-llama/llama-3.3-70b-instruct"),
        ("meta/muse-spark-1.3", "meta/muse-spark-1.3"),
        ("qwen-3-32b", "qwen/qwen3-32b"),
        ("Llama-3.1-Nemotron-70B", "nvidia/llama-3.1-nemotron-70b"),
        (
            "meta-llama/llama-4-scout",
            "meta-llama/llama-4-scout-17b-16e-instruct",
        ),
    ],
)
def test_a_spelling_becomes_the_canonical_slug(text: str, slug: str) -> None:
    name = read_name(text)

    assert name is not None
    assert name.slug == slug


@pytest.mark.parametrize("text", ["", "dobby-unhinged", "a/b/c", "openai/"])
def test_a_name_without_a_known_maker_is_left_out(text: str) -> None:
    assert read_name(text) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("openai/gpt-4o-2024-08-06", "openai/gpt-4o-2024-11-20"),
        ("openai/gpt-4o-2024-08-06", "openai/gpt-4o"),
        ("anthropic/claude-haiku-4-5-20251001", "anthropic/claude-haiku-4-5"),
        ("qwen/qwen2.5-7b-instruct", "qwen/qwen2.5-7b"),
        ("qwen/qwen2.5-7b-instruct-turbo", "qwen/qwen2.5-7b-instruct"),
        ("z-ai/glm-5.3-fast", "z-ai/glm-5.3"),
        ("meta-llama/llama-3.1-8b-instruct", "meta-llama/llama-3.1-70b-instruct"),
    ],
)
def test_dates_sizes_and_services_stay_apart(one: str, other: str) -> None:
    assert match_key(one) != match_key(other)


def test_dots_and_hyphens_are_one() -> None:
    assert match_key("anthropic/claude-opus-4.5") == match_key(
        "anthropic/claude-opus-4-5"
    )


def test_a_quantization_is_a_variant_of_the_same_model() -> None:
    name = read_name("zai-org/GLM-4.7-FP8")

    assert name is not None
    assert (name.slug, name.variant) == ("z-ai/glm-4.7", "fp8")


def test_providers_own_spellings_are_undone() -> None:
    assert undo_fireworks("accounts/fireworks/models/glm-5p2") == "glm-5.2"
    assert undo_vertex("claude-haiku-4-5@20251001") == "claude-haiku-4-5-20251001"
    assert undo_vertex("claude-opus-5@default") == "claude-opus-5"
    assert undo_azure("gpt-35-turbo") == "gpt-3.5-turbo"


@pytest.mark.parametrize(
    ("upstream_id", "name"),
    [
        (
            "anthropic.claude-haiku-4-5-20251001-v1:0",
            "anthropic/claude-haiku-4-5-20251001",
        ),
        ("amazon.nova-lite-v1:0", "amazon/nova-lite-v1"),
        ("mistral.mistral-7b-instruct-v0:2", "mistral/mistral-7b-instruct-v0.2"),
        ("openai.gpt-oss-20b-1:0", "openai/gpt-oss-20b"),
        ("deepseek.r1-v1:0", "deepseek/deepseek-r1"),
        ("deepseek.v3.2", "deepseek/deepseek-v3.2"),
    ],
)
def test_bedrock_ids_lose_their_release_but_no_version(
    upstream_id: str, name: str
) -> None:
    assert undo_bedrock(upstream_id) == name
