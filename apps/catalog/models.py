"""The market: who serves which model under which conditions, at which price."""

from decimal import Decimal

from django.db import models
from django.db.models import Q

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
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class AIModel(models.Model):
    """What is served, whoever serves it. `slug` is `author/name`."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        DEPRECATED = "deprecated", "Deprecated"
        RETIRED = "retired", "Retired"

    class Kind(models.TextChoices):
        CHAT = "chat", "Chat"
        EMBEDDING = "embedding", "Embedding"
        IMAGE = "image", "Image"
        AUDIO = "audio", "Audio"
        VIDEO = "video", "Video"
        RERANK = "rerank", "Rerank"
        OTHER = "other", "Other"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.CharField(max_length=160, unique=True)
    name = models.CharField(max_length=160)
    author = models.CharField(max_length=64)
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.CHAT)
    description = models.TextField(blank=True)
    context_tokens = models.PositiveIntegerField(null=True)
    max_output_tokens = models.PositiveIntegerField(null=True)
    # None means the source does not say; it is never read as "no".
    has_vision = models.BooleanField(null=True)
    has_tools = models.BooleanField(null=True)
    has_json_schema = models.BooleanField(null=True)
    has_reasoning = models.BooleanField(null=True)
    is_open_weights = models.BooleanField(null=True)
    released_on = models.DateField(null=True)
    deprecated_on = models.DateField(null=True)
    status = models.CharField(
        max_length=16, choices=Status.choices, default=Status.ACTIVE
    )
    source = models.CharField(max_length=300)
    sourced_on = models.DateField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("slug",)
        indexes = (models.Index(fields=["kind", "status", "slug"]),)

    def __str__(self) -> str:
        return self.slug


class Offer(models.Model):
    """One model at one provider; it has its own id there, limits and prices."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    ai_model = models.ForeignKey(
        AIModel, on_delete=models.CASCADE, related_name="offers"
    )
    provider = models.ForeignKey(
        Provider, on_delete=models.CASCADE, related_name="offers"
    )
    upstream_id = models.CharField(max_length=200)
    region = models.CharField(max_length=40, blank=True)
    variant = models.CharField(max_length=40, blank=True)
    context_tokens = models.PositiveIntegerField(null=True)
    max_output_tokens = models.PositiveIntegerField(null=True)
    # False: retired there, gone from the source, or not served as a chat.
    is_available = models.BooleanField(default=True)
    # The day on which this provider stops serving it, where it was announced.
    deprecated_on = models.DateField(null=True)
    # The embedded model: it answers test keys and first steps, and stands in for
    # live traffic only while no other provider is configured.
    is_stand_in = models.BooleanField(default=False)
    source = models.CharField(max_length=300)
    sourced_on = models.DateField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["provider", "upstream_id", "region", "variant"],
                name="offer_is_unique_at_its_provider",
            ),
        )

    def __str__(self) -> str:
        return f"{self.upstream_id} at {self.provider_id}"


class Price(models.Model):
    """What one component of an offer costs, from a day on, under a condition.

    `usd` is per 1,000,000 tokens (per single unit for `request` and `search`).
    Zero is a price; unknown is the absence of a row.
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
        IMAGE = "image", "Image"
        REQUEST = "request", "Request"
        SEARCH = "search", "Search"

    class ServiceTier(models.TextChoices):
        STANDARD = "standard", "Standard"
        BATCH = "batch", "Batch"
        FLEX = "flex", "Flex"
        PRIORITY = "priority", "Priority"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="prices")
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


class SeedLoad(models.Model):
    """Which state of the shipped seed this database holds; one row."""

    digest = models.CharField(max_length=64)
    loaded_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.digest[:12]


class TaskScore(models.Model):
    """How good a model is at one task, from a published benchmark; 0 to 1.

    No row means "not assessed", which is not zero.
    """

    class Task(models.TextChoices):
        CHAT = "chat", "Chat"
        CODING = "coding", "Coding"
        REASONING = "reasoning", "Reasoning"
        SUMMARIZATION = "summarization", "Summarization"
        TRANSLATION = "translation", "Translation"
        IMAGE = "image", "Image"
        AGENT_STEP = "agent_step", "Agent step"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    ai_model = models.ForeignKey(
        AIModel, on_delete=models.CASCADE, related_name="task_scores"
    )
    task = models.CharField(max_length=16, choices=Task.choices)
    score = models.FloatField()
    benchmark = models.CharField(max_length=100)
    variant = models.CharField(max_length=100, blank=True)  # effort or harness
    is_self_reported = models.BooleanField(default=False)
    source = models.CharField(max_length=300)
    licence = models.CharField(max_length=60)
    measured_on = models.DateField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(score__gte=0, score__lte=1), name="task_score_is_a_share"
            ),
            models.UniqueConstraint(
                fields=["ai_model", "task", "benchmark", "variant"],
                name="task_score_is_unique",
            ),
        )

    def __str__(self) -> str:
        return f"{self.task} {self.score:.2f}"
