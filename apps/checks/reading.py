"""Read prompts that a member typed or uploaded; pure.

Every refusal names the line it is about, so that a file can be mended.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from apps.checks.limits import MOST_PROMPTS

LONGEST_PROMPT: Final = 50_000
LONGEST_EXPECTED: Final = 20_000
MOST_BYTES: Final = 4_000_000
MOST_MESSAGES: Final = 50
MOST_TOLD: Final = 10
ROLES: Final = ("system", "developer", "user", "assistant")
_PROMPT_COLUMNS: Final = ("prompt", "input", "question", "text")
_EXPECTED_COLUMNS: Final = ("expected", "ideal", "answer", "output", "label")


@dataclass(frozen=True, slots=True)
class NewPrompt:
    """One prompt to be asked, and what its right answer is or holds."""

    messages: tuple[Mapping[str, str], ...]
    expected: str = ""


class UnreadableError(ValueError):
    """What is wrong with prompts, each with the line it is on."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        shown = self.problems[:MOST_TOLD]
        if more := len(self.problems) - len(shown):
            shown.append(f"… and {more} more.")
        super().__init__(" ".join(shown))


def read_typed(text: str) -> list[NewPrompt]:
    """Prompts with a line of `---` between them; without one, a line each."""
    lines = text.replace("\r\n", "\n").split("\n")
    if any(line.strip() == "---" for line in lines):
        return _checked(_parts(lines))
    return _checked(
        (f"Line {number}", _asked(line.strip(), ""))
        for number, line in enumerate(lines, start=1)
        if line.strip()
    )


def read_upload(name: str, content: bytes) -> list[NewPrompt]:
    """The prompts of a CSV or JSON Lines file; UnreadableError names the lines."""
    if len(content) > MOST_BYTES:
        raise UnreadableError(
            [f"The file is larger than {MOST_BYTES // 1_000_000} MB."]
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content[: problem.start].count(b"\n") + 1
        raise UnreadableError([f"Line {line} is not UTF-8 text."]) from problem
    is_lines = name.lower().endswith((".jsonl", ".ndjson", ".json"))
    if is_lines or text.lstrip().startswith("{"):
        return _checked(_of_lines(text))
    return _checked(_of_csv(text))


def read_rows(rows: Iterable[Any]) -> list[NewPrompt]:
    """The same of objects, as a line of JSON Lines holds one."""
    return _checked(
        (f"Prompt {number}", _of_row(row)) for number, row in enumerate(rows, start=1)
    )


def _parts(lines: list[str]) -> Iterator[tuple[str, NewPrompt | str]]:
    part: list[str] = []
    began = 1
    for number, line in enumerate([*lines, "---"], start=1):
        if line.strip() != "---":
            part.append(line)
            continue
        if text := "\n".join(part).strip():
            yield f"Line {began}", _asked(text, "")
        part, began = [], number + 1


def _of_lines(text: str) -> Iterator[tuple[str, NewPrompt | str]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            yield f"Line {number}", "is not JSON."
            continue
        yield f"Line {number}", _of_row(row)


def _of_row(row: Any) -> NewPrompt | str:
    if isinstance(row, str):
        return _asked(row, "")
    if not isinstance(row, dict):
        return "is neither a text nor an object."
    expected = _first(row, _EXPECTED_COLUMNS)
    messages = row.get("messages", row.get("input"))
    if isinstance(messages, list):
        return _of_messages(messages, expected)
    prompt = _first(row, _PROMPT_COLUMNS)
    if not prompt:
        return "has neither “prompt” nor “messages”."
    return _asked(prompt, expected, system=str(row.get("system") or ""))


def _of_messages(given: list[Any], expected: str) -> NewPrompt | str:
    if len(given) > MOST_MESSAGES:
        return f"has more than {MOST_MESSAGES} messages."
    messages = []
    for message in given:
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            return f"has a message whose role is none of {', '.join(ROLES)}."
        if not isinstance(message.get("content"), str):
            return "has a message whose content is no text."
        messages.append({"role": message["role"], "content": message["content"]})
    if not any(m["role"] == "user" and m["content"].strip() for m in messages):
        return "has no message of the user."
    return NewPrompt(tuple(messages), expected)


def _of_csv(text: str) -> Iterator[tuple[str, NewPrompt | str]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        asked = _place(names, _PROMPT_COLUMNS)
        if asked is None:
            yield "Line 1", "names no column “prompt”."
            return
        expected, system = _place(names, _EXPECTED_COLUMNS), _place(names, ("system",))
        last = reader.line_num
        for row in reader:
            line, last = f"Line {last + 1}", reader.line_num
            if not any(cell.strip() for cell in row):
                continue
            if len(row) > len(names):
                yield line, f"has {len(row)} columns, the head has {len(names)}."
                continue
            yield (
                line,
                _asked(
                    _cell(row, asked), _cell(row, expected), system=_cell(row, system)
                ),
            )
    except csv.Error as problem:
        yield f"Line {reader.line_num}", f"is no CSV: {problem}."


def _place(names: list[str], wanted: tuple[str, ...]) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)


def _cell(row: list[str], place: int | None) -> str:
    return row[place] if place is not None and place < len(row) else ""


def _first(row: Mapping[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        value = row.get(name)
        if isinstance(value, str) and value.strip():
            return value
    return ""


def _asked(text: str, expected: str, *, system: str = "") -> NewPrompt | str:
    if not text.strip():
        return "has an empty prompt."
    messages = [{"role": "user", "content": text}]
    if system.strip():
        messages.insert(0, {"role": "system", "content": system})
    return NewPrompt(tuple(messages), expected)


def _checked(found: Iterable[tuple[str, NewPrompt | str]]) -> list[NewPrompt]:
    """The prompts, when nothing is wrong with any of them."""
    prompts: list[NewPrompt] = []
    problems: list[str] = []
    for place, one in found:
        problem = one if isinstance(one, str) else _refusal(one)
        if problem:
            problems.append(f"{place} {problem}")
        elif isinstance(one, NewPrompt):
            prompts.append(one)
    if problems:
        raise UnreadableError(problems)
    if not prompts:
        raise UnreadableError(["There is no prompt in it."])
    if len(prompts) > MOST_PROMPTS:
        raise UnreadableError(
            [f"{len(prompts)} prompts; a check takes {MOST_PROMPTS} at the most."]
        )
    return prompts


def _refusal(prompt: NewPrompt) -> str:
    length = sum(len(message["content"]) for message in prompt.messages)
    if length > LONGEST_PROMPT:
        return f"is longer than {LONGEST_PROMPT:,} characters."
    if len(prompt.expected) > LONGEST_EXPECTED:
        return f"expects more than {LONGEST_EXPECTED:,} characters."
    texts = [prompt.expected, *(message["content"] for message in prompt.messages)]
    if any(_is_unstorable(text) for text in texts):
        return "holds a character that is none: a NUL or half a surrogate pair."
    return ""


def _is_unstorable(text: str) -> bool:
    return "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text)
