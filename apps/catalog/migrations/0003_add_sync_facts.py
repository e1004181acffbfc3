"""What sources say beyond the seed: modalities, ends, endpoints, policies, origins."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import apps.kit.clock


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0002_grant_reading"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="offer",
            name="offer_is_unique_at_its_provider",
        ),
        migrations.AddField(
            model_name="aimodel",
            name="family",
            field=models.CharField(blank=True, max_length=60),
        ),
        migrations.AddField(
            model_name="aimodel",
            name="hugging_face_id",
            field=models.CharField(blank=True, max_length=160),
        ),
        migrations.AddField(
            model_name="aimodel",
            name="input_modalities",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=20), null=True
            ),
        ),
        migrations.AddField(
            model_name="aimodel",
            name="knowledge_cutoff",
            field=models.CharField(blank=True, max_length=10),
        ),
        migrations.AddField(
            model_name="aimodel",
            name="licence",
            field=models.CharField(blank=True, max_length=60),
        ),
        migrations.AddField(
            model_name="aimodel",
            name="listed_at",
            field=models.DateTimeField(default=apps.kit.clock.utc_now, editable=False),
        ),
        migrations.AddField(
            model_name="aimodel",
            name="origin",
            field=models.CharField(
                choices=[
                    ("seed", "Shipped with ModelOptix"),
                    ("operator", "Operator"),
                    ("editor", "Editor"),
                    ("openrouter", "OpenRouter"),
                    ("models_dev", "models.dev"),
                    ("litellm", "LiteLLM"),
                ],
                default="seed",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="aimodel",
            name="output_modalities",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=20), null=True
            ),
        ),
        migrations.AddField(
            model_name="aimodel",
            name="provenance",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="aimodel",
            name="successor",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="predecessors",
                to="catalog.aimodel",
            ),
        ),
        migrations.AddField(
            model_name="aimodel",
            name="sunset_on",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="aimodel",
            name="tokenizer",
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddField(
            model_name="aimodel",
            name="vendor",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name="offer",
            name="delisted_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="offer",
            name="endpoint_tag",
            field=models.CharField(blank=True, max_length=80),
        ),
        migrations.AddField(
            model_name="offer",
            name="has_implicit_caching",
            field=models.BooleanField(null=True),
        ),
        migrations.AddField(
            model_name="offer",
            name="has_parameter_list",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="offer",
            name="is_headline",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="offer",
            name="is_price_variable",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="offer",
            name="listed_at",
            field=models.DateTimeField(default=apps.kit.clock.utc_now, editable=False),
        ),
        migrations.AddField(
            model_name="offer",
            name="max_input_tokens",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="offer",
            name="missing_since",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="offer",
            name="origin",
            field=models.CharField(
                choices=[
                    ("seed", "Shipped with ModelOptix"),
                    ("operator", "Operator"),
                    ("editor", "Editor"),
                    ("openrouter", "OpenRouter"),
                    ("models_dev", "models.dev"),
                    ("litellm", "LiteLLM"),
                ],
                default="seed",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="offer",
            name="provenance",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="offer",
            name="quantization",
            field=models.CharField(blank=True, max_length=20),
        ),
        migrations.AddField(
            model_name="offer",
            name="served_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="endpoints",
                to="catalog.provider",
            ),
        ),
        migrations.AddField(
            model_name="offer",
            name="service_tier",
            field=models.CharField(
                choices=[
                    ("standard", "Standard"),
                    ("batch", "Batch"),
                    ("flex", "Flex"),
                    ("priority", "Priority"),
                ],
                default="standard",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="offer",
            name="sunset_on",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="price",
            name="origin",
            field=models.CharField(
                choices=[
                    ("seed", "Shipped with ModelOptix"),
                    ("operator", "Operator"),
                    ("editor", "Editor"),
                    ("openrouter", "OpenRouter"),
                    ("models_dev", "models.dev"),
                    ("litellm", "LiteLLM"),
                ],
                default="seed",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="provider",
            name="datacenters",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=2), null=True
            ),
        ),
        migrations.AddField(
            model_name="provider",
            name="headquarters",
            field=models.CharField(blank=True, max_length=2),
        ),
        migrations.AddField(
            model_name="provider",
            name="is_broker",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="provider",
            name="may_publish_prompts",
            field=models.BooleanField(null=True),
        ),
        migrations.AddField(
            model_name="provider",
            name="needs_user_ids",
            field=models.BooleanField(null=True),
        ),
        migrations.AddField(
            model_name="provider",
            name="origin",
            field=models.CharField(
                choices=[
                    ("seed", "Shipped with ModelOptix"),
                    ("operator", "Operator"),
                    ("editor", "Editor"),
                    ("openrouter", "OpenRouter"),
                    ("models_dev", "models.dev"),
                    ("litellm", "LiteLLM"),
                ],
                default="seed",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="provider",
            name="privacy_url",
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name="provider",
            name="provenance",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="provider",
            name="retains_prompts",
            field=models.BooleanField(null=True),
        ),
        migrations.AddField(
            model_name="provider",
            name="retention_days",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="provider",
            name="status_url",
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name="provider",
            name="terms_url",
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name="provider",
            name="trains_on_prompts",
            field=models.BooleanField(null=True),
        ),
        migrations.AlterField(
            model_name="aimodel",
            name="status",
            field=models.CharField(
                choices=[
                    ("active", "Active"),
                    ("deprecated", "Deprecated"),
                    ("retired", "Retired"),
                    ("delisted", "No longer listed"),
                ],
                default="active",
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="price",
            name="component",
            field=models.CharField(
                choices=[
                    ("input", "Input"),
                    ("cache_read", "Cache read"),
                    ("cache_write_5m", "Cache write, 5 minutes"),
                    ("cache_write_1h", "Cache write, 1 hour"),
                    ("output", "Output"),
                    ("reasoning", "Reasoning"),
                    ("audio_input", "Audio input"),
                    ("audio_output", "Audio output"),
                    ("audio_cache_read", "Audio cache read"),
                    ("image", "Image input"),
                    ("image_output", "Image output"),
                    ("picture", "Picture made"),
                    ("request", "Request"),
                    ("search", "Search"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.UniqueConstraint(
                fields=("provider", "upstream_id", "region", "variant", "endpoint_tag"),
                name="offer_is_unique_at_its_endpoint",
            ),
        ),
    ]
