"""What is served, and by which names it is known."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from apps.catalog.models.origins import Origin
from apps.kit.clock import utc_now
from apps.kit.ids import uuid7


class AIModel(models.Model):
    """What is served, whoever serves it. `slug` is `author/name`."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        DEPRECATED = "deprecated", "Deprecated"
        RETIRED = "retired", "Retired"
        DELISTED = "delisted", "No longer listed"

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
    # The company behind the author: `meta` publishes as `meta` and `meta-llama`.
    vendor = models.CharField(max_length=64, blank=True)
    family = models.CharField(max_length=60, blank=True)
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.CHAT)
    description = models.TextField(blank=True)
    context_tokens = models.PositiveIntegerField(null=True)
    max_output_tokens = models.PositiveIntegerField(null=True)
    input_modalities = ArrayField(models.CharField(max_length=20), null=True)
    output_modalities = ArrayField(models.CharField(max_length=20), null=True)
    # None means the source does not say; it is never read as "no".
    has_vision = models.BooleanField(null=True)
    has_tools = models.BooleanField(null=True)
    has_json_schema = models.BooleanField(null=True)
    has_reasoning = models.BooleanField(null=True)
    is_open_weights = models.BooleanField(null=True)
    licence = models.CharField(max_length=60, blank=True)
    tokenizer = models.CharField(max_length=40, blank=True)
    hugging_face_id = models.CharField(max_length=160, blank=True)
    # A month is stated as often as a day: "2026-01" or "2026-01-31".
    knowledge_cutoff = models.CharField(max_length=10, blank=True)
    released_on = models.DateField(null=True)
    # The day its end was announced, and the last day it is served.
    deprecated_on = models.DateField(null=True)
    sunset_on = models.DateField(null=True)
    successor = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="predecessors"
    )
    status = models.CharField(
        max_length=16, choices=Status.choices, default=Status.ACTIVE
    )
    source = models.CharField(max_length=300)
    sourced_on = models.DateField()
    origin = models.CharField(
        max_length=20, choices=Origin.choices, default=Origin.SEED
    )
    # Field to {"origin", "source", "on", …}: see `catalog.provenance`.
    provenance = models.JSONField(default=dict, blank=True)
    listed_at = models.DateTimeField(default=utc_now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("slug",)
        indexes = (models.Index(fields=["kind", "status", "slug"]),)

    def __str__(self) -> str:
        return self.slug


class ModelAlias(models.Model):
    """A source's own id of a model, and how sure we are that it is this one."""

    class Match(models.TextChoices):
        EXACT = "exact", "The same id"
        RULE = "rule", "By a stated rule of spelling"
        VARIANT = "variant", "A variant: an effort, a price or a quantization"
        POINTER = "pointer", "A pointer to the latest, named by the source"
        EDITOR = "editor", "By an editor"
        REFUSED = "refused", "An editor says: not this one, nor any other"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.CharField(max_length=40)  # an Origin, or a benchmark's source
    external_id = models.CharField(max_length=200)
    # None only where an editor says that no model of ours is meant.
    ai_model = models.ForeignKey(
        AIModel, on_delete=models.CASCADE, null=True, related_name="aliases"
    )
    match = models.CharField(max_length=10, choices=Match.choices)
    # The rule in words, or what the variant is ("free", "batch", "high").
    rule = models.CharField(max_length=120, blank=True)
    decided_by = models.CharField(max_length=254, blank=True)
    decided_at = models.DateTimeField(default=utc_now)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["source", "external_id"], name="model_alias_is_unique"
            ),
            models.CheckConstraint(
                condition=models.Q(ai_model__isnull=False) | models.Q(match="refused"),
                name="model_alias_names_a_model",
            ),
        )

    def __str__(self) -> str:
        return f"{self.source} {self.external_id}"


class UsedModel(models.Model):
    """A model that some organization uses: its prices are refreshed every hour.

    Apps above the catalog fill it by `services.note_used`; it says nothing of whom.
    """

    ai_model = models.OneToOneField(
        AIModel, primary_key=True, on_delete=models.CASCADE, related_name="use"
    )
    last_used_on = models.DateField()

    def __str__(self) -> str:
        return f"{self.ai_model_id} on {self.last_used_on}"
