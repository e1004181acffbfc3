"""What is charged, and since when."""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from apps.catalog.models.origins import Origin
from apps.kit.ids import uuid7


class Price(models.Model):
    """What one component of an offer costs, from a day on, under a condition.

    `usd` is per 1,000,000 tokens (per single unit for `request`, `search` and
    `picture`). Zero is a price; unknown is the absence of a row. A temporary discount
    is a row of its own (`is_discount`) beside the list price.
    """

    class Component(models.TextChoices):
        INPUT = "input", "Input"
        CACHE_READ = "cache_read", "Cache read"
        CACHE_WRITE_5M = "cache_write_5m", "Cache write, 5 minutes"
        CACHE_WRITE_1H = "cache_write_1h", "Cache write, 1 hour"
        OUTPUT = "output", "Output"
        REASONING = "reasoning", "Reasoning"
        AUDIO_INPUT = "audio_input", "Audio input"
        AUDIO_OUTPUT = "audio_output", "Audio output"
        AUDIO_CACHE_READ = "audio_cache_read", "Audio cache read"
        IMAGE = "image", "Image input"
        IMAGE_OUTPUT = "image_output", "Image output"
        PICTURE = "picture", "Picture made"
        REQUEST = "request", "Request"
        SEARCH = "search", "Search"

    class ServiceTier(models.TextChoices):
        STANDARD = "standard", "Standard"
        BATCH = "batch", "Batch"
        FLEX = "flex", "Flex"
        PRIORITY = "priority", "Priority"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    offer = models.ForeignKey(
        "catalog.Offer", on_delete=models.CASCADE, related_name="prices"
    )
    component = models.CharField(max_length=16, choices=Component.choices)
    usd = models.DecimalField(max_digits=18, decimal_places=9)
    service_tier = models.CharField(
        max_length=10, choices=ServiceTier.choices, default=ServiceTier.STANDARD
    )
    # Applies when the prompt has strictly more tokens than this.
    above_prompt_tokens = models.PositiveIntegerField(default=0)
    # A daily window in UTC; it may wrap midnight. Empty days mean every day.
    utc_from = models.TimeField(null=True)
    utc_until = models.TimeField(null=True)
    utc_weekdays = models.CharField(max_length=7, blank=True)  # "01234" is Mon to Fri
    is_discount = models.BooleanField(default=False)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)
    source = models.CharField(max_length=300)
    sourced_on = models.DateField()
    origin = models.CharField(
        max_length=20, choices=Origin.choices, default=Origin.SEED
    )

    class Meta:
        indexes = (models.Index(fields=["offer", "component", "valid_from"]),)
        constraints = (
            models.CheckConstraint(
                condition=Q(usd__gte=Decimal(0)), name="price_is_not_negative"
            ),
            models.UniqueConstraint(
                fields=[
                    "offer",
                    "component",
                    "service_tier",
                    "above_prompt_tokens",
                    "utc_from",
                    "utc_until",
                    "utc_weekdays",
                    "is_discount",
                    "valid_from",
                ],
                nulls_distinct=False,
                name="price_is_unique_for_its_condition",
            ),
        )

    def __str__(self) -> str:
        return f"{self.component} {self.usd} USD"
