"""Runs of jobs, their heartbeats, and messages that must follow a commit.

None of these tables belongs to an organization. The web's login reads runs and may
only add messages: it can never read what another request posted.
"""

from typing import ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from apps.kit.ids import uuid7


class Status(models.TextChoices):
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    LOST = "lost"


class Trigger(models.TextChoices):
    SCHEDULE = "schedule"
    CATCH_UP = "catch_up", "Caught up"
    RETRY = "retry"
    MANUAL = "manual", "By hand"
    COMMAND = "command"
    EVENT = "event"


class Run(models.Model):
    """One run of a job; all its moments are the database's, never a worker's."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100)
    status = models.CharField(max_length=16, choices=Status, default=Status.RUNNING)
    # Grows with each run: whoever holds an older one may write no more.
    token = models.BigIntegerField()
    trigger = models.CharField(max_length=16, choices=Trigger)
    by = models.CharField(max_length=254, blank=True)
    # The moment of the timetable this run stands for; none for the short-period ones.
    slot = models.DateTimeField(null=True)
    attempt = models.PositiveSmallIntegerField(default=1)
    cursor = models.TextField(null=True)  # noqa: DJ001  # none is not an empty one
    items_done = models.PositiveIntegerField(default=0)
    items_total = models.PositiveIntegerField(null=True)
    summary = models.TextField(blank=True)
    error = models.TextField(blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    # How old the data is that this run brought; its start unless the job knows better.
    data_at = models.DateTimeField(null=True)
    # When to try again; empty when nothing is to be.
    next_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "job_runs"
        constraints = (
            models.UniqueConstraint(
                fields=["name"],
                condition=Q(status="running"),
                name="job_runs_one_running",
            ),
            # Two clocks that tick at once start one run; a retry is another attempt.
            models.UniqueConstraint(
                fields=["name", "slot", "attempt"], name="job_runs_one_a_slot"
            ),
            models.CheckConstraint(
                condition=Q(status__in=Status.values), name="job_runs_status_is_known"
            ),
        )
        indexes = (
            models.Index(fields=["name", "-token"], name="job_runs_latest"),
            models.Index(
                fields=["next_at"],
                condition=Q(next_at__isnull=False),
                name="job_runs_to_retry",
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.status}"

    @property
    def took_ms(self) -> float | None:
        """How long it took in milliseconds; none while it runs."""
        if self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds() * 1000


class Heartbeat(models.Model):
    """The last sign of a run; narrow and apart, so it waits for no row of a run."""

    run = models.OneToOneField(
        Run, primary_key=True, on_delete=models.CASCADE, related_name="heartbeat"
    )
    beat_at = models.DateTimeField()

    class Meta:
        db_table = "job_heartbeats"

    def __str__(self) -> str:
        return f"{self.run_id} at {self.beat_at}"


class Presence(models.Model):
    """When a part of the machinery was last seen: the beat, a worker, a tick."""

    name = models.CharField(primary_key=True, max_length=16)
    first_seen_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        db_table = "job_presences"

    def __str__(self) -> str:
        return f"{self.name} at {self.seen_at}"


class Incident(models.Model):
    """Something staff must know of: told once when it begins, closed when it ends."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    subject = models.CharField(max_length=120)
    problem = models.TextField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "job_incidents"
        constraints = (
            models.UniqueConstraint(
                fields=["subject"],
                condition=Q(closed_at__isnull=True),
                name="job_incidents_one_open",
            ),
        )

    def __str__(self) -> str:
        return f"{self.subject}: {self.problem}"


class Message(models.Model):
    """Work that follows a commit, written in the transaction that caused it."""

    class State(models.TextChoices):
        WAITING = "waiting"
        DELIVERED = "delivered"
        DEAD = "dead"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    topic = models.CharField(max_length=100)
    # Emptied on delivery: what was sent is kept nowhere.
    payload = models.JSONField(encoder=DjangoJSONEncoder)
    # The organization whose scope its handler works in; not a tenant's column, because
    # no tenant's login may read this table at all.
    scope_id = models.UUIDField(null=True)
    state = models.CharField(max_length=16, choices=State, default=State.WAITING)
    # Counts claims, so it is also the token of whoever holds the latest one.
    attempt = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    # Not before this; a claim moves it on by the lease, a failure by the back-off.
    due_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    objects: ClassVar[models.Manager["Message"]] = models.Manager()

    class Meta:
        db_table = "outbox_messages"
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=("waiting", "delivered", "dead")),
                name="outbox_messages_state_is_known",
            ),
        )
        indexes = (
            models.Index(
                fields=["due_at", "id"],
                condition=Q(state="waiting"),
                name="outbox_messages_due",
            ),
            models.Index(
                fields=["finished_at"],
                condition=Q(state__in=("delivered", "dead")),
                name="outbox_messages_finished",
            ),
        )

    def __str__(self) -> str:
        return f"{self.topic} {self.state}"
