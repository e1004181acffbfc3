"""Say of the rows that are there what the new columns ask.

`deprecated_on` held the last day, which is now `sunset_on`; it becomes the day on which
the end was announced, and that nobody recorded.
"""

from django.db import migrations

FORWARDS = (
    "UPDATE catalog_aimodel SET sunset_on = deprecated_on, deprecated_on = NULL",
    "UPDATE catalog_offer SET sunset_on = deprecated_on, deprecated_on = NULL",
    """UPDATE catalog_aimodel
    SET vendor = CASE author WHEN 'meta-llama' THEN 'meta' ELSE author END""",
    "UPDATE catalog_provider SET is_broker = true WHERE slug = 'openrouter'",
    """UPDATE catalog_offer SET is_headline = true FROM catalog_provider p
    WHERE p.id = provider_id AND p.is_broker""",
    """UPDATE catalog_provider SET origin = 'operator' WHERE is_operator_added""",
    *(
        f"UPDATE {table} SET origin = 'operator' WHERE source LIKE 'operator%%'"  # noqa: S608  # the three names below
        for table in ("catalog_aimodel", "catalog_offer", "catalog_price")
    ),
)
BACKWARDS = (
    "UPDATE catalog_aimodel SET deprecated_on = sunset_on",
    "UPDATE catalog_offer SET deprecated_on = sunset_on",
)


def run(apps, schema_editor, statements):
    if schema_editor.connection.alias == "owner":
        for statement in statements:
            schema_editor.execute(statement.replace("%%", "%"), params=None)


def forwards(apps, schema_editor):
    run(apps, schema_editor, FORWARDS)


def backwards(apps, schema_editor):
    run(apps, schema_editor, BACKWARDS)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0004_add_sync_tables")]

    operations = [migrations.RunPython(forwards, backwards)]
