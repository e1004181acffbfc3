"""Graded answers, the prompts' vectors that wait for a grade, and who learns."""

import django.db.models.deletion
from django.db import migrations, models

import apps.kit.ids
from apps.tenancy.rls import EnableRowSecurity

MONEY = {"max_digits": 20, "decimal_places": 9, "null": True}


def _id():
    return models.UUIDField(
        default=apps.kit.ids.uuid7, editable=False, primary_key=True, serialize=False
    )


def _org():
    return models.ForeignKey(
        db_index=False,
        editable=False,
        on_delete=django.db.models.deletion.CASCADE,
        related_name="+",
        to="accounts.organization",
    )


class Migration(migrations.Migration):
    dependencies = [("router", "0007_add_aliases")]

    operations = [
        migrations.CreateModel(
            name="PromptVector",
            fields=[
                ("id", _id()),
                ("request_id", models.UUIDField()),
                ("prompt", models.BinaryField(max_length=16)),
                ("vector", models.BinaryField(max_length=256)),
                ("model", models.TextField()),
                ("cost_usd", models.DecimalField(**MONEY)),
                ("created_at", models.DateTimeField()),
                ("org", _org()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["created_at"], name="router_vector_by_age")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("org", "request_id"),
                        name="prompt_vector_is_one_a_request",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Outcome",
            fields=[
                ("id", _id()),
                ("request_id", models.UUIDField(null=True)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("feedback", "Feedback"),
                            ("experiment", "Experiment"),
                            ("check", "Sanity check"),
                            ("panel", "Panel"),
                        ],
                        max_length=10,
                    ),
                ),
                ("grader", models.CharField(blank=True, default="", max_length=36)),
                ("quality", models.FloatField(null=True)),
                ("label", models.CharField(blank=True, default="", max_length=100)),
                ("comment", models.CharField(blank=True, default="", max_length=2000)),
                ("model", models.TextField(blank=True, default="")),
                ("cost_usd", models.DecimalField(**MONEY)),
                ("prompt", models.BinaryField(max_length=16, null=True)),
                ("vector", models.BinaryField(max_length=256, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("org", _org()),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["org", "-created_at"], name="router_outcome_newest"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("org", "request_id", "source", "grader"),
                        name="outcome_is_one_a_grader",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(quality=None)
                        | models.Q(quality__gte=0, quality__lte=1),
                        name="outcome_quality_is_a_share",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Learner",
            fields=[
                ("id", _id()),
                ("rates", models.JSONField(blank=True, default=dict)),
                ("usual_weight", models.FloatField(default=0.0)),
                ("grades", models.PositiveIntegerField(default=0)),
                ("why", models.CharField(blank=True, default="", max_length=300)),
                ("report", models.JSONField(blank=True, default=dict)),
                ("judged_at", models.DateTimeField(null=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("org", _org()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("org",), name="learner_is_one_an_org"
                    )
                ],
            },
        ),
        EnableRowSecurity(
            "PromptVector",
            app=("SELECT",),
            jobs=("SELECT", "DELETE"),
            ledger=("INSERT",),
        ),
        EnableRowSecurity("Outcome", jobs=("SELECT",)),
        EnableRowSecurity("Learner", jobs=("SELECT",)),
    ]
