"""Sync one source, from its address to the last unit, as a job of its own.

Nothing is written before the whole payload was read and believed. What is wrong with it
fails the run, with its reason, and leaves the catalog as it was.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Final

from django.conf import settings

from apps.catalog.models import SourceFetch
from apps.catalog.services import DATABASE, announce, lock_catalog
from apps.catalog.sources.base import (
    BrokenPayloadError,
    Payload,
    Picture,
    Source,
)
from apps.catalog.sources.cleaning import clean
from apps.catalog.sync import statuses
from apps.catalog.sync.apply import Applied, Applier
from apps.catalog.sync.changes import Log
from apps.catalog.sync.diff import diff, is_covered
from apps.catalog.sync.entries import Diff
from apps.catalog.sync.stored import Stored, read_stored
from apps.catalog.sync.taking import READER, FileTaker, HTTPTaker, require_rows
from apps.jobs.lock import Held, hold
from apps.jobs.models import Run, Status
from apps.kit.clock import utc_now
from apps.kit.http import Fetcher

logger = logging.getLogger(__name__)
OFF: Final = "off"
PREFIX: Final = "catalog.sync:"
MAIN: Final = {
    "openrouter": "models",
    "models_dev": "api",
    "litellm": "prices",
    "deprecations": "deprecations",
}


class SwitchedOffError(Exception):
    """The source's address is "off"."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to sync, and how."""

    source: Source
    # A recorded file in place of the source's main document.
    file: str = ""
    on: date | None = None
    # An operator has looked: fewer rows than the last time are right.
    allows_fewer: bool = False
    trigger: str | None = None
    by: str = ""


@dataclass(slots=True)
class Outcome:
    """What one sync found and did."""

    source: str
    is_unchanged: bool = False  # the source says so itself
    rows: int = 0
    missing: int = 0
    delisted: int = 0
    applied: Applied = field(default_factory=Applied)
    notes: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        done = self.applied
        counts = {
            "providers": done.providers,
            "models": done.models,
            "offers": done.offers,
            "prices": done.prices,
            "held": done.held,
            "missing": self.missing,
            "delisted": self.delisted,
            "skipped": done.skipped,
        }
        words = [f"{count} {name}" for name, count in counts.items() if count]
        if self.is_unchanged:
            words = ["not changed at the source", *words]
        return f"{self.rows} rows: " + (", ".join(words) or "nothing to write")


def sync_source(request: Request) -> Outcome:
    """Run the job of one source; raises AlreadyRunningError and what went wrong."""
    name = PREFIX + request.source.key
    with hold(name, trigger=request.trigger, by=request.by) as held:
        outcome = _run(request, held)
        held.summary = outcome.summary
    logger.info("%s: %s", name, outcome.summary)
    return outcome


def preview(request: Request) -> tuple[Diff | None, Picture | None]:
    """The diff that a sync would write, and nothing else; None: not changed."""
    payloads = take(request)
    if payloads[0].is_unchanged:
        return None, None
    picture = read(request, payloads)
    stored = read_stored(request.source.origin, confirmed=confirmed_origins())
    _require(request, picture, stored)
    return diff(picture, stored, today=utc_now().date()), picture


def take(request: Request) -> Sequence[Payload]:
    """The payloads; raises FetchError, BrokenPayloadError or SwitchedOffError."""
    source = request.source
    url = str(getattr(settings, source.setting)).rstrip("/")
    if url == OFF and not request.file:
        raise SwitchedOffError(f"{source.setting} is off")
    with Fetcher() as fetcher:
        if request.file:
            return source.take(FileTaker(fetcher, request.file), url)
        return source.take(HTTPTaker(source.key, fetcher), url)


def read(request: Request, payloads: Sequence[Payload]) -> Picture:
    """The picture; raises BrokenPayloadError, whatever shape the payload has."""
    on = request.on or utc_now().date()
    try:
        return clean(request.source.read(payloads, on))
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError) as error:
        problem = f"{type(error).__name__}: {error}"
        raise BrokenPayloadError(f"the payload cannot be read ({problem})") from error


