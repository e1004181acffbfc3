"""Who serves models."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from apps.catalog.models.origins import Origin
from apps.kit.ids import uuid7


class Provider(models.Model):
    """Who serves models over an API."""

    class Protocol(models.TextChoices):
        OPENAI = "openai", "OpenAI-compatible"
        ANTHROPIC = "anthropic", "Anthropic"
        ECHO = "echo", "Echo, in this process"

    class Tier(models.TextChoices):
        A = "A", "A"
        B = "B", "B"
        C = "C", "C"
        UNKNOWN = "", "not assessed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=100)
    protocol = models.CharField(
        max_length=16, choices=Protocol.choices, default=Protocol.OPENAI
    )
    # Empty: listed for its prices, but nothing here can call it.
    base_url = models.CharField(max_length=300, blank=True)
    # The variable that holds the installation's key; empty: none is needed.
    api_key_env = models.CharField(max_length=100, blank=True)
    website = models.CharField(max_length=300, blank=True)
    tier = models.CharField(max_length=1, choices=Tier.choices, blank=True, default="")
    is_operator_added = models.BooleanField(default=False)
    # Passes calls on to other providers, which are its offers' `served_by`.
    is_broker = models.BooleanField(default=False)
    # Facts of trust, as OpenRouter states them; None or empty: it does not say.
    headquarters = models.CharField(max_length=2, blank=True)  # ISO 3166-1
    datacenters = ArrayField(models.CharField(max_length=2), null=True)
    privacy_url = models.CharField(max_length=300, blank=True)
    terms_url = models.CharField(max_length=300, blank=True)
    status_url = models.CharField(max_length=300, blank=True)
    trains_on_prompts = models.BooleanField(null=True)
    retains_prompts = models.BooleanField(null=True)
    retention_days = models.PositiveIntegerField(null=True)
    may_publish_prompts = models.BooleanField(null=True)
    needs_user_ids = models.BooleanField(null=True)
    origin = models.CharField(
        max_length=20, choices=Origin.choices, default=Origin.SEED
    )
    # Field to {"origin", "source", "on", …}: see `catalog.provenance`.
    provenance = models.JSONField(default=dict, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def takes_keys(self) -> bool:
        """Whether it is called with a key, so that a customer can bring one."""
        is_remote = self.protocol != self.Protocol.ECHO and self.slug != "local"
        return is_remote and bool(self.base_url and self.api_key_env)
