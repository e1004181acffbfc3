"""What an entry changed, field by field, in words."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

NOTHING: Final = "–"
# A moment as it is stored: `2026-11-28T09:13:37.238Z`.
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):[\d.]+(?:Z|\+00:00)")


@dataclass(frozen=True)
class Change:
    """A field with what it was and what it became; `–` where there was nothing."""

    field: str
    before: str
    after: str


def changes(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> list[Change]:
    """The fields of either side that say something, in the order they were noted."""
    old, new = before or {}, after or {}
    found = [
        Change(name.replace("_", " "), _words(old.get(name)), _words(new.get(name)))
        for name in dict.fromkeys([*old, *new])
    ]
    return [one for one in found if (one.before, one.after) != (NOTHING, NOTHING)]


def _words(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and (moment := _MOMENT.fullmatch(value)):
        return f"{moment[1]} {moment[2]} UTC"
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
