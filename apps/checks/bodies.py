"""What is sent to a model: for an answer, and for a judgement. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from apps.checks.limits import MOST_TOKENS, USUAL_TOKENS
from apps.router.engine import judging

PARAMETERS: Final = ("temperature", "top_p", "max_tokens", "seed", "stop", "json_mode")

Messages = Sequence[Mapping[str, Any]]


def clean_parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as they are kept; ValueError names the one that is wrong."""
    if unknown := sorted(set(given) - set(PARAMETERS)):
        raise ValueError(f"{unknown[0]} is no parameter of a check.")
    kept = {name: value for name, value in given.items() if value not in (None, "")}
    _refuse_outside(kept, "temperature", 0, 2)
    _refuse_outside(kept, "top_p", 0, 1)
    _refuse_outside(kept, "max_tokens", 1, MOST_TOKENS)
    if "seed" in kept and not isinstance(kept["seed"], int):
        raise ValueError("seed is a whole number.")
    stops = kept.get("stop", [])
    if not isinstance(stops, list) or not all(isinstance(s, str) for s in stops):
        raise ValueError("stop is a list of texts.")
    if len(stops) > 4:
        raise ValueError("stop has at the most four texts.")
    return kept


def answer_body(
    messages: Messages, system: str, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """The body of one prompt, but for the model. A check's own system prompt stands in
    place of the prompt's.
    """
    asked = [dict(message) for message in messages]
    if system:
        asked = [m for m in asked if m["role"] not in {"system", "developer"}]
        asked.insert(0, {"role": "system", "content": system})
    sent = {name: value for name, value in parameters.items() if name != "json_mode"}
    if parameters.get("json_mode"):
        sent["response_format"] = {"type": "json_object"}
    return {"max_tokens": USUAL_TOKENS, **sent, "messages": asked}


def judge_body(
    messages: Messages, system: str, answers: tuple[str, str]
) -> dict[str, Any]:
    """The body of one judgement: the pair in this order, without names."""
    shown = answer_body(messages, system, {})["messages"]
    return judging.question(shown, *answers)


def longest_judge_body(messages: Messages, system: str) -> dict[str, Any]:
    """The same around the longest answers that are shown, to tell what it may cost."""
    filled = "x" * judging.MOST_ANSWER
    return judge_body(messages, system, (filled, filled))


def _refuse_outside(
    given: Mapping[str, Any], name: str, least: float, most: float
) -> None:
    if name not in given:
        return
    value = given[name]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not least <= value <= most:
        raise ValueError(f"{name} is a number from {least} to {most}.")
    if name == "max_tokens" and not isinstance(value, int):
        raise ValueError("max_tokens is a whole number.")
