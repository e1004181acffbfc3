"""Write what was found: one statement for all opportunities, one for their history.

A row is known by its use case and its model, so that whoever writes it again changes
it and never makes a second one. What was changed by others since it was read is not
written over: `MovedError`, and whoever looks reads it again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db import connection
from django.db.models import QuerySet

from apps.kit.ids import uuid7
from apps.opportunities.models import Opportunity
from apps.opportunities.states import Kept, Step
from apps.tenancy.scope import require_org_id

_COLUMNS: Final = {
    "id": "uuid",
    "use_case_id": "uuid",
    "candidate_model_id": "uuid",
    "current_model_id": "uuid",
    "candidate_provider_id": "uuid",
    "kind": "text",
    "band": "text",
    "fit_gain": "float8",
    "confidence": "int2",
    "risk": "int2",
    "effort": "text",
    "savings_month_usd": "numeric",
    "savings_low_usd": "numeric",
    "savings_high_usd": "numeric",
    "is_estimate": "bool",
    "details": "jsonb",
    "state": "text",
}
# What a later look never changes: which row it is, and since when it is there.
_FIXED: Final = ("id", "use_case_id", "candidate_model_id")
_CHANGED: Final = tuple(name for name in _COLUMNS if name not in _FIXED)
_NAMES: Final = ", ".join(_COLUMNS)
_READ: Final = ("use_case_id", "dismiss_basis", "savings_month_usd", "dismissed_until")
_KEPT: Final = (
    *("id", "state", "current_model_id", "candidate_model_id", "confidence"),
    *("validated_at", "state_at"),
)
_TYPED: Final = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
_STATED: Final = """
    state_at = CASE WHEN o.state = {0}.state THEN o.state_at ELSE %(now)s END,
    state_reason = CASE WHEN o.state = {0}.state THEN o.state_reason ELSE '' END
"""


def _set(source: str) -> str:
    values = ", ".join(f"{name} = {source}.{name}" for name in _CHANGED)
    return f"{values}, validated_at = %(now)s, {_STATED.format(source)}"


# Nothing from outside enters these texts: they are made of the constants above.
_INSERT: Final = f"""
INSERT INTO opportunities_opportunity AS o (org_id, {_NAMES}, state_reason,
    dismiss_reason, dismiss_note, dismiss_basis, found_at, validated_at, state_at)
SELECT %(org)s, {_NAMES}, '', '', '', '{{}}', %(now)s, %(now)s, %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS x ({_TYPED})
ON CONFLICT (org_id, use_case_id, candidate_model_id) DO UPDATE SET {_set("EXCLUDED")}
"""  # noqa: S608
_AS_READ: Final = """
WHERE o.org_id = %(org)s AND o.id = x.id
    AND o.validated_at = x.seen_at AND o.state_at = x.stood_at
"""
_UPDATE: Final = f"""
UPDATE opportunities_opportunity AS o SET {_set("x")}
FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS x ({_TYPED}, seen_at timestamptz, stood_at timestamptz) {_AS_READ}
"""  # noqa: S608
_MOVE: Final = f"""
UPDATE opportunities_opportunity AS o SET state = x.state, state_reason = x.reason,
    state_at = %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS x (id uuid, state text, reason text,
    seen_at timestamptz, stood_at timestamptz) {_AS_READ}
"""  # noqa: S608
_EVENTS: Final = """
INSERT INTO opportunities_opportunityevent
    (id, org_id, opportunity_id, what, text, savings_month_usd, confidence, at)
SELECT id, %(org)s, opportunity_id, what, text, savings_month_usd, confidence, %(now)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS x (id uuid, opportunity_id uuid,
    what text, text text, savings_month_usd numeric, confidence int2)
"""


class MovedError(Exception):
    """Somebody changed a row after it was read, so nothing of it was written."""


@dataclass(slots=True)
class Book:
    """What one look of the finder came to; written at once in the end."""

    now: datetime
    new: list[dict[str, Any]] = field(default_factory=list)
    found: list[dict[str, Any]] = field(default_factory=list)
    gone: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    def put(
        self, use_case_id: UUID, kept: Kept | None, step: Step, row: Mapping[str, Any]
    ) -> UUID:
        """An opportunity with its figures of now; returns its id."""
        row_id = kept.id if kept else uuid7()
        (self.found if kept else self.new).append(
            {
                "id": row_id,
                "use_case_id": use_case_id,
                "state": step.state,
                **row,
                **_as_read(kept),
            }
        )
        self._tell(row_id, step, row)
        return row_id

    def leave(self, kept: Kept, step: Step) -> None:
        """One that is none any longer; its figures stay those of its last day."""
        if step.state == kept.state:
            return
        self.gone.append(
            {
                "id": kept.id,
                "state": step.state,
                "reason": step.text[:300],
                **_as_read(kept),
            }
        )
        self._tell(kept.id, step, {})

    def _tell(self, row_id: UUID, step: Step, row: Mapping[str, Any]) -> None:
        if step.what:
            self.events.append(
                {
                    "id": uuid7(),
                    "opportunity_id": row_id,
                    "what": step.what,
                    "text": step.text[:500],
                    "savings_month_usd": row.get("savings_month_usd"),
                    "confidence": row.get("confidence"),
                }
            )

    def write(self) -> None:
        """All of it, in the caller's transaction, or MovedError to undo that."""
        for sql, rows in (
            (_INSERT, self.new),
            (_UPDATE, self.found),
            (_MOVE, self.gone),
            (_EVENTS, self.events),
        ):
            if rows and _execute(sql, rows, self.now) != len(rows):
                raise MovedError


def _as_read(kept: Kept | None) -> dict[str, Any]:
    if kept is None:
        return {}
    return {"seen_at": kept.validated_at, "stood_at": kept.state_at}


def _execute(sql: str, rows: Sequence[Mapping[str, Any]], now: datetime) -> int:
    values: dict[str, UUID | datetime | str] = {
        "org": require_org_id(),
        "now": now,
        "rows": msgspec.json.encode(rows).decode(),
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)


def kept_of(use_case_ids: Iterable[UUID]) -> dict[UUID, dict[UUID, Kept]]:
    """What is stored, by use case and candidate; locked until the transaction ends.

    So a person's decision and the finder's come one after the other, never across.
    """
    rows = Opportunity.objects.filter(use_case_id__in=list(use_case_ids))
    return _by_use_case(rows.order_by("id").select_for_update(no_key=True))


def kept_across(
    org_ids: Iterable[UUID], use_case_ids: Iterable[UUID]
) -> dict[UUID, dict[UUID, Kept]]:
    """The same of several organizations, unlocked; for work across them."""
    rows = Opportunity.objects.filter(
        org_id__in=list(org_ids), use_case_id__in=list(use_case_ids)
    )
    return _by_use_case(rows)


def _by_use_case(rows: QuerySet[Opportunity]) -> dict[UUID, dict[UUID, Kept]]:
    found: dict[UUID, dict[UUID, Kept]] = {}
    for use_case_id, basis, usd, until, *row in rows.values_list(*_READ, *_KEPT):
        row_id, state, current_id, model_id, sure, seen_at, stood_at = row
        found.setdefault(use_case_id, {})[model_id] = Kept(
            row_id,
            state,
            current_id,
            model_id,
            confidence=sure,
            validated_at=seen_at,
            state_at=stood_at,
            dismissed_until=until,
            basis=basis,
            savings_usd=None if usd is None else float(usd),
        )
    return found
