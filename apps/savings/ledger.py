"""Book the savings of days: what is open is booked anew, what is closed stands.

A use case's days are one transaction, through the jobs' login, which alone may write
the ledger: killed half way it leaves nothing, and run twice it writes the same. A row
is replaced only while its day is open; how far a switch is closed stands with it, so
days that nobody booked are caught up with, however long the job was away.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db import connections

from apps.jobs.lock import Held
from apps.kit.errors import NotFoundError
from apps.kit.ids import uuid7
from apps.portfolio.queries import get_use_case, volume_of
from apps.savings import measuring
from apps.savings.booking import (
    NOTHING,
    Course,
    Day,
    Figures,
    Span,
    Volume,
    assessed,
    estimated,
    shared,
    spans,
    typed_traffic,
)
from apps.savings.measuring import Candidate
from apps.savings.models import Saving, Switch
from apps.savings.pricing import NOT_SOURCED, Sourced, prices_of
from apps.savings.queries import unbooked
from apps.tenancy.scope import require_org_id

# A row of a closed day is never touched again: see the migration's trigger.
_BOOK: Final = """
    INSERT INTO savings_saving (
        id, org_id, switch_id, use_case_id, use_case_name, product_id, product_name,
        day, basis, requests, unassessed, fresh_tokens, cached_tokens, output_tokens,
        actual_usd, baseline_usd, model, baseline_model, prices, booked_at, closed_at)
    VALUES (%(id)s, %(org)s, %(switch)s, %(use_case)s, %(use_case_name)s, %(product)s,
        %(product_name)s, %(day)s, %(basis)s, %(requests)s, %(unassessed)s, %(fresh)s,
        %(cached)s, %(output)s, %(actual)s, %(baseline)s, %(model)s,
        %(baseline_model)s, %(prices)s, %(now)s, %(closed)s)
    ON CONFLICT (org_id, switch_id, day) DO UPDATE SET
        requests = excluded.requests, unassessed = excluded.unassessed,
        fresh_tokens = excluded.fresh_tokens, cached_tokens = excluded.cached_tokens,
        output_tokens = excluded.output_tokens, actual_usd = excluded.actual_usd,
        baseline_usd = excluded.baseline_usd, prices = excluded.prices,
        booked_at = excluded.booked_at, closed_at = excluded.closed_at
    WHERE savings_saving.closed_at IS NULL
"""
_FORGET: Final = """
    DELETE FROM savings_saving WHERE org_id = %s AND switch_id = %s AND day = %s
      AND closed_at IS NULL
