"""What follows from an offer's absence or an announced day, without any source.

What was listed and is not any more is missed; after `MISSES` runs of its source it is
delisted, never deleted. Past its last day it is taken out of service. A model has the
status that its own days and its offers give it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from apps.catalog.models import AIModel, ModelChange, Offer
from apps.catalog.services import DATABASE
from apps.catalog.sources.base import Coverage
from apps.catalog.sync.changes import Log
from apps.catalog.sync.stored import StoredOffer

# How many runs in a row may not find an offer before it is delisted.
MISSES: Final = 3
What = ModelChange.What
Status = AIModel.Status


@dataclass(frozen=True, slots=True)
class Missed:
    """An offer that its source no longer lists."""

    id: UUID
    missing_since: datetime | None


def missed_of(offers: Iterable[StoredOffer]) -> list[Missed]:
    return [Missed(offer.id, offer.missing_since) for offer in offers]


def still_missed(covers: Coverage) -> list[Missed]:
    """Those already missed, where the source says that nothing has changed."""
    rows = Offer.objects.using(DATABASE).filter(
        provider__slug__in=covers.providers,
        origin__in=covers.origins,
        missing_since__isnull=False,
        delisted_at=None,
    )
    kind = rows.exclude(endpoint_tag="") if covers.is_endpoints else rows
    return [Missed(*row) for row in kind.values_list("pk", "missing_since")]


@dataclass(frozen=True, slots=True)
class Absences:
    """What to write about missed offers."""

    first: tuple[UUID, ...]
    delisted: tuple[UUID, ...]

    @property
    def is_empty(self) -> bool:
        return not self.first and not self.delisted


def judge(missed: Iterable[Missed], runs_since: Callable[[datetime], int]) -> Absences:
    """Who is missed for the first time, and who has been missed often enough.

    `runs_since` counts the completed runs that began at or after a moment; the present
    run is one more.
    """
    first, delisted = [], []
    for offer in missed:
        if offer.missing_since is None:
            first.append(offer.id)
        elif runs_since(offer.missing_since) + 1 >= MISSES:
            delisted.append(offer.id)
    return Absences(tuple(first), tuple(delisted))


def write_absences(absences: Absences, *, since: datetime, log: Log) -> None:
    """Note the absences; inside a unit."""
    table = Offer.objects.using(DATABASE)
    if absences.first:
        table.filter(pk__in=absences.first).update(missing_since=since)
    if absences.delisted:
        gone = table.filter(pk__in=absences.delisted, delisted_at=None)
        rows = list(gone.values_list("pk", "ai_model_id", "upstream_id"))
        gone.update(is_available=False, delisted_at=log.at, updated_at=log.at)
        _write(
            log.row(What.OFFER_DELISTED, offer_id=pk, ai_model_id=model, old=name)
            for pk, model, name in rows
        )


@dataclass(frozen=True, slots=True)
class Turn:
    """A model whose status is to be another."""

    id: UUID
    old: str
    new: str


def due(today: date) -> tuple[list[UUID], list[Turn]]:
    """Offers past their last day, and models whose status does not fit; only reads."""
    ended = (
        Offer.objects.using(DATABASE)
        .filter(sunset_on__lte=today, is_available=True)
        .values_list("pk", flat=True)
    )
    offers = Offer.objects.filter(ai_model=OuterRef("pk"))
    models = (
        AIModel.objects.using(DATABASE)
        # No sync writes a status: where one is noted, an editor set it.
        .exclude(provenance__has_key="status")
        .filter(
            Q(sunset_on__isnull=False)
            | Q(deprecated_on__isnull=False)
            | ~Q(status=Status.ACTIVE)
            | ~Exists(offers.filter(delisted_at=None))
        )
        .annotate(
            has_offers=Exists(offers), is_listed=Exists(offers.filter(delisted_at=None))
        )
    )
    fields = ("pk", "status", "sunset_on", "deprecated_on", "has_offers", "is_listed")
    turns = [
        Turn(pk, status, new)
        for pk, status, *facts in models.values_list(*fields)
        if (new := _status(*facts, today=today)) != status
    ]
    return list(ended), turns


def _status(
    sunset_on: date | None,
    deprecated_on: date | None,
    has_offers: bool,  # columns of a query, in its order
    is_listed: bool,
    *,
    today: date,
) -> str:
    if sunset_on and sunset_on <= today:
        return Status.RETIRED
    if has_offers and not is_listed:
        return Status.DELISTED
    if sunset_on or (deprecated_on and deprecated_on <= today):
        return Status.DEPRECATED
    return Status.ACTIVE


def write_due(ended: Sequence[UUID], turns: Sequence[Turn], *, log: Log | None) -> None:
    """Write them; inside a unit. Without a log nothing is noted."""
    table = Offer.objects.using(DATABASE)
    now = log.at if log else None
    if ended:
        rows = list(
            table.filter(pk__in=ended).values_list("pk", "ai_model_id", "sunset_on")
        )
        table.filter(pk__in=ended).update(is_available=False, **_touched(now))
        if log:
            _write(
                log.row(
                    What.RETIRED,
                    offer_id=pk,
                    ai_model_id=model,
                    field="sunset_on",
                    new=day and day.isoformat(),
                )
                for pk, model, day in rows
            )
    for status in Status.values:
        ids = [turn.id for turn in turns if turn.new == status]
        if ids:
            models = AIModel.objects.using(DATABASE).filter(pk__in=ids)
            models.update(status=status, **_touched(now))
    if log:
        _write(_turned(turns, log))


def _touched(now: datetime | None) -> dict[str, datetime]:
    """Wake the routers' comparison of their snapshots too."""
    return {"updated_at": now} if now else {}


def _turned(turns: Iterable[Turn], log: Log) -> Iterator[ModelChange]:
    for turn in turns:
        what = {
            Status.RETIRED: What.RETIRED,
            Status.DELISTED: What.MODEL_DELISTED,
        }.get(Status(turn.new))
        if what is None and turn.old in {Status.DELISTED, Status.RETIRED}:
            what = What.MODEL_RETURNED
        # That an end was announced is noted with the day itself.
        if what:
            yield log.row(
                what, ai_model_id=turn.id, field="status", old=turn.old, new=turn.new
            )


def _write(rows: Iterable[ModelChange]) -> None:
    ModelChange.objects.using(DATABASE).bulk_create(rows, batch_size=2000)
