"""The audit log of each organization, and the operator's."""

import django.core.serializers.json
import django.db.models.deletion
from django.db import migrations, models

import apps.kit.clock
import apps.kit.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_create_accounts"),
    ]

    operations = [
        migrations.CreateModel(
            name="OperatorEntry",
            fields=[
                (
                    "created_at",
                    models.DateTimeField(
                        default=apps.kit.clock.utc_now, editable=False
                    ),
                ),
                ("action", models.CharField(max_length=64)),
                ("subject", models.CharField(max_length=40)),
                ("subject_id", models.CharField(max_length=200)),
                ("label", models.CharField(blank=True, max_length=200)),
                (
                    "via",
                    models.CharField(
                        choices=[
                            ("page", "Page"),
                            ("api", "Api"),
                            ("admin", "Admin"),
                            ("job", "Job"),
                            ("command", "Command"),
                            ("impersonation", "Impersonation"),
                        ],
                        max_length=16,
                    ),
                ),
                ("actor_id", models.UUIDField(null=True)),
                ("actor_email", models.CharField(blank=True, max_length=254)),
                ("key_id", models.UUIDField(null=True)),
                ("ip", models.GenericIPAddressField(null=True)),
                ("user_agent", models.CharField(blank=True, max_length=300)),
                (
                    "before",
                    models.JSONField(
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        null=True,
                    ),
                ),
                (
                    "after",
                    models.JSONField(
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        null=True,
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        default=apps.kit.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["-created_at", "-id"], name="audit_operator_newest"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditEntry",
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
                (
                    "created_at",
                    models.DateTimeField(
                        default=apps.kit.clock.utc_now, editable=False
                    ),
                ),
                ("action", models.CharField(max_length=64)),
                ("subject", models.CharField(max_length=40)),
                ("subject_id", models.CharField(max_length=200)),
                ("label", models.CharField(blank=True, max_length=200)),
                (
                    "via",
                    models.CharField(
                        choices=[
                            ("page", "Page"),
                            ("api", "Api"),
                            ("admin", "Admin"),
                            ("job", "Job"),
                            ("command", "Command"),
                            ("impersonation", "Impersonation"),
                        ],
                        max_length=16,
                    ),
                ),
                ("actor_id", models.UUIDField(null=True)),
                ("actor_email", models.CharField(blank=True, max_length=254)),
                ("key_id", models.UUIDField(null=True)),
                ("ip", models.GenericIPAddressField(null=True)),
                ("user_agent", models.CharField(blank=True, max_length=300)),
                (
                    "before",
                    models.JSONField(
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        null=True,
                    ),
                ),
                (
                    "after",
                    models.JSONField(
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        null=True,
                    ),
                ),
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
                        fields=["org", "-created_at", "-id"], name="audit_entry_newest"
                    )
                ],
            },
        ),
    ]
