"""Guess the task of a conversation: structure, then rules, then a linear model.

Structure is certain (tools mean an agent's step, an image part means an image), so
it decides alone. Each text is then read once (`clues`); a few rules that are hardly
ever wrong speak louder than the model (`task_model`). The last question counts most,
what was said before less, and the system prompt as far as it names a task. Under 60 %
nothing is certain enough, and the task is treated as plain chat.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Final

from apps.router.engine.clues import Reading, read
from apps.router.engine.task_model import TaskModel, shipped

# Gives the probabilities of one text, in the order of `TASKS`.
type SharesOf = Callable[[str], Sequence[float]]

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
# What is read of a text: its request stands at one end, the rest is material.
READ_FIRST: Final = 1000
READ_LAST: Final = 500
# Texts whose shares are remembered: retries, follow-ups and system prompts repeat.
REMEMBERED: Final = 1024
# How much of the shares comes from a rule that fired; see docs/task-detection.md.
RULE_SHARE: Final = 0.9
# What one question further back counts for, and how many are looked at.
DECAY: Final = 0.35
LOOK_BACK: Final = 2
# A system prompt that names the work decides; what it merely mentions does not.
SYSTEM_COUNTS: Final = {"agent_step": 1.2, "translation": 1.0, "summarization": 1.0}
SYSTEM_ELSE: Final = 0.4
_CHAT_ONLY: Final = (1.0, *(0.0 for _ in TASKS[1:]))
_IMAGE_PARTS: Final = frozenset({"image_url", "image", "input_image"})
_TOOL_PARTS: Final = frozenset({"tool_use", "tool_result"})


@dataclass(frozen=True, slots=True)
class TaskGuess:
    """The likeliest task, how sure we are, and the probability of every task."""

    task: str
    confidence: float
    probabilities: tuple[tuple[str, float], ...]

    @property
    def is_sure(self) -> bool:
        """Whether the task is to be acted upon."""
        return self.confidence >= CERTAIN_FROM

    @property
    def treated_as(self) -> str:
        """The task whose qualities count: plain chat while it is unsure."""
        return self.task if self.is_sure else "chat"


def detect(
    body: Mapping[str, Any], *, declared: str = "", model: TaskModel | None = None
) -> TaskGuess:
    """The task of an OpenAI-shaped request body; a declared task is believed.

    `model` takes the place of the shipped one, where another is being scored.
    """
    if declared:
        return certain(declared)
    messages = body.get("messages") or []
    if body.get("tools") or body.get("functions") or any(map(_is_of_agent, messages)):
        return certain("agent_step")
    if has_image(messages):
        return certain("image")
    return guess_of(
        _mixed(messages, _shares if model is None else partial(shares_by, model))
    )


def shares_by(model: TaskModel, text: str) -> tuple[float, ...]:
    """The probability of every task for one text, from rules and a model."""
    if not text.strip():
        return _CHAT_ONLY
    reading = reading_of(text)
    shares = model.shares(reading)
    if task := ruled(reading):
        shares = [share * (1 - RULE_SHARE) for share in shares]
        shares[TASKS.index(task)] += RULE_SHARE
    return tuple(shares)


def guess_of(shares: Sequence[float]) -> TaskGuess:
    """The guess that the probabilities, in the order of `TASKS`, amount to."""
    pairs = tuple(zip(TASKS, shares, strict=True))
    task, confidence = max(pairs, key=lambda pair: pair[1])
    return TaskGuess(task, confidence, pairs)


def certain(task: str) -> TaskGuess:
    """The guess where nothing is left to guess."""
    shares = tuple((name, 1.0 if name == task else 0.0) for name in TASKS)
    return TaskGuess(task, 1.0, shares)


def forget() -> None:
    """Empty the memory of texts, so that the next guess is made afresh."""
    _remembered.cache_clear()


def has_image(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether any message carries an image part."""
    return any(_has_part(m, _IMAGE_PARTS) for m in messages)


