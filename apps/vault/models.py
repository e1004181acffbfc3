"""Provider keys that an organization brings, and how they are used."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from apps.tenancy.models import TenantManager, TenantModel, TenantQuerySet


class ProviderKeyManager(TenantManager["ProviderKey"]):
    """Leave the sealed key in the table: only what decrypts it asks for it."""

    def get_queryset(self) -> TenantQuerySet["ProviderKey"]:
        return super().get_queryset().defer("sealed")


class ProviderKey(TenantModel):
    """One key of one provider: what is kept is sealed, what is shown its last four."""

    class Test(models.TextChoices):
        """What the provider said when the key was last tried by hand."""

        UNTESTED = "", "not tested"
        WORKS = "works", "works"
        REFUSED = "refused", "refused"
        RATE_LIMITED = "rate_limited", "rate limited"
        UNREACHABLE = "unreachable", "provider not reached"
        FAILED = "failed", "provider failed"
        UNPROVEN = "unproven", "not proven"

    # The provider's slug: bound into the seal, so a key never moves to another one.
    provider = models.SlugField(max_length=64)
    name = models.CharField(max_length=100)
    last4 = models.CharField(max_length=4)
    sealed = models.BinaryField()
    # Which key-encryption key wraps it; the re-encryption job looks for old ones.
    kek_version = models.BigIntegerField()
    # The order in which the keys of one provider are tried, smallest first.
    position = models.PositiveIntegerField()
    is_enabled = models.BooleanField(default=True)
    test_result = models.CharField(
        max_length=16, choices=Test.choices, blank=True, default=Test.UNTESTED
    )
    test_message = models.CharField(max_length=300, blank=True)
    test_ms = models.PositiveIntegerField(null=True)
    tested_at = models.DateTimeField(null=True)
    # A person who leaves takes nothing along: the key goes on working.
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager["ProviderKey"]] = ProviderKeyManager()

    class Meta:
        ordering = ("provider", "position", "id")
        indexes = (
            models.Index(
                fields=["org", "provider", "position"], name="provider_key_in_order"
            ),
            models.Index(fields=["kek_version"], name="provider_key_by_kek"),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.provider} …{self.last4})"


class ProviderPreference(TenantModel):
    """Whose keys go first at one provider; no row means the organization's own."""

    class Order(models.TextChoices):
        OWN_FIRST = "own_first", "Own keys first, then managed"
        MANAGED_FIRST = "managed_first", "Managed first, then own keys"
        OWN_ONLY = "own_only", "Own keys only"

    provider = models.SlugField(max_length=64)
    order = models.CharField(
        max_length=16, choices=Order.choices, default=Order.OWN_FIRST
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["org", "provider"], name="provider_preference_is_one"
            ),
        )

    def __str__(self) -> str:
        return f"{self.provider}: {self.order}"
