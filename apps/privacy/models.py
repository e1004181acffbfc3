"""What an organization decided about its data, its exports, and its deletion."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from apps.privacy.redaction import KINDS
from apps.tenancy.models import TenantModel

LEAST_DAYS = 1
MOST_DAYS = 365


def every_kind() -> list[str]:
    return list(KINDS)


class PrivacySettings(TenantModel):
    """Whether prompts are kept; no row means no, which is where everybody starts."""

    stores_prompts = models.BooleanField(default=False)
    retention_days = models.PositiveSmallIntegerField(default=30)
    # Kinds of `redaction.KINDS` that are taken out before anything is stored.
    redacts = ArrayField(models.CharField(max_length=10), default=every_kind)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["org"], name="privacy_is_one_an_org"),
            models.CheckConstraint(
                condition=Q(retention_days__range=(LEAST_DAYS, MOST_DAYS)),
                name="privacy_retention_is_a_year_at_most",
            ),
        )

    def __str__(self) -> str:
        return f"Privacy of {self.org_id}"


class StoredExchange(models.Model):
    """A kept prompt and its answer, under the id of its request.

    A row of a monthly partition, written by `keep_exchanges` alone, which asks the
    settings above in the same transaction.
    """

    pk = models.CompositePrimaryKey("org_id", "id", "created_at")
    org_id = models.UUIDField()
    id = models.UUIDField()
    created_at = models.DateTimeField()
    # A JSON list of {"role", "text"}.
    prompt = models.TextField()
    answer = models.TextField()
    redactions = models.IntegerField()
    # Longer than we keep: the rest is not there.
    is_cut = models.BooleanField()

    class Meta:
        managed = False
        db_table = "privacy_stored_exchange"

    def __str__(self) -> str:
        return str(self.id)


class Export(TenantModel):
    """One archive of everything the organization owns, from asked for to expired."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Being built"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"
        EXPIRED = "expired", "Expired"

    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    # Where the work stands (`archive.Progress`), so that a killed job goes on there.
    progress = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    rows_done = models.BigIntegerField(default=0)
    rows_total = models.BigIntegerField(null=True)
    size_bytes = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(
                    state__in=("waiting", "running", "ready", "failed", "expired")
                ),
                name="privacy_export_state_is_known",
            ),
            # One at a time: a second would hold the same.
            models.UniqueConstraint(
                fields=["org"],
                condition=Q(state__in=("waiting", "running")),
                name="privacy_export_is_one_at_a_time",
            ),
        )
        indexes = (models.Index(fields=["org", "-created_at"]),)

    def __str__(self) -> str:
        return f"Export {self.id} {self.state}"


class Deletion(TenantModel):
    """The organization is to be deleted; undone, the row goes, and so it does at the
    end with all others.
    """

    class State(models.TextChoices):
        SCHEDULED = "scheduled"
        RUNNING = "running"

    state = models.CharField(max_length=10, choices=State, default=State.SCHEDULED)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    asked_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField()
    # Days before the end that a mail went out for, so that each goes out once.
    reminded_days = models.PositiveSmallIntegerField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["org"], name="deletion_is_one_an_org"),
            models.CheckConstraint(
                condition=Q(state__in=("scheduled", "running")),
                name="deletion_state_is_known",
            ),
        )

    def __str__(self) -> str:
        return f"Deletion of {self.org_id} {self.due_at:%Y-%m-%d}"


class Erasure(models.Model):
    """What is left of a deleted organization: its id, and that nothing else is.

    It belongs to nobody any more. The fields the job needs (`name`, `recipients`,
    `people`, `needles`) are emptied when the certificate is out. Rows that a sleeping
    host ships later are found by the id and removed by the nightly sweep.
    """

    erased_id = models.UUIDField(primary_key=True, editable=False)
    started_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    # Rows deleted, by table.
    counts = models.JSONField(default=dict)
    name = models.TextField(blank=True)
    recipients = ArrayField(models.TextField(), default=list)
    # Members as it began: who belongs nowhere else loses the account.
    people = ArrayField(models.UUIDField(), default=list)
    # What names of Redis keys are searched for: the organization and its keys.
    needles = ArrayField(models.TextField(), default=list)
    error = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"Erasure of {self.erased_id}"
