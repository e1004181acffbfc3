"""Changes, held prices, aliases, parameters, health, fetches and models in use."""

import django.core.serializers.json
import django.db.models.deletion
from django.db import migrations, models

import apps.kit.clock
import apps.kit.ids


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0003_add_sync_facts"),
    ]

    operations = [
        migrations.CreateModel(
            name="ModelAlias",
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
                ("source", models.CharField(max_length=40)),
                ("external_id", models.CharField(max_length=200)),
                (
                    "match",
                    models.CharField(
                        choices=[
                            ("exact", "The same id"),
                            ("rule", "By a stated rule of spelling"),
                            (
                                "variant",
                                "A variant: an effort, a price or a quantization",
                            ),
                            ("pointer", "A pointer to the latest, named by the source"),
                            ("editor", "By an editor"),
                            ("refused", "An editor says: not this one, nor any other"),
                        ],
                        max_length=10,
                    ),
                ),
                ("rule", models.CharField(blank=True, max_length=120)),
                ("decided_by", models.CharField(blank=True, max_length=254)),
                ("decided_at", models.DateTimeField(default=apps.kit.clock.utc_now)),
            ],
        ),
        migrations.CreateModel(
            name="ModelChange",
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
                ("at", models.DateTimeField()),
                (
                    "what",
                    models.CharField(
                        choices=[
                            ("model_added", "New model"),
                            ("model_changed", "Model changed"),
                            ("model_delisted", "Model delisted"),
                            ("model_returned", "Model listed again"),
                            ("deprecation", "End announced or moved"),
                            ("retired", "Past its last day"),
                            ("offer_added", "New offer"),
                            ("offer_changed", "Offer changed"),
                            ("offer_delisted", "Offer delisted"),
                            ("offer_returned", "Offer listed again"),
                            ("price", "Price changed"),
                            ("price_added", "Price stated"),
                            ("price_removed", "Price no longer stated"),
                            ("price_held", "Price held for an editor"),
                            ("price_refused", "Held price refused"),
                            ("discount", "Discount began, changed or ended"),
                            ("parameters", "Parameters changed"),
                            ("provider_added", "New provider"),
                            ("provider_changed", "Provider changed"),
                        ],
                        max_length=20,
                    ),
                ),
                ("field", models.CharField(blank=True, max_length=60)),
                ("condition", models.CharField(blank=True, max_length=120)),
                (
                    "old",
                    models.JSONField(
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        null=True,
                    ),
                ),
                (
                    "new",
                    models.JSONField(
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        null=True,
                    ),
                ),
                ("change_share", models.FloatField(null=True)),
                (
                    "origin",
                    models.CharField(
                        choices=[
                            ("seed", "Shipped with ModelOptix"),
                            ("operator", "Operator"),
                            ("editor", "Editor"),
                            ("openrouter", "OpenRouter"),
                            ("models_dev", "models.dev"),
                            ("litellm", "LiteLLM"),
                        ],
                        max_length=20,
                    ),
                ),
                ("source", models.CharField(max_length=300)),
                ("by", models.CharField(blank=True, max_length=254)),
                ("is_first_look", models.BooleanField(default=False)),
            ],
        ),
        migrations.CreateModel(
            name="OfferHealth",
            fields=[
                (
                    "offer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="health",
                        serialize=False,
                        to="catalog.offer",
                    ),
                ),
                ("status", models.SmallIntegerField(null=True)),
                ("uptime_5m", models.FloatField(null=True)),
                ("uptime_30m", models.FloatField(null=True)),
                ("uptime_1d", models.FloatField(null=True)),
                ("latency_ms", models.JSONField(null=True)),
                ("throughput", models.JSONField(null=True)),
                (
                    "origin",
                    models.CharField(
                        choices=[
                            ("seed", "Shipped with ModelOptix"),
                            ("operator", "Operator"),
                            ("editor", "Editor"),
                            ("openrouter", "OpenRouter"),
                            ("models_dev", "models.dev"),
                            ("litellm", "LiteLLM"),
                        ],
                        max_length=20,
                    ),
                ),
                ("measured_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="OfferParameter",
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
                ("name", models.CharField(max_length=40)),
                ("is_supported", models.BooleanField(default=True)),
                ("minimum", models.FloatField(null=True)),
                ("maximum", models.FloatField(null=True)),
                ("default", models.JSONField(null=True)),
                ("choices", models.JSONField(null=True)),
                (
                    "origin",
                    models.CharField(
                        choices=[
                            ("seed", "Shipped with ModelOptix"),
                            ("operator", "Operator"),
                            ("editor", "Editor"),
                            ("openrouter", "OpenRouter"),
                            ("models_dev", "models.dev"),
                            ("litellm", "LiteLLM"),
                        ],
                        max_length=20,
                    ),
                ),
                ("source", models.CharField(max_length=300)),
                ("sourced_on", models.DateField()),
            ],
        ),
        migrations.CreateModel(
            name="PendingChange",
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
                ("old_prices", models.JSONField()),
                ("new_prices", models.JSONField()),
                ("jumps", models.JSONField()),
                (
                    "origin",
                    models.CharField(
                        choices=[
                            ("seed", "Shipped with ModelOptix"),
                            ("operator", "Operator"),
                            ("editor", "Editor"),
                            ("openrouter", "OpenRouter"),
                            ("models_dev", "models.dev"),
                            ("litellm", "LiteLLM"),
                        ],
                        max_length=20,
                    ),
                ),
                ("source", models.CharField(max_length=300)),
                ("sourced_on", models.DateField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("approved", "Approved"),
                            ("refused", "Refused"),
                            ("withdrawn", "Withdrawn by its source"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("found_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                ("decided_by", models.CharField(blank=True, max_length=254)),
                ("note", models.TextField(blank=True)),
            ],
        ),
        migrations.CreateModel(
            name="SourceFetch",
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
                ("source", models.CharField(max_length=20)),
                ("resource", models.CharField(max_length=220)),
                ("url", models.CharField(max_length=500)),
                ("etag", models.CharField(blank=True, max_length=200)),
                ("last_modified", models.CharField(blank=True, max_length=60)),
                ("sha256", models.CharField(max_length=64)),
                ("size_bytes", models.PositiveBigIntegerField()),
                ("row_count", models.PositiveIntegerField()),
                ("fetched_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="UsedModel",
            fields=[
                (
                    "ai_model",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="use",
                        serialize=False,
                        to="catalog.aimodel",
                    ),
                ),
                ("last_used_on", models.DateField()),
            ],
        ),
        migrations.AddField(
            model_name="modelalias",
            name="ai_model",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="aliases",
                to="catalog.aimodel",
            ),
        ),
        migrations.AddField(
            model_name="modelchange",
            name="ai_model",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="changes",
                to="catalog.aimodel",
            ),
        ),
        migrations.AddField(
            model_name="modelchange",
            name="offer",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="changes",
                to="catalog.offer",
            ),
        ),
        migrations.AddField(
            model_name="modelchange",
            name="provider",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="changes",
                to="catalog.provider",
            ),
        ),
        migrations.AddField(
            model_name="offerparameter",
            name="offer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="parameters",
                to="catalog.offer",
            ),
        ),
        migrations.AddField(
            model_name="pendingchange",
            name="offer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="pending_changes",
                to="catalog.offer",
            ),
        ),
        migrations.AddConstraint(
            model_name="sourcefetch",
            constraint=models.UniqueConstraint(
                fields=("source", "resource"), name="source_fetch_is_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="modelalias",
            constraint=models.UniqueConstraint(
                fields=("source", "external_id"), name="model_alias_is_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="modelalias",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ai_model__isnull", False), ("match", "refused"), _connector="OR"
                ),
                name="model_alias_names_a_model",
            ),
        ),
        migrations.AddIndex(
            model_name="modelchange",
            index=models.Index(fields=["-at", "-id"], name="model_change_feed"),
        ),
        migrations.AddIndex(
            model_name="modelchange",
            index=models.Index(
                fields=["ai_model", "-at"], name="model_change_of_model"
            ),
        ),
        migrations.AddIndex(
            model_name="modelchange",
            index=models.Index(fields=["what", "-at"], name="model_change_of_kind"),
        ),
        migrations.AddConstraint(
            model_name="modelchange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ai_model__isnull", False),
                    ("provider__isnull", False),
                    _connector="OR",
                ),
                name="model_change_has_a_subject",
            ),
        ),
        migrations.AddConstraint(
            model_name="offerparameter",
            constraint=models.UniqueConstraint(
                fields=("offer", "name"), name="offer_parameter_is_unique"
            ),
        ),
        migrations.AddIndex(
            model_name="pendingchange",
            index=models.Index(
                fields=["state", "-found_at"], name="pending_change_queue"
            ),
        ),
        migrations.AddConstraint(
            model_name="pendingchange",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "waiting")),
                fields=("offer",),
                name="pending_change_one_waits",
            ),
        ),
    ]
