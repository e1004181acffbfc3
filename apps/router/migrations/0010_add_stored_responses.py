"""Responses that a later request can go on from."""

import django.db.models.deletion
from django.db import migrations, models

import apps.kit.ids
from apps.tenancy.rls import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_resolve_rotated_keys"),
        ("router", "0009_answers_and_experiments"),
    ]

    operations = [
        migrations.CreateModel(
            name="StoredResponse",
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
                ("response_id", models.CharField(max_length=200)),
                ("previous", models.CharField(blank=True, max_length=200)),
                ("created_at", models.DateTimeField()),
                ("input", models.TextField()),
                ("response", models.TextField()),
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
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["org", "created_at"],
                        name="router_stored_response_by_age",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("org", "response_id"),
                        name="stored_response_is_one_an_id",
                    )
                ],
            },
        ),
        EnableRowSecurity("StoredResponse", jobs=("SELECT", "DELETE")),
    ]