def _run(request: Request, held: Held) -> Outcome:
    started = utc_now()
    outcome = Outcome(request.source.key)
    payloads = take(request)
    if payloads[0].is_unchanged:
        outcome.is_unchanged = True
        missed = statuses.still_missed(request.source.covers)
        _finish(request, held, outcome, missed, Log(started, request.source.origin, ""))
        return outcome
    picture = read(request, payloads)
    stored = read_stored(request.source.origin, confirmed=confirmed_origins())
    _require(request, picture, stored)
    held.check()
    found = diff(
        picture,
        stored,
        today=started.date(),
        is_first_look=_last_rows(request.source) is None,
    )
    outcome.rows, outcome.notes = picture.row_count, picture.notes
    unit = partial(held.unit, using=DATABASE)
    outcome.applied = Applier(found, started, unit).run()
    missed = statuses.missed_of(found.missing)
    _finish(request, held, outcome, missed, Log.of(found, started))
    _note_fetch(request, held, payloads[0], picture.row_count)
    return outcome


def _finish(
    request: Request,
    held: Held,
    outcome: Outcome,
    missed: Sequence[statuses.Missed],
    log: Log,
) -> None:
    """Absences, statuses and the news of it; no transaction where there is nothing."""
    runs = _Runs(PREFIX + request.source.key)
    absences = statuses.judge(missed, runs.since)
    outcome.missing, outcome.delisted = len(missed), len(absences.delisted)
    if not absences.is_empty:
        with held.unit(using=DATABASE):
            lock_catalog()
            statuses.write_absences(absences, since=held_since(held, log), log=log)
    ended, turns = statuses.due(log.at.date())
    wrote = outcome.applied != Applied() or bool(absences.delisted)
    if ended or turns or wrote:
        with held.unit(using=DATABASE):
            lock_catalog()
            statuses.write_due(ended, turns, log=log)
            announce(request.source.key)


def held_since(held: Held, log: Log) -> datetime:
    """When this run began, by the clock that its row was stamped with."""
    started = (
        Run.objects.using(DATABASE)
        .filter(pk=held.id)
        .values_list("started_at", flat=True)
        .first()
    )
    return started or log.at


@dataclass(frozen=True, slots=True)
class _Runs:
    """The completed runs of one source."""

    name: str

    def since(self, moment: datetime) -> int:
        return (
            Run.objects.using(DATABASE)
            .filter(name=self.name, status=Status.COMPLETED, started_at__gte=moment)
            .count()
        )


def _require(request: Request, picture: Picture, stored: Stored) -> None:
    """Refuse a picture that lost too many rows since the last one."""
    if request.allows_fewer:
        return
    last = _last_rows(request.source)
    if last is None:
        # Before the first fetch, what the seed lists there is the measure.
        covers = request.source.covers
        last = sum(is_covered(offer, covers) for offer in stored.offers.values())
    require_rows(picture.row_count, last=last)


def _last_rows(source: Source) -> int | None:
    """How many rows the last payload had; None where there was none."""
    return (
        SourceFetch.objects.using(DATABASE)
        .filter(source=source.key, resource=_main(source))
        .values_list("row_count", flat=True)
        .first()
    )


def _main(source: Source) -> str:
    """Its main document, which is the one that is compared and counted."""
    return MAIN.get(source.key, "endpoints")


def confirmed_origins() -> dict[str, date]:
    """When each source was last found right, by its origin."""
    runs = Run.objects.using(DATABASE).filter(
        name__startswith=PREFIX, status=Status.COMPLETED
    )
    found: dict[str, date] = {}
    for name, finished in runs.order_by("finished_at").values_list(
        "name", "finished_at"
    ):
        key = name.removeprefix(PREFIX)
        if finished:
            found[key] = finished.date()
    return found


def _note_fetch(request: Request, held: Held, payload: Payload, row_count: int) -> None:
    """Keep what the next fetch is compared with; the same payload writes nothing."""
    key, resource = request.source.key, _main(request.source)
    known = SourceFetch.objects.using(DATABASE).filter(source=key, resource=resource)
    if known.filter(sha256=payload.sha256, reader=READER).exists():
        return
    with held.unit(using=DATABASE):
        SourceFetch.objects.using(DATABASE).update_or_create(
            source=key,
            resource=resource,
            defaults={
                "url": payload.url[:500],
                "etag": payload.etag,
                "last_modified": payload.last_modified,
                "reader": READER,
                "sha256": payload.sha256,
                "size_bytes": payload.size_bytes,
                "row_count": row_count,
                "fetched_at": utc_now(),
            },
        )
