"""How hard a model is to think, in Anthropic's words.

OpenAI's clients name an effort. Claude up to 4.5 takes a budget of tokens, from 4.6 on
it thinks as it sees fit under an effort, and before 3.7 it does not think at all:
https://platform.claude.com/docs/en/build-with-claude/thinking
"""

import re
from typing import Any, Final

# The share of the output limit that thoughts may take, as OpenRouter divides it:
# https://openrouter.ai/docs/use-cases/reasoning-tokens
_SHARES: Final = {
    "minimal": 0.1,
    "low": 0.2,
    "medium": 0.5,
    "high": 0.8,
    "xhigh": 0.9,
    "max": 0.9,
}
LEAST_BUDGET: Final = 1024
MOST_BUDGET: Final = 32_000
# What an output limit must exceed for the least budget to leave room for an answer.
LEAST_LIMIT: Final = 2 * LEAST_BUDGET
_VERSION: Final = re.compile(r"claude-(?:[a-z]+-)?(\d{1,2})(?:[.-](\d{1,2}))?(?![0-9])")
_FIRST_ADAPTIVE: Final = (4, 6)
_FIRST_XHIGH: Final = (4, 7)
_FIRST_THINKING: Final = (3, 7)


def version_of(model: str) -> tuple[int, int] | None:
    """The version in a model's id: claude-opus-4-5-20251101 is (4, 5)."""
    found = _VERSION.search(model.lower())
    if found is None:
        return None
    return int(found[1]), int(found[2] or 0)


def thinking(effort: object, *, model: str, limit: int) -> dict[str, Any] | None:
    """The fields that ask for this effort; None where the model cannot be asked."""
    version = version_of(model)
    if not isinstance(effort, str) or effort == "none":
        return {}
    if version is None or version < _FIRST_THINKING:
        return None
    if version >= _FIRST_ADAPTIVE:
        wanted = _known(effort, version)
        return {"thinking": {"type": "adaptive"}, "output_config": {"effort": wanted}}
    if limit < LEAST_LIMIT:
        return None
    budget = int(limit * _SHARES.get(effort, _SHARES["medium"]))
    budget = min(max(budget, LEAST_BUDGET), MOST_BUDGET)
    return {"thinking": {"type": "enabled", "budget_tokens": budget}}


def _known(effort: str, version: tuple[int, int]) -> str:
    if effort == "xhigh" and version < _FIRST_XHIGH:
        return "high"
    return "low" if effort == "minimal" else effort


def is_on(call: dict[str, Any]) -> bool:
    """Whether this call asks for thoughts."""
    asked = call.get("thinking")
    return isinstance(asked, dict) and asked.get("type") in ("enabled", "adaptive")


def may_continue(messages: list[dict[str, Any]]) -> bool:
    """Whether the turn that goes on may be thought about.

    A turn with tool calls under way must begin with its thoughts, signed; one that
    another model began has none, and is refused with thinking switched on.
    """
    last = messages[-1] if messages else {}
    if last.get("role") != "user" or not _has(last, "tool_result"):
        return True
    before = [turn for turn in messages if turn.get("role") == "assistant"]
    return bool(before) and _has(before[-1], "thinking", "redacted_thinking")


def _has(turn: dict[str, Any], *kinds: str) -> bool:
    content = turn.get("content")
    blocks = content if isinstance(content, list) else []
    return any(isinstance(b, dict) and b.get("type") in kinds for b in blocks)
