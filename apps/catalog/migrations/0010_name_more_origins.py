"""Announced ends have an origin too; a fetch notes which reading of it is stored."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0009_retire_task_scores"),
    ]

    operations = [
        migrations.AddField(
            model_name="sourcefetch",
            name="reader",
            field=models.CharField(blank=True, max_length=10),
        ),
        migrations.AlterField(
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
                    ("deprecations", "deprecations.info"),
                ],
                default="seed",
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="modelchange",
            name="origin",
            field=models.CharField(
                choices=[
                    ("seed", "Shipped with ModelOptix"),
                    ("operator", "Operator"),
                    ("editor", "Editor"),
                    ("openrouter", "OpenRouter"),
                    ("models_dev", "models.dev"),
                    ("litellm", "LiteLLM"),
                    ("deprecations", "deprecations.info"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
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
                    ("deprecations", "deprecations.info"),
                ],
                default="seed",
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="offerhealth",
            name="origin",
            field=models.CharField(
                choices=[
                    ("seed", "Shipped with ModelOptix"),
                    ("operator", "Operator"),
                    ("editor", "Editor"),
                    ("openrouter", "OpenRouter"),
                    ("models_dev", "models.dev"),
                    ("litellm", "LiteLLM"),
                    ("deprecations", "deprecations.info"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="offerparameter",
            name="origin",
            field=models.CharField(
                choices=[
                    ("seed", "Shipped with ModelOptix"),
                    ("operator", "Operator"),
                    ("editor", "Editor"),
                    ("openrouter", "OpenRouter"),
                    ("models_dev", "models.dev"),
                    ("litellm", "LiteLLM"),
                    ("deprecations", "deprecations.info"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="pendingchange",
            name="origin",
            field=models.CharField(
                choices=[
                    ("seed", "Shipped with ModelOptix"),
                    ("operator", "Operator"),
                    ("editor", "Editor"),
                    ("openrouter", "OpenRouter"),
                    ("models_dev", "models.dev"),
                    ("litellm", "LiteLLM"),
                    ("deprecations", "deprecations.info"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
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
                    ("deprecations", "deprecations.info"),
                ],
                default="seed",
                max_length=20,
            ),
        ),
        migrations.AlterField(
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
                    ("deprecations", "deprecations.info"),
                ],
                default="seed",
                max_length=20,
            ),
        ),
    ]