"""
_CLOSE: Final = """
    UPDATE savings_switch SET booked_through = %s
    WHERE org_id = %s AND id = %s
      AND (booked_through IS NULL OR booked_through < %s)
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row to be written."""

    switch: Switch
    day: Day
    figures: Figures
    prices: list[dict[str, Any]]


def book(held: Held, now: datetime) -> int:
    """Book every open day of the organization in scope; returns how many rows."""
    by_use_case: dict[UUID, list[Switch]] = defaultdict(list)
    found = unbooked().select_related("from_model", "to_model")
    for switch in found.order_by("use_case_id", "created_at"):
        by_use_case[switch.use_case_id].append(switch)
    return sum(_book_use_case(held, switches, now) for switches in by_use_case.values())


def _book_use_case(held: Held, switches: list[Switch], now: datetime) -> int:
    prices = prices_of(
        offer for one in switches for offer in (one.from_offer_id, one.to_offer_id)
    )
    volume = _volume(switches)
    days = [Day(on, now) for on in _days(switches, now)]
    entries = [
        entry for day in days for entry in _entries(switches, day, prices, volume)
    ]
    closed = max((day.on for day in days if day.is_over), default=None)
    with held.unit(using="jobs"), connections["jobs"].cursor() as cursor:
        for entry in entries:
            _write(cursor, entry, now)
        for switch in switches if closed else ():
            row = [closed, switch.org_id, switch.id, closed]
            cursor.execute(_CLOSE, row)
    return sum(not entry.figures.is_empty for entry in entries)


def _days(switches: Iterable[Switch], now: datetime) -> Iterator[date]:
    """From the first day that is not closed until today."""
    firsts = [first for one in switches if (first := _first_open(one))]
    first = min(firsts, default=None)
    while first is not None and first <= now.date():
        yield first
        first += timedelta(days=1)


def _first_open(switch: Switch) -> date | None:
    if switch.booked_through is not None:
        return switch.booked_through + timedelta(days=1)
    began = switch.canary_at or switch.live_at
    return began.date() if began else None


def _entries(
    switches: list[Switch],
    day: Day,
    prices: Mapping[UUID, Sourced],
    volume: Volume | None,
) -> Iterator[Entry]:
    open_ones = [one for one in switches if not _is_closed(one, day.on)]
    before = {
        one.id: prices.get(_key(one.from_offer_id), NOT_SOURCED) for one in switches
    }
    after = {one.id: prices.get(_key(one.to_offer_id), NOT_SOURCED) for one in switches}
    courses = [_course(one) for one in switches]
    edges = [
        edge
        for sourced in (*before.values(), *after.values())
        for edge in sourced.price.edges(day)
    ]
    figures: dict[UUID, Figures] = defaultdict(Figures)
    shown: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    by_id = {one.id: one for one in switches}
    for span in spans(courses, day, edges):
        for switch_id, part in _valued(by_id, span, before, after, volume):
            figures[switch_id] += part
            _note(shown[switch_id], span, before[switch_id], after[switch_id])
    for one in open_ones:
        yield Entry(one, day, figures.get(one.id, NOTHING), shown[one.id])


def _key(offer_id: UUID | None) -> UUID:
    return offer_id or UUID(int=0)


def _valued(
    switches: Mapping[UUID, Switch],
    span: Span,
    before: Mapping[UUID, Sourced],
    after: Mapping[UUID, Sourced],
    volume: Volume | None,
) -> Iterator[tuple[UUID, Figures]]:
    live = switches.get(span.live) if span.live else None
    canary = switches.get(span.canary) if span.canary else None
    if live is not None and not live.is_measured:
        line = typed_traffic(volume, span) if volume else None
        if line is not None:
            cards = [
                one[live.id].price.card(span.start, line.prompt_tokens)
                for one in (before, after)
            ]
            yield live.id, estimated(line, *cards)
    measured = canary or (live if live is not None and live.is_measured else None)
    if measured is None:
        return
    candidate = None
    if canary is not None and canary.experiment_id is not None:
        candidate = Candidate(canary.experiment_id, canary.to_model.slug)
    for owner, line in shared(
        span, measuring.traffic(measured.alias_name, span, candidate)
    ):
        if switches[owner].is_measured:
            card = before[owner].price.card(span.start, line.prompt_tokens)
            yield owner, assessed(line, card)


def _note(
    shown: list[dict[str, Any]], span: Span, before: Sourced, after: Sourced
) -> None:
    """Keep the prices of the span unless they are those of the one before it."""
    entry = {"baseline": before.shown(span.start), "actual": after.shown(span.start)}
    if shown and all(shown[-1][name] == entry[name] for name in entry):
        return
    shown.append({"from": span.start.isoformat(), **entry})


def _course(switch: Switch) -> Course:
    return Course(
        switch.id,
        switch.to_model.slug,
        switch.canary_at,
        switch.live_at,
        switch.ended_at,
    )


def _is_closed(switch: Switch, on: date) -> bool:
    through = switch.booked_through
    return through is not None and on <= through


def _volume(switches: Iterable[Switch]) -> Volume | None:
    """What was typed, where some switch has nothing but that."""
    unmeasured = [one for one in switches if not one.is_measured]
    if not unmeasured:
        return None
    try:
        said = volume_of(get_use_case(unmeasured[0].use_case_id))
    except NotFoundError:
        return None
    return Volume(
        said.calls_month, said.input_tokens, said.output_tokens, said.cached_share
    )


def _write(cursor: Any, entry: Entry, now: datetime) -> None:
    switch, figures = entry.switch, entry.figures
    org_id = require_org_id()
    if figures.is_empty:
        # What an earlier run estimated may be gone, with the volume it came from.
        cursor.execute(_FORGET, [org_id, switch.id, entry.day.on])
        return
    is_measured = switch.is_measured
    basis = Saving.Basis.MEASURED if is_measured else Saving.Basis.ESTIMATED
    cursor.execute(
        _BOOK,
        {
            "id": uuid7(),
            "org": org_id,
            "switch": switch.id,
            "use_case": switch.use_case_id,
            "use_case_name": switch.use_case_name,
            "product": switch.product_id,
            "product_name": switch.product_name,
            "day": entry.day.on,
            "basis": basis,
            "requests": round(figures.requests),
            "unassessed": figures.unassessed,
            "fresh": figures.fresh,
            "cached": figures.cached,
            "output": figures.output,
            "actual": figures.actual_usd,
            "baseline": figures.baseline_usd,
            "model": switch.to_model.slug,
            "baseline_model": switch.from_model.slug,
            "prices": msgspec.json.encode(entry.prices).decode(),
            "now": now,
            "closed": now if entry.day.is_over else None,
        },
    )
