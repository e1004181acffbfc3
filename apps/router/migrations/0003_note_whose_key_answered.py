"""Whose provider key a request and each of its attempts went out with.

The default is a constant, so no row is rewritten, and the release before, which
knows nothing of the column, goes on inserting.
"""

from django.db import migrations, models

TABLES = {
    "RoutedRequest": "router_routed_request",
    "Attempt": "router_attempt",
}


class Migration(migrations.Migration):
    dependencies = [("router", "0002_create_ledger")]

    operations = [
        migrations.RunSQL(
            f"ALTER TABLE {table} ADD COLUMN key_kind text NOT NULL DEFAULT ''",
            f"ALTER TABLE {table} DROP COLUMN key_kind",
            state_operations=[
                migrations.AddField(
                    model, "key_kind", models.TextField(blank=True, default="")
                )
            ],
        )
        for model, table in TABLES.items()
    ]
