"""Connections to identity providers, and the domains an organization has proven."""

import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

import apps.kit.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0002_protect_accounts"),
    ]

    operations = [
        migrations.CreateModel(
            name="Connection",
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
                    "kind",
                    models.CharField(
                        choices=[("oidc", "OpenID Connect"), ("saml", "SAML 2.0")],
                        max_length=4,
                    ),
                ),
                ("issuer", models.CharField(max_length=500)),
                ("client_id", models.CharField(blank=True, max_length=191)),
                ("sealed_secret", models.BinaryField(default=b"", max_length=4096)),
                ("sso_url", models.CharField(blank=True, max_length=500)),
                ("certificate", models.TextField(blank=True)),
                (
                    "default_role",
                    models.CharField(
                        choices=[
                            ("admin", "Admin"),
                            ("member", "Member"),
                            ("viewer", "Viewer"),
                        ],
                        default="member",
                        max_length=10,
                    ),
                ),
                ("is_enforced", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("last_used_at", models.DateTimeField(null=True)),
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
                "constraints": [
                    models.UniqueConstraint(
                        fields=("org",), name="sso_connection_is_one_an_org"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["oidc", "saml"])),
                        name="sso_kind_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("default_role__in", ["admin", "member", "viewer"])
                        ),
                        name="sso_role_is_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Domain",
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
                ("name", models.CharField(max_length=253)),
                ("token", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("verified_at", models.DateTimeField(null=True)),
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
                "constraints": [
                    models.UniqueConstraint(
                        fields=("org", "name"), name="sso_domain_is_claimed_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "name",
                                django.db.models.functions.text.Lower(models.F("name")),
                            )
                        ),
                        name="sso_domain_is_lower_case",
                    ),
                ],
            },
        ),
    ]
