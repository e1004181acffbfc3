"""Guess the task of a conversation from its structure and from plain rules.

Structure is certain (tools mean an agent's step, an image part means an image), so
it decides alone. Rules give points to tasks; the shares of the points are the
probabilities. Under 60 % nothing is certain enough and the task is plain chat.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from apps.router.engine.clues import points_of

TASKS: Final = (
    "chat",
    "coding",
    "reasoning",
    "summarization",
    "translation",
    "image",
    "agent_step",
)
CERTAIN_FROM: Final = 0.6
# Instructions stand at the beginning or at the end; a long middle is material.
READ_FIRST: Final = 600
READ_LAST: Final = 300


@dataclass(frozen=True, slots=True)
class TaskGuess:
    """The task, how sure we are, and the share of every task."""

    task: str
    confidence: float
    probabilities: tuple[tuple[str, float], ...]


def detect(body: Mapping[str, Any], *, declared: str = "") -> TaskGuess:
    """The task of an OpenAI-shaped request body; a declared task is believed."""
    if declared:
        return _certain(declared)
    messages = body.get("messages") or []
    if body.get("tools") or any(m.get("role") == "tool" for m in messages):
        return _certain("agent_step")
    if has_image(messages):
        return _certain("image")
    return _from_points(_points(messages))


def has_image(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether any message carries an image part."""
    contents = (m.get("content") for m in messages)
    parts = (part for c in contents if isinstance(c, list) for part in c)
    return any(isinstance(p, dict) and p.get("type") == "image_url" for p in parts)


def text_of(content: object) -> str:
    """The text of a message's content, whether a string or a list of parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = (p.get("text") for p in content if isinstance(p, dict))
    return "\n".join(part for part in parts if isinstance(part, str))


def _points(messages: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    points = dict.fromkeys(TASKS, 0.0)
    points["chat"] = 2.0
    for share, text in _weighed(messages):
        for task, worth in points_of(text):
            points[task] += share * worth
    return points


def _weighed(messages: Sequence[Mapping[str, Any]]) -> Iterator[tuple[float, str]]:
    """The last question counts whole, the one before a quarter, the system by half."""
    asked = [m for m in messages if m.get("role") == "user"]
    system = [m for m in messages if m.get("role") in {"system", "developer"}]
    for share, message in ((1.0, asked[-1:]), (0.25, asked[-2:-1]), (0.5, system[:1])):
        for item in message:
            yield share, _ends(text_of(item.get("content")))


def _ends(text: str) -> str:
    if len(text) <= READ_FIRST + READ_LAST:
        return text
    return f"{text[:READ_FIRST]}\n{text[-READ_LAST:]}"


def _from_points(points: Mapping[str, float]) -> TaskGuess:
    total = sum(points.values())
    shares = tuple((task, points[task] / total) for task in TASKS)
    task, confidence = max(shares, key=lambda pair: pair[1])
    return TaskGuess(task if confidence >= CERTAIN_FROM else "chat", confidence, shares)


def _certain(task: str) -> TaskGuess:
    shares = tuple((name, 1.0 if name == task else 0.0) for name in TASKS)
    return TaskGuess(task, 1.0, shares)
