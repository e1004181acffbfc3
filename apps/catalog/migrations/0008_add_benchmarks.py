"""Benchmarks, their scores, and the quality table that is fitted from them."""

import django.db.models.deletion
from django.db import migrations, models

import apps.kit.clock
import apps.kit.ids

DOMAINS = [
    ("general", "General"),
    ("conversation", "Conversation"),
    ("instructions", "Following instructions"),
    ("language", "Language"),
    ("code", "Writing code"),
    ("engineering", "Software engineering"),
    ("web", "Web and design"),
    ("logic", "Logic"),
    ("mathematics", "Mathematics"),
    ("science", "Science"),
    ("data", "Data analysis"),
    ("summaries", "Faithful summaries"),
    ("long_context", "Long context"),
    ("languages", "Other languages"),
    ("vision", "Vision"),
    ("tools", "Tool use"),
    ("terminal", "Work at a terminal"),
]
ID = (
    "id",
    models.UUIDField(
        default=apps.kit.ids.uuid7, editable=False, primary_key=True, serialize=False
    ),
)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0007_add_headlines")]
    operations = [
        migrations.CreateModel(
            name="Benchmark",
            fields=[
                ID,
                ("slug", models.SlugField(max_length=80, unique=True)),
                ("name", models.CharField(max_length=120)),
                (
                    "domain",
                    models.CharField(blank=True, choices=DOMAINS, max_length=20),
                ),
                (
                    "unit",
                    models.CharField(
                        choices=[
                            ("percent", "Percent"),
                            ("share", "Share of 1"),
                            ("index", "Index, 0 to 100"),
                            ("rating", "Elo or Bradley-Terry rating"),
                        ],
                        max_length=10,
                    ),
                ),
                ("is_higher_better", models.BooleanField(default=True)),
                ("low", models.FloatField()),
                ("high", models.FloatField()),
                ("harness", models.CharField(blank=True, max_length=200)),
                ("publisher", models.CharField(blank=True, max_length=40)),
                ("licence", models.CharField(max_length=80)),
                ("citation", models.CharField(max_length=300)),
                ("url", models.CharField(max_length=300)),
                ("is_active", models.BooleanField(default=True)),
                ("is_edited", models.BooleanField(default=False)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "ordering": ("name",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("low__lt", models.F("high"))),
                        name="benchmark_has_a_range",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Score",
            fields=[
                ID,
                ("source", models.CharField(max_length=40)),
                ("source_id", models.CharField(max_length=240)),
                ("name", models.CharField(max_length=200)),
                ("maker", models.CharField(blank=True, max_length=80)),
                ("is_native", models.BooleanField(default=False)),
                ("value", models.FloatField()),
                ("stated_effort", models.CharField(blank=True, max_length=60)),
                ("effort", models.CharField(blank=True, max_length=60)),
                ("harness", models.CharField(blank=True, max_length=200)),
                ("measured_on", models.DateField()),
                ("is_self_reported", models.BooleanField(default=False)),
                ("sample_size", models.PositiveIntegerField(null=True)),
                ("margin", models.FloatField(null=True)),
                (
                    "cost_usd",
                    models.DecimalField(decimal_places=6, max_digits=12, null=True),
                ),
                ("url", models.CharField(max_length=300)),
                ("licence", models.CharField(max_length=80)),
                (
                    "match",
                    models.CharField(
                        choices=[
                            ("native", "The catalog's own id"),
                            ("exact", "The same name"),
                            ("normalized", "The same name, spelled otherwise"),
                            ("alias", "By the alias table"),
                            ("effort", "The same model at a stated effort"),
                            ("dated", "The only snapshot of the name"),
                            ("none", "Not matched"),
                        ],
                        default="none",
                        max_length=10,
                    ),
                ),
                ("match_detail", models.CharField(blank=True, max_length=200)),
                ("is_listed", models.BooleanField(default=True)),
                (
                    "added_at",
                    models.DateTimeField(
                        default=apps.kit.clock.utc_now, editable=False
                    ),
                ),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "ai_model",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="scores",
                        to="catalog.aimodel",
                    ),
                ),
                (
                    "benchmark",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="scores",
                        to="catalog.benchmark",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("ai_model__isnull", True)),
                        fields=["source", "name"],
                        name="score_unmatched",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source", "benchmark", "source_id"),
                        name="score_is_unique",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ai_model__isnull", True),
                            models.Q(("match", "none"), _negated=True),
                            _connector="OR",
                        ),
                        name="score_says_how_it_was_matched",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ModelQuality",
            fields=[
                ID,
                ("domain", models.CharField(choices=DOMAINS, max_length=20)),
                ("score", models.FloatField()),
                ("low", models.FloatField()),
                ("high", models.FloatField()),
                ("benchmarks", models.PositiveIntegerField()),
                ("results", models.PositiveIntegerField()),
                ("independent", models.PositiveIntegerField()),
                ("newest", models.DateField()),
                ("updated_at", models.DateTimeField()),
                (
                    "ai_model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="qualities",
                        to="catalog.aimodel",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("ai_model", "domain"), name="model_quality_is_unique"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("high__gte", models.F("score")),
                            ("low__gte", 0),
                            ("score__gte", models.F("low")),
                            ("high__lte", 1),
                        ),
                        name="model_quality_is_within_its_interval",
                    ),
                ]
            },
        ),
    ]
