"""The progress of a check as server-sent events, told from what is in the database.

Any web process can tell it, whichever worker runs the check; a reader that comes back
with `Last-Event-ID` is told what it has missed. Each event's id is the check's `seq`.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from time import monotonic
from typing import Any, Final
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from django.template.loader import render_to_string

from apps.checks.models import Answer, Check
from apps.checks.page_queries import get_check, progress_of
from apps.kit.errors import NotFoundError
from apps.tenancy.scope import scope

LOOK_EVERY_S: Final = 0.7
# A comment now and then keeps proxies from closing what is only slow.
QUIET_S: Final = 15.0
# A browser comes back by itself after that, and no process is held for ever.
LONGEST_S: Final = 600.0
MOST_AT_ONCE: Final = 100
RETRY: Final = b"retry: 2000\n\n"
QUIET: Final = b": still here\n\n"


async def tail(org_id: UUID, check_id: UUID, *, after: int) -> AsyncIterator[bytes]:
    """Events from `after` on, until the check is over."""
    began = told_at = monotonic()
    yield RETRY
    seen = -1 if after < 0 else after
    state = ""
    while monotonic() - began < LONGEST_S:
        found = await _news(org_id, check_id, seen, state)
        if found is None:
            return
        events, seen, state, is_over = found
        for event in events:
            yield event
        if is_over:
            return
        if events:
            told_at = monotonic()
        elif monotonic() - told_at > QUIET_S:
            told_at = monotonic()
            yield QUIET
        await asyncio.sleep(LOOK_EVERY_S)


def last_event_id(text: str) -> int:
    """The number in a `Last-Event-ID`; -1 for none, or for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1


type News = tuple[list[bytes], int, str, bool]


@sync_to_async
def _news(org_id: UUID, check_id: UUID, seen: int, state: str) -> News | None:
    """What happened since, the new place, the state, and whether that was all."""
    try:
        with scope(org_id):
            return _since(check_id, seen, state)
    finally:
        close_old_connections()


def _since(check_id: UUID, seen: int, state: str) -> News | None:
    try:
        check = get_check(check_id)
    except NotFoundError:
        return None
    if check.seq == seen and check.state == state:
        return [], seen, state, False
    events = [_event("answer", _facts(row), row.seq) for row in _answers(check, seen)]
    html = render_to_string(
        "checks/progress.html", {"check": check, "progress": progress_of(check)}
    )
    events.append(_event("progress", html + "", check.seq))
    if check.is_over:
        events.append(_event("over", check.state, check.seq))
    return events, check.seq, check.state, check.is_over


def _answers(check: Check, seen: int) -> Any:
    rows = Answer.objects.filter(check_run=check, seq__gt=seen).defer("text")
    return rows.order_by("seq")[:MOST_AT_ONCE] if seen >= 0 else []


def _facts(row: Answer) -> str:
    """Figures alone: who may see them is more than who may read prompts."""
    facts = {
        "seat": row.seat,
        "position": row.position,
        "error": row.error,
        "output_tokens": row.output_tokens,
        "latency_ms": row.latency_ms,
        "cost_usd": None if row.cost_usd is None else float(row.cost_usd),
    }
    return json.dumps(facts)


def _event(name: str, data: str, seq: int) -> bytes:
    lines = "".join(f"data: {line}\n" for line in data.splitlines() or [""])
    return f"id: {seq}\nevent: {name}\n{lines}\n".encode()
