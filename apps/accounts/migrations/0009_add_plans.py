"""Plans, who is on which, and who runs the installation."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import apps.kit.ids


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_note_coming_deletions"),
    ]

    operations = [
        migrations.CreateModel(
            name="Plan",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("code", models.SlugField(max_length=20, unique=True)),
                ("name", models.CharField(max_length=40)),
                ("position", models.PositiveSmallIntegerField()),
                (
                    "usd_billed_yearly",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=8, null=True
                    ),
                ),
                (
                    "usd_billed_monthly",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=8, null=True
                    ),
                ),
                ("products", models.PositiveIntegerField(blank=True, null=True)),
                ("functions", models.PositiveIntegerField(blank=True, null=True)),
                ("sanity_checks", models.PositiveIntegerField(blank=True, null=True)),
                ("panels", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "routed_requests",
                    models.PositiveBigIntegerField(blank=True, null=True),
                ),
                ("members", models.PositiveIntegerField(blank=True, null=True)),
                ("history_days", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "alerts",
                    models.CharField(
                        choices=[
                            ("digest", "Weekly digest"),
                            ("chat", "Digest, e-mail, Slack, Discord"),
                            ("all", "All, with webhooks and custom rules"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "github_repositories",
                    models.PositiveIntegerField(blank=True, null=True),
                ),
                ("has_sso", models.BooleanField(default=False)),
                ("has_audit_export", models.BooleanField(default=False)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "ordering": ("position",),
            },
        ),
        migrations.CreateModel(
            name="Staff",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.DB_CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("since", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name_plural": "staff",
            },
        ),
        migrations.CreateModel(
            name="OrganizationPlan",
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
                ("since", models.DateTimeField(auto_now_add=True)),
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
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.plan",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("org",), name="organization_plan_is_one"
                    )
                ],
            },
        ),
    ]
