"""How offers fared, whoever asked: facts about them, and nobody's in particular."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class OfferSpan(models.Model):
    """One offer's attempts in five minutes, of all processes; `health.py` says how
    the arrays are to be read.

    Written through the function `note_offer_spans` by the ledger's login alone.
    """

    pk = models.CompositePrimaryKey("offer_id", "starts_at")
    offer_id = models.UUIDField()
    starts_at = models.DateTimeField()
    provider = models.TextField()
    model = models.TextField()
    outcomes = ArrayField(models.IntegerField())
    latencies = ArrayField(models.IntegerField())
    first_tokens = ArrayField(models.IntegerField())

    class Meta:
        indexes = (models.Index(fields=["starts_at"], name="offer_span_by_time"),)

    def __str__(self) -> str:
        return f"{self.model} at {self.provider}, {self.starts_at}"


class OfferIncident(models.Model):
    """An offer's circuit was open: since when, until when and why."""

    id = models.UUIDField(primary_key=True)
    offer_id = models.UUIDField()
    provider = models.TextField()
    model = models.TextField()
    reason = models.TextField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["offer_id"],
                condition=Q(closed_at=None),
                name="offer_has_one_open_incident",
            ),
        )
        indexes = (models.Index(fields=["opened_at"], name="incident_by_time"),)

    def __str__(self) -> str:
        return f"{self.model} at {self.provider}, {self.opened_at}"
