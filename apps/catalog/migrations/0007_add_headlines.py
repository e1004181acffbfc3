"""The list's headlines: one row a model, worked out when the catalog changes."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from apps.tenancy.rls import Grant


class Migration(migrations.Migration):
    dependencies = [("catalog", "0006_grant_writing")]

    operations = [
        migrations.CreateModel(
            name="Headline",
            fields=[
                (
                    "ai_model",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="headline",
                        serialize=False,
                        to="catalog.aimodel",
                    ),
                ),
                (
                    "input_usd",
                    models.DecimalField(decimal_places=9, max_digits=18, null=True),
                ),
                (
                    "output_usd",
                    models.DecimalField(decimal_places=9, max_digits=18, null=True),
                ),
                ("priced_on", models.DateField(null=True)),
                ("offer_count", models.PositiveIntegerField(default=0)),
                (
                    "providers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64),
                        default=list,
                        size=None,
                    ),
                ),
                (
                    "tiers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=1),
                        default=list,
                        size=None,
                    ),
                ),
                ("words", models.TextField(blank=True)),
            ],
        ),
        Grant("Headline", "default", ("SELECT",)),
        Grant("Headline", "jobs", ("SELECT", "INSERT", "UPDATE")),
    ]
