"""Where facts come from, and what was last fetched from there."""

from django.db import models

from apps.kit.ids import uuid7


class Origin(models.TextChoices):
    """Which hand wrote a fact; `sources.precedence` says whose word counts."""

    SEED = "seed", "Shipped with ModelOptix"
    OPERATOR = "operator", "Operator"
    EDITOR = "editor", "Editor"
    OPENROUTER = "openrouter", "OpenRouter"
    MODELS_DEV = "models_dev", "models.dev"
    LITELLM = "litellm", "LiteLLM"
    DEPRECATIONS = "deprecations", "deprecations.info"


class SourceFetch(models.Model):
    """The last payload taken from one address of a source.

    It is written only when the payload changed, so that the same answer twice writes
    nothing; when it was last confirmed is in the runs of the job.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.CharField(max_length=20)
    # What was fetched there: "models", or "endpoints/openai/gpt-6-sol".
    resource = models.CharField(max_length=220)
    url = models.CharField(max_length=500)
    etag = models.CharField(max_length=200, blank=True)
    last_modified = models.CharField(max_length=60, blank=True)
    # Which reading of the payload is stored (`sync.taking.READER`).
    reader = models.CharField(max_length=10, blank=True)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    row_count = models.PositiveIntegerField()
    fetched_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["source", "resource"], name="source_fetch_is_unique"
            ),
        )

    def __str__(self) -> str:
        return f"{self.source} {self.resource}"


class SeedLoad(models.Model):
    """Which state of the shipped seed this database holds; one row."""

    digest = models.CharField(max_length=64)
    loaded_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.digest[:12]
