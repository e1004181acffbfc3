"""How good models are, as others measured it."""

from django.db import models
from django.db.models import F, Q

from apps.catalog.domains import DOMAINS, GENERAL
from apps.catalog.matching import MatchClass
from apps.catalog.models.ai_models import AIModel
from apps.kit.clock import utc_now
from apps.kit.ids import uuid7

DOMAIN_CHOICES = [
    (GENERAL, "General"),
    *((domain.slug, domain.label) for domain in DOMAINS.values()),
]


class Benchmark(models.Model):
    """A published test of models: what it measures, on which scale, on what terms."""

    class Unit(models.TextChoices):
        PERCENT = "percent", "Percent"
        SHARE = "share", "Share of 1"
        INDEX = "index", "Index, 0 to 100"
        RATING = "rating", "Elo or Bradley-Terry rating"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    # Empty: shown, but no part of the quality table.
    domain = models.CharField(max_length=20, choices=DOMAIN_CHOICES, blank=True)
    unit = models.CharField(max_length=10, choices=Unit.choices)
    is_higher_better = models.BooleanField(default=True)
    # What a value may be at all; anything else in a payload is refused.
    low = models.FloatField()
    high = models.FloatField()
    harness = models.CharField(max_length=200, blank=True)
    # The source whose own result counts where several carry one benchmark.
    publisher = models.CharField(max_length=40, blank=True)
    licence = models.CharField(max_length=80)
    citation = models.CharField(max_length=300)
    url = models.CharField(max_length=300)
    is_active = models.BooleanField(default=True)
    # An editor's row outlives the seed.
    is_edited = models.BooleanField(default=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.CheckConstraint(
                condition=Q(low__lt=F("high")), name="benchmark_has_a_range"
            ),
        )

    def __str__(self) -> str:
        return self.name


class Score(models.Model):
    """One published result, with everything its source says of it.

    `ai_model` is empty until a rule or an editor says whose it is: a score is never
    guessed onto a model. No score is not zero.
    """

    class Match(models.TextChoices):
        NATIVE = MatchClass.NATIVE.value, "The catalog's own id"
        EXACT = MatchClass.EXACT.value, "The same name"
        NORMALIZED = MatchClass.NORMALIZED.value, "The same name, spelled otherwise"
        ALIAS = MatchClass.ALIAS.value, "By the alias table"
        EFFORT = MatchClass.EFFORT.value, "The same model at a stated effort"
        DATED = MatchClass.DATED.value, "The only snapshot of the name"
        NONE = MatchClass.NONE.value, "Not matched"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    benchmark = models.ForeignKey(
        Benchmark, on_delete=models.CASCADE, related_name="scores"
    )
    ai_model = models.ForeignKey(
        AIModel, on_delete=models.SET_NULL, null=True, related_name="scores"
    )
    # Who publishes it, its own id there, and the model's name as written there.
    source = models.CharField(max_length=40)
    source_id = models.CharField(max_length=240)
    name = models.CharField(max_length=200)
    maker = models.CharField(max_length=80, blank=True)
    # The name is an id that the catalog knows by itself.
    is_native = models.BooleanField(default=False)
    value = models.FloatField()
    # As the source states it beside the name, and as it counts: that, or what the
    # name says.
    stated_effort = models.CharField(max_length=60, blank=True)
    effort = models.CharField(max_length=60, blank=True)
    # The version of the test, the scaffold, whatever makes results differ.
    harness = models.CharField(max_length=200, blank=True)
    measured_on = models.DateField()
    is_self_reported = models.BooleanField(default=False)
    sample_size = models.PositiveIntegerField(null=True)
    # Half of the 95 % interval, in the benchmark's unit.
    margin = models.FloatField(null=True)
    cost_usd = models.DecimalField(max_digits=12, decimal_places=6, null=True)
    url = models.CharField(max_length=300)
    licence = models.CharField(max_length=80)
    match = models.CharField(
        max_length=10, choices=Match.choices, default=MatchClass.NONE.value
    )
    match_detail = models.CharField(max_length=200, blank=True)
    # False: its source no longer lists it.
    is_listed = models.BooleanField(default=True)
    added_at = models.DateTimeField(default=utc_now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["source", "benchmark", "source_id"], name="score_is_unique"
            ),
            models.CheckConstraint(
                condition=Q(ai_model__isnull=True) | ~Q(match=MatchClass.NONE.value),
                name="score_says_how_it_was_matched",
            ),
        )
        indexes = (
            models.Index(
                fields=["source", "name"],
                condition=Q(ai_model__isnull=True),
                name="score_unmatched",
            ),
        )

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"


class ModelQuality(models.Model):
    """How good a model is in one domain, fitted from its scores; see `ability`.

    Recomputed as a whole. No row means "not assessed".
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    ai_model = models.ForeignKey(
        AIModel, on_delete=models.CASCADE, related_name="qualities"
    )
    domain = models.CharField(max_length=20, choices=DOMAIN_CHOICES)
    # 0 to 1, where 0.5 is the average model assessed, with its 90 % interval.
    score = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    # What it rests on in this domain (for `general`: in all of them).
    benchmarks = models.PositiveIntegerField()
    results = models.PositiveIntegerField()
    independent = models.PositiveIntegerField()
    newest = models.DateField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["ai_model", "domain"], name="model_quality_is_unique"
            ),
            models.CheckConstraint(
                condition=Q(low__gte=0, score__gte=F("low"), high__gte=F("score"))
                & Q(high__lte=1),
                name="model_quality_is_within_its_interval",
            ),
        )

    def __str__(self) -> str:
        return f"{self.domain} {self.score:.2f}"
