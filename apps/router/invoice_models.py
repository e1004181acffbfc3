"""A provider's bill as it was uploaded, line by line beside the ledger's own sums."""

from django.conf import settings
from django.db import models

from apps.tenancy.models import TenantModel


class Invoice(TenantModel):
    """One uploaded export. A draft is thrown away after a day unless it is kept."""

    class Keys(models.TextChoices):
        """Whose provider keys the bill is for."""

        ALL = "", "All keys"
        OWN = "own", "Keys of the organization"
        MANAGED = "managed", "Keys of the installation"

    provider = models.CharField(max_length=100)
    format = models.CharField(max_length=30)
    keys = models.CharField(max_length=10, choices=Keys.choices, blank=True, default="")
    file_name = models.CharField(max_length=200)
    # SHA-256 of the file: the same one is not compared twice.
    digest = models.CharField(max_length=64)
    first = models.DateField()
    last = models.DateField()
    is_kept = models.BooleanField(default=False)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    compared_at = models.DateTimeField()

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(
                fields=["org", "provider", "keys", "digest"],
                name="invoice_is_one_a_file",
            ),
        )

    def __str__(self) -> str:
        return f"{self.provider} {self.first} to {self.last}"


class InvoiceLine(TenantModel):
    """One day and model of a bill, of the ledger, or of both."""

    class Kind(models.TextChoices):
        BOTH = "both", "On both sides"
        THEIRS = "theirs", "On the bill alone"
        OURS = "ours", "In the ledger alone"

    invoice = models.ForeignKey(
        Invoice,
        on_delete=models.CASCADE,
        related_name="lines",
        db_constraint=False,
        db_index=False,
    )
    day = models.DateField()
    # Our slug; the provider's own name where it is no model of ours.
    model = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=6, choices=Kind.choices)
    theirs_usd = models.DecimalField(max_digits=20, decimal_places=9, null=True)
    theirs_requests = models.BigIntegerField(null=True)
    theirs_input_tokens = models.BigIntegerField(null=True)
    theirs_output_tokens = models.BigIntegerField(null=True)
    cost_usd = models.DecimalField(max_digits=20, decimal_places=9)
    requests = models.BigIntegerField()
    input_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()
    estimated = models.IntegerField()
    estimated_usd = models.DecimalField(max_digits=20, decimal_places=9)
    cancelled = models.IntegerField()
    unpriced = models.IntegerField()
    own_usd = models.DecimalField(max_digits=20, decimal_places=9)
    managed_usd = models.DecimalField(max_digits=20, decimal_places=9)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["org", "invoice", "day", "model"],
                name="invoice_line_is_one_a_model",
            ),
        )

    def __str__(self) -> str:
        return f"{self.day} {self.model}"
