"""Budgets, who holds what of them, who was told; and the organization's own rates."""

import django.db.models.deletion
from django.db import migrations, models

import apps.kit.ids
from apps.tenancy.rls import EnableRowSecurity

MONEY = {"max_digits": 20, "decimal_places": 9}


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


def _budget():
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.CASCADE,
        related_name="+",
        to="router.budget",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_resolve_rotated_keys"),
        ("router", "0003_note_whose_key_answered"),
    ]

    operations = [
        migrations.AddField(
            "policy", "requests_per_minute", models.PositiveIntegerField(null=True)
        ),
        migrations.AddField(
            "policy", "tokens_per_minute", models.PositiveIntegerField(null=True)
        ),
        migrations.CreateModel(
            name="Budget",
            fields=[
                ("id", _id()),
                (
                    "period",
                    models.CharField(
                        choices=[("day", "Daily"), ("month", "Monthly")], max_length=5
                    ),
                ),
                ("limit_usd", models.DecimalField(**MONEY)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "key",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.apikey",
                    ),
                ),
                ("org", _org()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("org", "key", "period"),
                        name="budget_is_one_a_period",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(limit_usd__gt=0), name="budget_is_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(period__in=["day", "month"]),
                        name="budget_period_is_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BudgetHold",
            fields=[
                ("id", _id()),
                ("starts_on", models.DateField()),
                ("holder", models.UUIDField()),
                ("amount_usd", models.DecimalField(**MONEY)),
                ("expires_at", models.DateTimeField()),
                ("budget", _budget()),
                ("org", _org()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["holder"], name="router_hold_by_holder")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("org", "budget", "starts_on", "holder"),
                        name="hold_is_one_a_holder",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="BudgetNotice",
            fields=[
                ("id", _id()),
                ("starts_on", models.DateField()),
                ("percent", models.PositiveSmallIntegerField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("budget", _budget()),
                ("org", _org()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("org", "budget", "starts_on", "percent"),
                        name="notice_is_one_a_period",
                    )
                ],
            },
        ),
        EnableRowSecurity(
            "Budget", parents={"key": "accounts.APIKey"}, jobs=("SELECT",)
        ),
        EnableRowSecurity(
            "BudgetHold",
            parents={"budget": "router.Budget"},
            app=("SELECT", "DELETE"),
            jobs=("SELECT", "DELETE"),
        ),
        EnableRowSecurity(
            "BudgetNotice", parents={"budget": "router.Budget"}, jobs=("SELECT",)
        ),
    ]
