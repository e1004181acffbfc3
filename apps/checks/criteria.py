"""Checks of an answer that need no judge: what they are, and whether they are sound.

Pure. They are run elsewhere (`examining`), because a customer's pattern may take longer
than the universe has.
"""

import json
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jsonschema  # type: ignore[import-untyped]  # no stubs for it

KINDS: Final = {
    "exact": "Equals the expected answer",
    "contains": "Contains",
    "regex": "Matches the pattern",
    "json": "Is JSON",
    "schema": "Is JSON of this schema",
}
NEEDS_VALUE: Final = frozenset({"regex", "schema"})
MOST_CRITERIA: Final = 10
LONGEST_VALUE: Final = 20_000
LONGEST_PATTERN: Final = 1_000


@dataclass(frozen=True, slots=True)
class Criterion:
    """One check: its kind, and what it compares with (empty: the prompt's expected)."""

    kind: str
    value: str = ""

    def __str__(self) -> str:
        shown = self.value if len(self.value) <= 60 else f"{self.value[:57]}…"
        if self.kind in {"contains", "exact"} and not self.value:
            shown = "the expected answer"
        label = "Equals" if self.kind == "exact" else KINDS[self.kind]
        return f"{label}: {shown}" if shown and self.kind != "json" else label


def read_criteria(stored: Sequence[Mapping[str, Any]]) -> list[Criterion]:
    """Criteria as they are stored with a check."""
    return [Criterion(str(row["kind"]), str(row.get("value", ""))) for row in stored]


def clean_criteria(given: Sequence[Criterion]) -> list[Criterion]:
    """The criteria if all of them can be run; ValueError says which cannot and why."""
    if len(given) > MOST_CRITERIA:
        raise ValueError(f"At the most {MOST_CRITERIA} checks.")
    for criterion in given:
        _refuse_unsound(criterion)
    return list(given)


def needs_expected(criteria: Sequence[Criterion]) -> bool:
    """Whether any of them compares with what each prompt expects."""
    return any(c.kind in {"exact", "contains"} and not c.value for c in criteria)


def _refuse_unsound(criterion: Criterion) -> None:
    if criterion.kind not in KINDS:
        raise ValueError(f"There is no check named {criterion.kind!r}.")
    if criterion.kind in NEEDS_VALUE and not criterion.value.strip():
        raise ValueError(f"“{KINDS[criterion.kind]}” needs a value.")
    if len(criterion.value) > LONGEST_VALUE:
        raise ValueError(f"A check has at the most {LONGEST_VALUE:,} characters.")
    if criterion.kind == "regex":
        _refuse_pattern(criterion.value)
    if criterion.kind == "schema":
        _refuse_schema(criterion.value)


def _refuse_pattern(pattern: str) -> None:
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"A pattern has at the most {LONGEST_PATTERN:,} characters.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern)
    except (re.error, RecursionError, OverflowError, Warning) as problem:
        raise ValueError(f"The pattern cannot be read: {problem}.") from problem


def _refuse_schema(text: str) -> None:
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise ValueError(f"The schema is not JSON: {problem}.") from problem
    if not isinstance(schema, dict):
        raise ValueError("A schema is an object.")
    if any(not ref.startswith("#") for ref in _references(schema)):
        raise ValueError("A schema may refer to itself alone ($ref: #/…).")
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except (jsonschema.SchemaError, RecursionError) as problem:
        told = getattr(problem, "message", "it is too deep")
        raise ValueError(f"The schema is not one: {told[:200]}.") from problem


def _references(value: Any) -> list[str]:
    """What a schema refers to, wherever that stands in it."""
    found, left = [], [value]
    while left:
        here = left.pop()
        if isinstance(here, dict):
            refs = (here.get("$ref"), here.get("$dynamicRef"))
            found += [ref for ref in refs if isinstance(ref, str)]
            left += here.values()
        elif isinstance(here, list):
            left += here
    return found
