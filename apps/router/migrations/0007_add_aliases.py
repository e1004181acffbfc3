"""Aliases, rules for every request, and what the ledger notes of both.

The new columns of the ledger have constant defaults, so no row is rewritten, and the
release before, which knows nothing of them, goes on inserting.
"""

import django.db.models.deletion
from django.db import migrations, models

import apps.kit.ids
from apps.tenancy.rls import EnableRowSecurity

MONEY = {"max_digits": 20, "decimal_places": 9}
TEXT = "text NOT NULL DEFAULT ''"
PURPOSES = [
    ("call", "Call"),
    ("shadow", "Shadow of a call"),
    ("judge", "Judgement"),
    ("check", "Sanity check"),
    ("panel", "Panel"),
]


def _text(**options):
    return models.TextField(blank=True, default="", **options)


REQUEST = {
    "alias": (TEXT, _text()),
    "tags": (TEXT, _text()),
    "purpose": (
        "text NOT NULL DEFAULT 'call'",
        models.TextField(choices=PURPOSES, default="call"),
    ),
    "run_id": (TEXT, _text()),
    "step": ("integer", models.IntegerField(null=True)),
    "cache": (TEXT, _text()),
    "cache_saved_usd": ("numeric(20,9)", models.DecimalField(**MONEY, null=True)),
    "experiment_id": ("uuid", models.UUIDField(null=True)),
    "arm": (TEXT, _text()),
    "adjusted": (TEXT, _text()),
    "session": (TEXT, _text()),
}
NUMBER = "integer NOT NULL DEFAULT 0"
ATTEMPT = {
    "is_hedge": (
        "boolean NOT NULL DEFAULT false",
        models.BooleanField(default=False),
    ),
    "input_tokens": (NUMBER, models.IntegerField(default=0)),
    "output_tokens": (NUMBER, models.IntegerField(default=0)),
}


def _ledger_columns(model, table, columns):
    added = ", ".join(f"ADD COLUMN {name} {sql}" for name, (sql, _) in columns.items())
    dropped = ", ".join(f"DROP COLUMN {name}" for name in columns)
    return migrations.RunSQL(
        f"ALTER TABLE {table} {added}",
        f"ALTER TABLE {table} {dropped}",
        state_operations=[
            migrations.AddField(model, name, field)
            for name, (_, field) in columns.items()
        ],
    )


def _roll_up_columns(model):
    return [
        migrations.AddField(model, "alias", _text(db_default="")),
        migrations.AddField(model, "tags", _text(db_default="")),
        migrations.AddField(
            model, "purpose", models.TextField(default="call", db_default="call")
        ),
        migrations.AddField(
            model, "cache_hits", models.IntegerField(default=0, db_default=0)
        ),
        migrations.AddField(
            model,
            "cache_saved_usd",
            models.DecimalField(**MONEY, default=0, db_default=0),
        ),
    ]


class Migration(migrations.Migration):
    dependencies = [("router", "0006_drop_old_months")]

    operations = [
        _ledger_columns("RoutedRequest", "router_routed_request", REQUEST),
        _ledger_columns("Attempt", "router_attempt", ATTEMPT),
        # Few requests belong to an agent's run.
        migrations.RunSQL(
            "CREATE INDEX router_routed_request_by_run ON router_routed_request"
            " (org_id, run_id, created_at) WHERE run_id <> ''",
            "DROP INDEX router_routed_request_by_run",
        ),
        *_roll_up_columns("usagehour"),
        *_roll_up_columns("usageday"),
        migrations.AddField(
            "policy", "rules", models.JSONField(default=dict, blank=True)
        ),
        migrations.CreateModel(
            name="Alias",
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
                ("name", models.CharField(max_length=100)),
                ("description", models.CharField(blank=True, max_length=300)),
                ("is_active", models.BooleanField(default=True)),
                ("rules", models.JSONField(blank=True, default=dict)),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
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
            ],
            options={
                "ordering": ("name",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("org", "name"), name="alias_name_is_unique"
                    )
                ],
            },
        ),
        EnableRowSecurity("Alias", jobs=("SELECT",)),
    ]
