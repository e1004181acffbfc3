"""What pages and commands show of jobs."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from apps.jobs.models import Incident, Message, Run, Status
from apps.jobs.presence import PARTS, UNSEEN_AFTER, sights
from apps.jobs.schedule import SCHEDULE, Scheduled

RUNS_SHOWN: Final = 5
TITLES: Final = {"beat": "Clock", "worker": "Worker", "tick": "Scheduled work"}
HISTORY_SHOWN: Final = 50
MESSAGES_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job of the schedule, and how it has been doing."""

    job: Scheduled
    runs: Sequence[Run]
    good: Run | None
    next_at: datetime
    is_stale: bool

    @property
    def latest(self) -> Run | None:
        return self.runs[0] if self.runs else None

    @property
    def data_at(self) -> datetime | None:
        """How old the data is that the last success brought."""
        return self.good.data_at if self.good else None

    @property
    def is_running(self) -> bool:
        return self.latest is not None and self.latest.status == Status.RUNNING

    @property
    def took_ms(self) -> float | None:
        """How long the latest finished run took."""
        times = (run.took_ms for run in self.runs)
        return next((time for time in times if time is not None), None)


@dataclass(frozen=True, slots=True)
class PartLine:
    """A part of the machinery."""

    name: str
    seen_at: datetime | None
    is_alive: bool

    @property
    def title(self) -> str:
        return TITLES[self.name]


def job_lines(names: Sequence[str] = ()) -> list[JobLine]:
    """All jobs of the schedule, or those named, in three statements."""
    jobs = [job for job in SCHEDULE if not names or job.name in names]
    wanted = [job.name for job in jobs]
    recent, now = _recent(wanted), timezone.now()
    good = _last_good(wanted)
    since = sights().get("tick")
    first = since.first_seen_at if since else now
    return [
        _line(job, recent[job.name], good.get(job.name), now=now, since=first)
        for job in jobs
    ]


def _recent(names: Sequence[str]) -> dict[str, list[Run]]:
    place = Window(RowNumber(), partition_by=F("name"), order_by=F("token").desc())
    runs = Run.objects.filter(name__in=names).annotate(place=place)
    by_name: dict[str, list[Run]] = defaultdict(list)
    for run in runs.filter(place__lte=RUNS_SHOWN).order_by("-token"):
        by_name[run.name].append(run)
    return by_name


def _last_good(names: Sequence[str]) -> dict[str, Run]:
    good = Run.objects.filter(name__in=names, status=Status.COMPLETED)
    latest = good.order_by("name", "-token").distinct("name")
    return {run.name: run for run in latest}


def _line(
    job: Scheduled,
    runs: Sequence[Run],
    good: Run | None,
    *,
    now: datetime,
    since: datetime,
) -> JobLine:
    last = runs[0].started_at if runs else None
    fresh = max(good.finished_at or since, since) if good else since
    return JobLine(
        job,
        runs,
        good,
        next_at=_next(job, runs, now, last),
        is_stale=now - fresh > job.allowed_age,
    )


def _next(
    job: Scheduled, runs: Sequence[Run], now: datetime, last: datetime | None
) -> datetime:
    retries = [run.next_at for run in runs if run.next_at]
    return min([job.timing.after(now, last=last), *retries])


def runs_of(name: str) -> list[Run]:
    """The latest runs of a job, newest first."""
    return list(Run.objects.filter(name=name).order_by("-token")[:HISTORY_SHOWN])


def part_lines() -> list[PartLine]:
    """The clock, the worker, and work that gets done, each with its last sign."""
    known, now = sights(), timezone.now()
    return [
        PartLine(name, sight.seen_at if sight else None, is_alive)
        for name in PARTS
        for sight in [known.get(name)]
        for is_alive in [bool(sight and now - sight.seen_at <= UNSEEN_AFTER)]
    ]


def open_incidents() -> list[Incident]:
    return list(Incident.objects.filter(closed_at=None).order_by("opened_at"))


def dead_messages() -> list[Message]:
    """Messages given up; what they say is not read."""
    dead = Message.objects.using("jobs").filter(state=Message.State.DEAD)
    return list(dead.defer("payload").order_by("-finished_at")[:MESSAGES_SHOWN])


def waiting_messages() -> int:
    """How many messages are due and not delivered."""
    waiting = Message.objects.using("jobs").filter(state=Message.State.WAITING)
    return waiting.filter(due_at__lte=timezone.now()).count()
