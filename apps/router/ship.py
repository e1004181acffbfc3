"""Write ledger rows as the insert-only login: once each, however often they come.

One statement holds the rows, their attempts, their decisions and the marks of the
hours they fall in. A statement is a transaction, so it costs one round trip, and a
committed row never lacks its mark.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final

import msgspec
import psycopg
from msgspec.structs import astuple

from apps.router.rows import AttemptRow, DecisionRow, RequestRow

_NANO: Final = "numeric(20,9)"
_MOMENT: Final = "timestamptz"

# Column, its type in the table, in the order of the struct's fields.
REQUEST_COLUMNS: Final = (
    ("org_id", "uuid"),
    ("id", "uuid"),
    ("created_at", _MOMENT),
    ("key_id", "uuid"),
    ("decision_id", "uuid"),
    ("model_id", "uuid"),
    ("provider", "text"),
    ("model", "text"),
    ("baseline_model", "text"),
    ("task", "text"),
    ("endpoint", "text"),
    ("status", "text"),
    ("error_code", "text"),
    ("finish_reason", "text"),
    ("is_test", "boolean"),
    ("is_stream", "boolean"),
    ("is_estimated", "boolean"),
    ("input_tokens", "integer"),
    ("cached_tokens", "integer"),
    ("written_tokens", "integer"),
    ("output_tokens", "integer"),
    ("reasoning_tokens", "integer"),
    ("cost_usd", _NANO),
    ("baseline_usd", _NANO),
    ("latency_ms", "integer"),
    ("first_token_ms", "integer"),
    ("attempts", "smallint"),
    ("key_kind", "text"),
    ("alias", "text"),
    ("tags", "text"),
    ("purpose", "text"),
    ("run_id", "text"),
    ("step", "integer"),
    ("cache", "text"),
    ("cache_saved_usd", _NANO),
    ("experiment_id", "uuid"),
    ("arm", "text"),
    ("adjusted", "text"),
    ("session", "text"),
    ("tool_calls", "smallint"),
)
ATTEMPT_COLUMNS: Final = (
    ("org_id", "uuid"),
    ("id", "uuid"),
    ("created_at", _MOMENT),
    ("request_id", "uuid"),
    ("number", "smallint"),
    ("offer_id", "uuid"),
    ("provider", "text"),
    ("model", "text"),
    ("outcome", "text"),
    ("http_status", "smallint"),
    ("message", "text"),
    ("started_ms", "integer"),
    ("duration_ms", "integer"),
    ("cost_usd", _NANO),
    ("raw_usage", "text"),
    ("key_kind", "text"),
    ("is_hedge", "boolean"),
    ("input_tokens", "integer"),
    ("output_tokens", "integer"),
)
DECISION_COLUMNS: Final = (
    ("org_id", "uuid"),
    ("id", "uuid"),
    ("created_at", _MOMENT),
    ("content", "jsonb"),
)

# What crosses the wire for a type that has no array of its own shape, and the
# exact way back.
_WIRE: Final = {
    _NANO: "bigint",
    _MOMENT: "bigint",
    "integer": "bigint",
    "jsonb": "text",
}
_BACK: Final = {
    # A provider that lies about its usage must not stop the segment either. Not by
    # `least`, which skips nulls: what was not measured would become the largest number.
    "integer": "(CASE WHEN {0} > 2147483647 THEN 2147483647 ELSE {0} END)::integer",
    _NANO: "{0}::numeric * 0.000000001",
    _MOMENT: "timestamptz 'epoch' + {0} * interval '1 microsecond'",
    "jsonb": "{0}::jsonb",
}


type Columns = Sequence[tuple[str, str]]
type Row = RequestRow | AttemptRow | DecisionRow


def _insert(table: str, columns: Columns, source: str) -> str:
    names = ", ".join(name for name, _ in columns)
    values = ", ".join(_BACK.get(kind, "{0}").format(name) for name, kind in columns)
    return (
        f"INSERT INTO {table} ({names}) SELECT {values} FROM {source} "  # noqa: S608  # constants of this file
        "ON CONFLICT DO NOTHING"
    )


def _unnest(columns: Columns, *, first: int) -> str:
    arrays = ", ".join(
        f"${number}::{_WIRE.get(kind, kind)}[]"
        for number, (_, kind) in enumerate(columns, first)
    )
    names = ", ".join(name for name, _ in columns)
    return f"unnest({arrays}) AS r ({names})"


def _statement() -> str:
    after_requests = 1 + len(REQUEST_COLUMNS)
    after_attempts = after_requests + len(ATTEMPT_COLUMNS)
    requests = _unnest(REQUEST_COLUMNS, first=1)
    attempts = _unnest(ATTEMPT_COLUMNS, first=after_requests)
    decisions = _unnest(DECISION_COLUMNS, first=after_attempts)
    moment = _BACK[_MOMENT].format("created_at")
    return (
        f"WITH requests AS MATERIALIZED (SELECT * FROM {requests}),"  # noqa: S608  # constants of this file
        f" a AS ({_insert('router_routed_request', REQUEST_COLUMNS, 'requests')}),"
        f" b AS ({_insert('router_attempt', ATTEMPT_COLUMNS, attempts)}),"
        f" c AS ({_insert('router_routing_decision', DECISION_COLUMNS, decisions)})"
        " INSERT INTO router_usage_dirty (org_id, starts_at)"
        f" SELECT DISTINCT org_id, date_trunc('hour', {moment}, 'UTC') FROM requests"
    )


STATEMENT: Final = _statement()
_MISSING_PARTITION: Final = "SELECT make_ledger_partitions($1, 1)"
_encode = msgspec.json.Encoder().encode


async def ship(
    conn: psycopg.AsyncConnection,
    rows: Sequence[RequestRow],
    attempts: Sequence[AttemptRow],
    decisions: Sequence[DecisionRow],
) -> None:
    """Insert what is not there yet. `conn` is the ledger's login in autocommit mode.

    Rows older or newer than every partition get theirs made, so that the segments
    of a host that slept for months are shipped as well.
    """
    arrays = [
        *_arrays(rows, REQUEST_COLUMNS),
        *_arrays(attempts, ATTEMPT_COLUMNS),
        *_arrays(decisions, DECISION_COLUMNS),
    ]
    async with psycopg.AsyncRawCursor(conn) as cursor:
        try:
            await cursor.execute(STATEMENT, arrays)
        except psycopg.errors.CheckViolation:
            for month in _months([*rows, *attempts, *decisions]):
                await cursor.execute(_MISSING_PARTITION, [month])
            await cursor.execute(STATEMENT, arrays)


def _months(rows: Sequence[Row]) -> set[date]:
    moments = (datetime.fromtimestamp(row.created_at / 1e6, UTC) for row in rows)
    return {moment.date().replace(day=1) for moment in moments}


def _arrays(rows: Sequence[Row], columns: Columns) -> list[str]:
    """One Postgres array literal a column."""
    if not rows:
        return ["{}"] * len(columns)
    values = zip(*map(astuple, rows), strict=True)
    return [_array(list(column)) for column in values]


def _array(values: list[object]) -> str:
    """An array literal, by way of JSON: three times as quick as psycopg's own.

    The two agree in all but their brackets and what follows a backslash.
    """
    literal = _encode(values)
    if b"\\" in literal or isinstance(values[0], msgspec.Raw):
        return "{" + ",".join(map(_quoted, values)) + "}"
    return f"{{{literal[1:-1].decode()}}}"


def _quoted(value: object) -> str:
    # Postgres stores no NUL, and one such text must not stop the whole segment.
    if isinstance(value, msgspec.Raw):
        text = bytes(value).decode().replace("\\u0000", "\\ufffd")
    else:
        text = str(value).replace("\0", "\ufffd")
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
