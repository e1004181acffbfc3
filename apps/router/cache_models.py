"""What may be answered from memory, and the answers that are found by likeness.

Exact answers are in Valkey alone (`answer_cache`); here is what must outlast it.
"""

from django.db import models

from apps.accounts.models import APIKey
from apps.tenancy.models import TenantModel


class KeyCache(TenantModel):
    """For how long answers to one API key may be given again."""

    key = models.ForeignKey(
        APIKey,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    ttl_s = models.PositiveIntegerField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["org", "key"], name="key_cache_is_one"),
            models.CheckConstraint(
                condition=models.Q(ttl_s__gt=0), name="key_cache_has_a_time"
            ),
        )

    def __str__(self) -> str:
        return f"{self.key_id} for {self.ttl_s} s"


class SemanticAnswer(TenantModel):
    """An answer that may be given to a question much like its own.

    Its question's vector stands in a column `embedding` that only SQL knows: it is
    there where the database has the extension `vector` (`semantic_schema`).
    """

    alias = models.TextField(blank=True, default="")
    # A keyed hash of all that has to be the same: everything but the last question.
    digest = models.BinaryField()
    sealed = models.BinaryField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=["org", "digest"], name="router_semantic_by_digest"),
            models.Index(fields=["expires_at"], name="router_semantic_by_end"),
        )

    def __str__(self) -> str:
        return f"{self.alias or 'no alias'} until {self.expires_at}"
