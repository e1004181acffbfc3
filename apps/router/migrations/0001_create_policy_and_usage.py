import django.db.models.deletion
from django.db import migrations, models

import apps.kit.ids
from apps.tenancy.rls import EnableRowSecurity

JOBS_ROLL_UP = ("SELECT", "INSERT", "DELETE")


def usage_fields():
    money = {"decimal_places": 9, "max_digits": 20}
    return [
        (
            "id",
            models.UUIDField(
                default=apps.kit.ids.uuid7,
                editable=False,
                primary_key=True,
                serialize=False,
            ),
        ),
        ("key_id", models.UUIDField(null=True)),
        ("provider", models.TextField()),
        ("model", models.TextField()),
        ("task", models.TextField()),
        ("is_test", models.BooleanField()),
        ("requests", models.IntegerField()),
        ("failed", models.IntegerField()),
        ("input_tokens", models.BigIntegerField()),
        ("cached_tokens", models.BigIntegerField()),
        ("output_tokens", models.BigIntegerField()),
        ("reasoning_tokens", models.BigIntegerField()),
        ("cost_usd", models.DecimalField(**money)),
        ("baseline_usd", models.DecimalField(**money)),
        ("savings_usd", models.DecimalField(**money)),
        ("unpriced", models.IntegerField()),
        ("latency_ms_total", models.BigIntegerField()),
        (
            "org",
            models.ForeignKey(
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="accounts.organization",
            ),
        ),
    ]


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0002_protect_accounts"),
        ("catalog", "0001_create_catalog"),
    ]

    operations = [
        migrations.CreateModel(
            name="Policy",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=apps.kit.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("weight_cost", models.FloatField(default=0.4)),
                ("weight_latency", models.FloatField(default=0.3)),
                ("weight_task", models.FloatField(default=0.3)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "org",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
                (
                    "premium_model",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="catalog.aimodel",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("org",), name="policy_is_one_an_org"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="UsageHour",
            fields=[*usage_fields(), ("starts_at", models.DateTimeField())],
            options={
                "indexes": [
                    models.Index(
                        fields=["org", "starts_at"],
                        name="router_usag_org_id_5d2fd8_idx",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="UsageDay",
            fields=[*usage_fields(), ("day", models.DateField())],
            options={
                "indexes": [
                    models.Index(
                        fields=["org", "day"], name="router_usag_org_id_9165d1_idx"
                    )
                ],
            },
        ),
        EnableRowSecurity("Policy", jobs=("SELECT",)),
        EnableRowSecurity("UsageHour", app=("SELECT",), jobs=JOBS_ROLL_UP),
        EnableRowSecurity("UsageDay", app=("SELECT",), jobs=JOBS_ROLL_UP),
    ]
