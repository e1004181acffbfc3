"""The audit log: an organization's own entries, and the operator's.

Append-only: the web's login may insert and read; a trigger refuses UPDATE and DELETE
to every login but the owner of the tables. Entries go in one way alone: with their
whole organization, by the database function of its deletion (`apps/privacy`), which
runs as the owner and refuses an organization whose deletion is not due.
"""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from apps.audit.actor import Via
from apps.kit.clock import utc_now
from apps.kit.ids import uuid7
from apps.tenancy.models import TenantModel

VIA = [(via.value, via.value.capitalize()) for via in Via]


class Entry(models.Model):
    """What both logs note of a change; no key leads away, so it outlives everything."""

    created_at = models.DateTimeField(default=utc_now, editable=False)
    # "member.role_changed": the subject's word, a dot, what happened to it.
    action = models.CharField(max_length=64)
    subject = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=200)
    # What the subject was called at the time, for a reader.
    label = models.CharField(max_length=200, blank=True)
    via = models.CharField(max_length=16, choices=VIA)
    actor_id = models.UUIDField(null=True)
    actor_email = models.CharField(max_length=254, blank=True)
    key_id = models.UUIDField(null=True)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    # Only the fields that changed; never a secret.
    before = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    after = models.JSONField(null=True, encoder=DjangoJSONEncoder)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.action} {self.subject} {self.subject_id}"


class AuditEntry(Entry, TenantModel):
    """A change inside one organization, which its leaders can read and export."""

    class Meta:
        indexes = (
            models.Index(
                fields=["org", "-created_at", "-id"], name="audit_entry_newest"
            ),
        )


class OperatorEntry(Entry):
    """A change of what belongs to no organization, or an operator's act."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)

    class Meta:
        indexes = (
            models.Index(fields=["-created_at", "-id"], name="audit_operator_newest"),
        )
