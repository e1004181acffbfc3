"""Run checks on answers: a program of its own, so that a bad pattern stops only it.

    python -m apps.checks.examiner < tasks > verdicts

Each line in is a task, each line out its verdict: true, false, or null for one that
took too long. The alarm works because Python's own matching looks for signals; whoever
started this program ends it when even that does not help.
"""

import json
import re
import resource
import signal
import sys
from typing import Any, Final

import jsonschema  # type: ignore[import-untyped]  # no stubs for it
import referencing

LONGEST_S: Final = 0.5
MEMORY: Final = 512 * 1024 * 1024


class TooLongError(Exception):
    """A check took longer than any honest one does."""


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, _too_long)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_timed(json.loads(line))) + "\n")
        sys.stdout.flush()


def _timed(task: dict[str, str]) -> bool | None:
    signal.setitimer(signal.ITIMER_REAL, LONGEST_S)
    try:
        return passes(task["kind"], task["value"], task["text"])
    except (TooLongError, RecursionError, MemoryError):
        return None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def passes(kind: str, value: str, text: str) -> bool:
    """Whether an answer meets one check."""
    if kind == "exact":
        return text.strip() == value.strip()
    if kind == "contains":
        return value.casefold() in text.casefold()
    if kind == "regex":
        return re.search(value, text) is not None
    found = _json_in(text)
    if kind == "json" or found is _NOTHING:
        return found is not _NOTHING
    return _fits(json.loads(value), found)


_NOTHING: Final = object()
_FENCED: Final = re.compile(r"\A\s*```(?:json)?[ \t]*\n(.*)\n\s*```\s*\Z", re.DOTALL)


def _json_in(text: str) -> Any:
    """The answer read as JSON; one fence around it is how models like to write it."""
    fenced = _FENCED.match(text)
    try:
        return json.loads(fenced[1] if fenced else text)
    except ValueError:
        return _NOTHING


def _fits(schema: Any, value: Any) -> bool:
    # An empty registry: nothing is fetched, whatever a schema refers to.
    checker = jsonschema.Draft202012Validator(schema, registry=referencing.Registry())
    try:
        return bool(checker.is_valid(value))
    except referencing.exceptions.Unresolvable:
        return False


def _too_long(number: int, frame: object) -> None:
    raise TooLongError


if __name__ == "__main__":
    main()
