"""What changes in a request with a switch."""

from dataclasses import replace

from apps.opportunities.engine.migration import Change, changes, snippets
from apps.router.engine.parameters import Matrix, Parameter
from tests.opportunities.offers import GPT_4O, MINI, need

TAKEN = Matrix(
    {
        "temperature": Parameter(maximum=1.0),
        "max_completion_tokens": Parameter(),
        "top_p": Parameter(minimum=0.0, maximum=1.0),
        "seed": Parameter(minimum=0.0),
        "reasoning_effort": Parameter(choices=("low", "high")),
        "stop": Parameter(),
    },
    is_complete=True,
)
WIDER = Matrix({"temperature": Parameter(maximum=2.0)}, is_complete=True)
CANDIDATE = replace(MINI, matrix=TAKEN)


def found(*parameters: str, **fields: object) -> dict[str, Change]:
    current = replace(GPT_4O, matrix=WIDER)
    candidate = replace(CANDIDATE, **fields)  # type: ignore[arg-type]
    rows = changes(current, candidate, need(parameters=parameters))
    return {change.parameter: change for change in rows}


def test_each_parameter_is_kept_adjusted_dropped_or_renamed() -> None:
    rows = found("temperature", "max_tokens", "top_k", "stop", "tools", "seed", "top_p")

    assert rows["model"].after == "openai/gpt-4o-mini"
    assert (rows["temperature"].before, rows["temperature"].after) == (
        "up to 2",
        "up to 1",
    )
    assert rows["max_tokens"].after == "max_completion_tokens"
    assert rows["top_k"].action == "drop"
    assert "depends on it" in rows["tools"].why
    assert rows["stop"].action == "keep"
    assert rows["seed"].after == "from 0"
    assert rows["top_p"].after == "0 to 1"


def test_choices_of_another_kind_are_an_adjustment() -> None:
    assert found("reasoning_effort")["reasoning_effort"].after == "low, high"


def test_what_nobody_assessed_is_kept_and_said_so() -> None:
    assert "not assessed" in found("temperature", matrix=None)["temperature"].why
    unknown = Matrix({}, is_complete=False)
    assert "not assessed" in found("temperature", matrix=unknown)["temperature"].why


def test_the_same_range_is_kept() -> None:
    assert found("temperature", matrix=WIDER)["temperature"].action == "keep"


def test_a_name_without_another_is_kept() -> None:
    both = Matrix({"max_tokens": Parameter()}, is_complete=True)
    neither = Matrix({"stop": Parameter()}, is_complete=False)

    assert found("max_tokens", matrix=both)["max_tokens"].action == "keep"
    assert found("max_tokens", matrix=neither)["max_tokens"].action == "keep"


def test_what_the_new_api_needs_is_added() -> None:
    assert found(protocol="anthropic")["max_tokens"].action == "add"
    assert found("max_tokens", protocol="anthropic")["max_tokens"].action != "add"


def test_thinking_is_held_down() -> None:
    assert found(has_reasoning=True)["reasoning_effort"].after == "low"
    named = found("reasoning_effort", has_reasoning=True)
    assert named["reasoning_effort"].action == "adjust"
    assert "reasoning_effort" not in found(has_reasoning=True, matrix=None)


def test_an_alias_keeps_its_name_and_what_changes_stands_first() -> None:
    rows = changes(GPT_4O, CANDIDATE, need(is_routed=True, parameters=("top_k",)))

    assert [row.action for row in rows] == ["drop", "keep"]


def test_snippets_name_the_model_or_the_alias() -> None:
    plain = snippets(MINI, base_url="https://mx.test/")
    routed = snippets(MINI, base_url="https://mx.test", alias="uc/triage")

    assert [one.slug for one in plain] == ["curl", "openai", "anthropic"]
    assert "https://mx.test/v1/chat/completions" in plain[0].code
    assert all("openai/gpt-4o-mini" in one.code for one in plain)
    assert all("uc/triage" in one.code for one in routed)