def text_of(content: object) -> str:
    """The text of a message's content, whether a string or a list of parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = (p.get("text") for p in content if isinstance(p, dict))
    return "\n".join(part for part in parts if isinstance(part, str))


def reading_of(text: str) -> Reading:
    """What is read of a text, however long: its words, ideas and marks."""
    return read(_ends(text))


def ruled(reading: Reading) -> str:
    """The task that a rule names, or "" where none of them fires."""
    ideas, marks = reading.ideas, reading.marks
    if "code_strong" not in ideas and "steps" in marks:
        return "agent_step"
    if "react:2" in marks or ("agent" in ideas and "tools_json" in marks):
        return "agent_step"
    # Of a long text technical words may be the material's, not the request's.
    if "edge:summarize" in marks and ideas.isdisjoint(_AT_WORK):
        return "summarization"
    if "code_strong" in ideas and "code_line" in marks and ideas.isdisjoint(_OTHERS):
        return "coding"
    if not ideas.isdisjoint(_TECHNICAL):
        return ""
    # A long text may be about translation; its request stands at one of its ends.
    is_short = marks.isdisjoint({"long:4", "long:5"})
    if is_short and "advice" in ideas:
        return ""
    if ideas >= _TO_TRANSLATE and (is_short or "edge:translate" in marks):
        return "translation"
    return ""


_TO_TRANSLATE: Final = frozenset({"translate", "language"})
_OTHERS: Final = frozenset({"agent", "translate", "language"})
_AT_WORK: Final = frozenset({"code_strong", "agent", "translate"})
_TECHNICAL: Final = frozenset({"code_strong", "code_noun", "tech", "agent"})


def _is_of_agent(message: Mapping[str, Any]) -> bool:
    if message.get("role") in {"tool", "function"} or message.get("tool_calls"):
        return True
    return _has_part(message, _TOOL_PARTS)


def _has_part(message: Mapping[str, Any], kinds: frozenset[str]) -> bool:
    content = message.get("content")
    if not isinstance(content, list):
        return False
    return any(isinstance(p, dict) and p.get("type") in kinds for p in content)


def _mixed(messages: Sequence[Mapping[str, Any]], shares_of: SharesOf) -> list[float]:
    """The shares of a conversation: each text by what it counts and how sure it is."""
    asked = _texts(messages, {"user"}, last=LOOK_BACK + 1)
    totals = _told(shares_of(asked[0]) if asked else _CHAT_ONLY)
    for back, text in enumerate(asked[1:], start=1):
        for place, share in _beside_chat(_told(shares_of(text))):
            totals[place] += share * DECAY**back
    for text in _texts(messages, {"system", "developer"}, last=1):
        for place, share in _beside_chat(_told(shares_of(text))):
            totals[place] += share * SYSTEM_COUNTS.get(TASKS[place], SYSTEM_ELSE)
    whole = sum(totals)
    return [total / whole for total in totals]


def _texts(
    messages: Sequence[Mapping[str, Any]], roles: set[str], *, last: int
) -> list[str]:
    """The latest texts of these roles, the latest first, without empty ones."""
    found: list[str] = []
    for message in reversed(messages):
        if len(found) == last:
            break
        text = text_of(message.get("content")) if message.get("role") in roles else ""
        if text.strip():
            found.append(text)
    return found


def _told(shares: Sequence[float]) -> list[float]:
    # An even guess says nothing: what is surest speaks loudest.
    surest = max(shares)
    return [share * surest for share in shares]


def _beside_chat(shares: Sequence[float]) -> Iterator[tuple[int, float]]:
    # That an earlier line was plain talk does not make this one so.
    return ((place, share) for place, share in enumerate(shares) if place)


def _shares(text: str) -> tuple[float, ...]:
    return _remembered(_ends(text))


@lru_cache(maxsize=REMEMBERED)
def _remembered(text: str) -> tuple[float, ...]:
    return shares_by(shipped(), text)


def _ends(text: str) -> str:
    if len(text) <= READ_FIRST + READ_LAST:
        return text
    return f"{text[:READ_FIRST]}\n{text[-READ_LAST:]}"
