"""The customer's stack: products, what they do, and the models they do it with."""

from typing import Final

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from apps.catalog.domains import Task
from apps.tenancy.models import TenantModel

# Where nobody said how much room prompt and answer need, in tokens.
USUAL_CONTEXT: Final = 4096
MOST_NEEDS: Final = 3


class Need(models.TextChoices):
    """What a use case can need most; up to three in order, or none: all equal."""

    COST = "cost", "Cost"
    SPEED = "speed", "Speed"
    QUALITY = "quality", "Quality"
    TRUST = "trust", "Trust"
    CONTEXT = "context", "Context"


class Capability(models.TextChoices):
    """What a model must be able to do for a use case."""

    VISION = "vision", "Vision"
    TOOLS = "tools", "Tools"
    STREAMING = "streaming", "Streaming"
    JSON = "json", "JSON schema"


class VolumeOrigin(models.TextChoices):
    """Where a use case's typed volume comes from, where nobody measured it."""

    PERSON = "person", "Typed"
    TEMPLATE = "template", "A template's assumption"
    IMPORT = "import", "An imported usage export"
    TRAFFIC = "traffic", "The router's own traffic"
    DEMO = "demo", "The demo portfolio"


class Product(TenantModel):
    """Something the customer builds with models."""

    class Category(models.TextChoices):
        CHATBOT = "chatbot", "Chatbot"
        AGENT = "agent", "Agent"
        COPILOT = "copilot", "Copilot"
        AUTOMATION = "automation", "Automation"
        ANALYTICS = "analytics", "Analytics"
        OTHER = "other", "Other"

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        DRAFT = "draft", "Draft"
        ARCHIVED = "archived", "Archived"

    name = models.CharField(max_length=120)
    description = models.CharField(max_length=2000, blank=True)
    category = models.CharField(max_length=10, choices=Category, default=Category.OTHER)
    status = models.CharField(max_length=8, choices=Status, default=Status.ACTIVE)
    # Part of the demo portfolio, which comes and goes as one.
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(
                "org", Lower("name"), name="product_name_is_unique"
            ),
        )

    def __str__(self) -> str:
        return self.name


class Function(TenantModel):
    """What a product does with models; made by itself where nobody cares for it."""

    class Priority(models.TextChoices):
        CRITICAL = "critical", "Critical"
        HIGH = "high", "High"
        MEDIUM = "medium", "Medium"
        LOW = "low", "Low"

    class QualityNeed(models.TextChoices):
        BEST = "best", "Best"
        GOOD = "good", "Good"
        ACCEPTABLE = "acceptable", "Acceptable"

    product = models.ForeignKey(
        Product,
        on_delete=models.CASCADE,
        related_name="functions",
        db_constraint=False,
        db_index=False,
    )
    name = models.CharField(max_length=120)
    priority = models.CharField(max_length=8, choices=Priority, default=Priority.MEDIUM)
    # The longest wait for the first token that is still good; None: not said.
    latency_need_ms = models.PositiveIntegerField(null=True, blank=True)
    quality_need = models.CharField(
        max_length=10, choices=QualityNeed, default=QualityNeed.GOOD
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(
                "org", "product", Lower("name"), name="function_name_is_unique"
            ),
        )

    def __str__(self) -> str:
        return self.name


class UseCase(TenantModel):
    """One job a model does in a product: what it needs, and how much of it."""

    function = models.ForeignKey(
        Function,
        on_delete=models.CASCADE,
        related_name="use_cases",
        db_constraint=False,
        db_index=False,
    )
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=1000, blank=True)
    task = models.CharField(
        max_length=16, choices=[(task.value, task.label) for task in Task]
    )
    current_model = models.ForeignKey(
        "catalog.AIModel", on_delete=models.PROTECT, related_name="+"
    )
    # Who serves it today; None: not said, and the price is the maker's own offer's.
    current_provider = models.ForeignKey(
        "catalog.Provider",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    # `Need`s in their order, at the most three; empty is all equal.
    needs = ArrayField(models.CharField(max_length=7, choices=Need), default=list)
    required_context = models.PositiveIntegerField(default=USUAL_CONTEXT)
    capabilities = ArrayField(
        models.CharField(max_length=9, choices=Capability), default=list
    )
    # Names of request parameters in use, which a migration has to care for.
    parameters = ArrayField(models.CharField(max_length=40), default=list)
    # As typed: calls a month, and tokens a call. None: not said. What is measured
    # through the alias stands above it (`queries.volume_of`).
    calls_month = models.PositiveBigIntegerField(null=True, blank=True)
    input_tokens = models.PositiveIntegerField(null=True, blank=True)
    output_tokens = models.PositiveIntegerField(null=True, blank=True)
    # Of the input tokens, how many are read from a provider's cache: 0 to 1.
    cached_share = models.FloatField(null=True, blank=True)
    # Of whom the four above are, and of what: "OpenAI usage export, 1 to 30 Nov 2026".
    volume_origin = models.CharField(
        max_length=8, choices=VolumeOrigin, default=VolumeOrigin.PERSON
    )
    volume_note = models.CharField(max_length=200, blank=True)
    alias = models.ForeignKey(
        "router.Alias",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(
                "org", "function", Lower("name"), name="use_case_name_is_unique"
            ),
            models.UniqueConstraint(
                fields=["org", "alias"],
                condition=Q(alias__isnull=False),
                name="use_case_is_one_an_alias",
            ),
            models.CheckConstraint(
                condition=Q(cached_share=None)
                | Q(cached_share__gte=0, cached_share__lte=1),
                name="use_case_cached_share_is_a_share",
            ),
        )
        indexes = (
            # What a price change touches is found by the model.
            models.Index(fields=["current_model"], name="use_case_by_model"),
        )

    def __str__(self) -> str:
        return self.name


class Import(TenantModel):
    """A usage export as it was uploaded: read, shown, and confirmed or thrown away."""

    format = models.CharField(max_length=30)
    file_name = models.CharField(max_length=200)
    # SHA-256 of the file: the same one is recognised.
    digest = models.CharField(max_length=64)
    first = models.DateField()
    last = models.DateField()
    row_count = models.PositiveIntegerField()
    # Rows that could not be read and that its owner chose to leave out.
    left_out = models.PositiveIntegerField(default=0)
    # `imports.propose.Proposal`s as JSON; once confirmed with what became of each.
    proposals = models.JSONField(default=list)
    # What its owner should know of the file, in words.
    notes = models.JSONField(default=list)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    # None: a draft, thrown away after a day.
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at", "id")
        indexes = (
            models.Index(fields=["org", "digest"], name="import_by_digest"),
            models.Index(fields=["org", "-created_at"], name="import_by_time"),
        )

    def __str__(self) -> str:
        return self.file_name
