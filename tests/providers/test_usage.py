from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.providers.adapters.usage import (
    MAX_TOKENS,
    anthropic_usage,
    openai_shape,
    openai_usage,
)
from apps.providers.wire import Usage


@pytest.mark.parametrize(
    ("fields", "usage"),
    [
        (
            {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
            Usage(fresh=100, output=20),
        ),
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 20,
                "prompt_tokens_details": {"cached_tokens": 60},
                "completion_tokens_details": {"reasoning_tokens": 12},
            },
            Usage(fresh=40, cache_read=60, output=20, reasoning=12),
        ),
        (  # OpenRouter
            {
                "prompt_tokens": 100,
                "completion_tokens": 1,
                "prompt_tokens_details": {
                    "cached_tokens": 60,
                    "cache_write_tokens": 30,
                },
            },
            Usage(fresh=10, cache_read=60, cache_write_5m=30, output=1),
        ),
        (  # DeepSeek
            {
                "prompt_tokens": 100,
                "completion_tokens": 1,
                "prompt_cache_hit_tokens": 64,
                "prompt_cache_miss_tokens": 36,
            },
            Usage(fresh=36, cache_read=64, output=1),
        ),
        (  # Moonshot
            {"prompt_tokens": 10, "completion_tokens": 1, "cached_tokens": 4},
            Usage(fresh=6, cache_read=4, output=1),
        ),
        (  # xAI counts thoughts beside the completion
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 115,
                "completion_tokens_details": {"reasoning_tokens": 100},
            },
            Usage(fresh=10, output=105, reasoning=100),
        ),
        (  # Gemini shows thoughts only in the total
            {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 75},
            Usage(fresh=10, output=65, reasoning=60, is_estimated=True),
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": 5, "reasoning_tokens": 7},
            Usage(fresh=10, output=12, reasoning=7),
        ),
        (
            {"prompt_tokens": 10.0, "completion_tokens": 5},
            Usage(fresh=10, output=5),
        ),
    ],
)
def test_openai_usage_becomes_disjoint(fields: dict[str, Any], usage: Usage) -> None:
    assert openai_usage(fields) == usage


@pytest.mark.parametrize(
    ("fields", "usage"),
    [
        ({"prompt_tokens": -5, "completion_tokens": 3}, Usage(output=3)),
        ({"prompt_tokens": "12", "completion_tokens": 3}, Usage(output=3)),
        ({"prompt_tokens": True, "completion_tokens": 3}, Usage(output=3)),
        ({"prompt_tokens": float("nan"), "completion_tokens": 3}, Usage(output=3)),
        (
            {"prompt_tokens": 10**30, "completion_tokens": 3},
            Usage(MAX_TOKENS, output=3),
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": 3, "cached_tokens": 50},
            Usage(cache_read=10, output=3),
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 4},
            Usage(fresh=10, output=3),
        ),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 3,
                "total_tokens": 13,
                "completion_tokens_details": {"reasoning_tokens": 9},
            },
            Usage(fresh=10, output=3, reasoning=3),
        ),
    ],
)
def test_a_lie_is_clamped_and_marked(fields: dict[str, Any], usage: Usage) -> None:
    found = openai_usage(fields)

    assert found is not None
    assert found.is_estimated
    assert (found.prompt, found.output, found.reasoning) == (
        usage.prompt,
        usage.output,
        usage.reasoning,
    )


@pytest.mark.parametrize("fields", [None, [], {}, "x", {"prompt_tokens": 0}])
def test_no_count_is_no_usage(fields: object) -> None:
    assert openai_usage(fields) is None
    assert anthropic_usage(fields) is None


def test_anthropic_buckets_are_kept_apart() -> None:
    usage = anthropic_usage(
        {
            "input_tokens": 10,
            "cache_read_input_tokens": 1000,
            "cache_creation_input_tokens": 300,
            "cache_creation": {
                "ephemeral_5m_input_tokens": 100,
                "ephemeral_1h_input_tokens": 200,
            },
            "output_tokens": 50,
            "output_tokens_details": {"thinking_tokens": 30},
        }
    )

    assert usage == Usage(10, 1000, 100, 200, 50, 30)
    assert usage.prompt == 1310


def test_anthropics_total_of_writes_rules_over_its_breakdown() -> None:
    first_round = {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 0}

    more = anthropic_usage(
        {"cache_creation_input_tokens": 300, "cache_creation": first_round}
    )
    less = anthropic_usage({"cache_creation": first_round})

    assert more == Usage(cache_write_5m=300)
    assert less == Usage(cache_write_5m=100)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.dictionaries(
        st.sampled_from(["cached_tokens", "reasoning_tokens", "x"]), inner, max_size=3
    ),
    max_leaves=5,
)
_names = st.sampled_from(
    [
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "prompt_tokens_details",
        "completion_tokens_details",
        "cached_tokens",
        "input_tokens",
        "output_tokens",
        "cache_creation",
        "cache_creation_input_tokens",
    ]
)


@settings(deadline=None)  # this machine may be busy
@given(st.dictionaries(_names, _json))
def test_nothing_that_a_provider_sends_breaks_the_account(
    fields: dict[str, Any],
) -> None:
    for usage in (openai_usage(fields), anthropic_usage(fields)):
        if usage is not None:
            buckets = (usage.fresh, usage.cache_read, usage.cache_write_5m)
            assert all(0 <= count < 2**31 for count in (*buckets, usage.output))
            assert usage.prompt < 2**31
            assert 0 <= usage.reasoning <= usage.output


def test_our_own_shape_reads_back_as_the_same_usage() -> None:
    usage = Usage(fresh=10, cache_read=20, cache_write_5m=5, output=7, reasoning=3)

    assert openai_usage(openai_shape(usage)) == usage


def test_sound_and_pictures_are_buckets_of_their_own() -> None:
    usage = openai_usage(
        {
            "prompt_tokens": 100,
            "completion_tokens": 60,
            "prompt_tokens_details": {
                "cached_tokens": 20,
                "audio_tokens": 30,
                "image_tokens": 10,
            },
            "completion_tokens_details": {
                "reasoning_tokens": 5,
                "audio_tokens": 40,
                "image_tokens": 99,
            },
        }
    )

    assert usage
    assert (usage.fresh, usage.cache_read) == (40, 20)
    assert (usage.audio_input, usage.image, usage.prompt) == (30, 10, 100)
    # Parts of the output that would be more than all of it are cut.
    assert (usage.audio_output, usage.image_output, usage.output) == (40, 15, 60)


def test_searches_of_the_provider_are_counted() -> None:
    usage = anthropic_usage(
        {
            "input_tokens": 10,
            "output_tokens": 5,
            "server_tool_use": {"web_search_requests": 2},
        }
    )

    assert usage
    assert usage.searches == 2
