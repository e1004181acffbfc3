"""Providers' bills beside the ledger, and how many tools a step called."""

import django.db.models.deletion
from django.conf import settings
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


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("router", "0011_budget_aliases"),
    ]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE router_routed_request ADD COLUMN tool_calls smallint",
            "ALTER TABLE router_routed_request DROP COLUMN tool_calls",
            state_operations=[
                migrations.AddField(
                    "RoutedRequest", "tool_calls", models.SmallIntegerField(null=True)
                )
            ],
        ),
        migrations.CreateModel(
            name="Invoice",
            fields=[
                ("id", _id()),
                ("provider", models.CharField(max_length=100)),
                ("format", models.CharField(max_length=30)),
                (
                    "keys",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "All keys"),
                            ("own", "Keys of the organization"),
                            ("managed", "Keys of the installation"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                ("file_name", models.CharField(max_length=200)),
                ("digest", models.CharField(max_length=64)),
                ("first", models.DateField()),
                ("last", models.DateField()),
                ("is_kept", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("compared_at", models.DateTimeField()),
                ("org", _org()),
                (
                    "uploaded_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("org", "provider", "keys", "digest"),
                        name="invoice_is_one_a_file",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="InvoiceLine",
            fields=[
                ("id", _id()),
                ("day", models.DateField()),
                ("model", models.CharField(blank=True, max_length=200)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("both", "On both sides"),
                            ("theirs", "On the bill alone"),
                            ("ours", "In the ledger alone"),
                        ],
                        max_length=6,
                    ),
                ),
                ("theirs_usd", models.DecimalField(null=True, **MONEY)),
                ("theirs_requests", models.BigIntegerField(null=True)),
                ("theirs_input_tokens", models.BigIntegerField(null=True)),
                ("theirs_output_tokens", models.BigIntegerField(null=True)),
                ("cost_usd", models.DecimalField(**MONEY)),
                ("requests", models.BigIntegerField()),
                ("input_tokens", models.BigIntegerField()),
                ("output_tokens", models.BigIntegerField()),
                ("estimated", models.IntegerField()),
                ("estimated_usd", models.DecimalField(**MONEY)),
                ("cancelled", models.IntegerField()),
                ("unpriced", models.IntegerField()),
                ("own_usd", models.DecimalField(**MONEY)),
                ("managed_usd", models.DecimalField(**MONEY)),
                (
                    "invoice",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="router.invoice",
                    ),
                ),
                ("org", _org()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("org", "invoice", "day", "model"),
                        name="invoice_line_is_one_a_model",
                    )
                ],
            },
        ),
        EnableRowSecurity("Invoice"),
        EnableRowSecurity("InvoiceLine", parents={"invoice": "router.Invoice"}),
    ]
