"""First answers of idempotency keys, answers from memory, and experiments."""

import django.db.models.deletion
from django.db import migrations, models

import apps.kit.ids
from apps.router import semantic_schema
from apps.tenancy.rls import EnableRowSecurity

# Few requests belong to an experiment.
BY_EXPERIMENT = (
    "CREATE INDEX router_routed_request_by_experiment ON router_routed_request"
    " (org_id, experiment_id, created_at) WHERE experiment_id IS NOT NULL"
)


def add_vectors(apps, schema_editor):
    if schema_editor.connection.alias == "owner":
        semantic_schema.prepare(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_resolve_rotated_keys"),
        ("router", "0008_learn_from_outcomes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Experiment",
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
                (
                    "kind",
                    models.CharField(
                        choices=[("ab", "A/B"), ("shadow", "Shadow")], max_length=6
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("running", "Running"),
                            ("stopped", "Stopped"),
                            ("concluded", "Concluded"),
                        ],
                        default="draft",
                        max_length=9,
                    ),
                ),
                ("arms", models.JSONField()),
                (
                    "sticky",
                    models.CharField(
                        choices=[
                            ("session", "Conversation"),
                            ("user", "User"),
                            ("request", "Each request"),
                        ],
                        default="session",
                        max_length=7,
                    ),
                ),
                ("share", models.FloatField(default=1.0)),
                (
                    "quality",
                    models.CharField(
                        choices=[
                            ("feedback", "Feedback"),
                            ("judge", "A judging model"),
                            ("none", "Not compared"),
                        ],
                        default="feedback",
                        max_length=8,
                    ),
                ),
                ("judge_model", models.CharField(blank=True, max_length=200)),
                ("margin", models.FloatField(default=0.15)),
                ("alpha", models.FloatField(default=0.05)),
                ("max_requests", models.PositiveIntegerField(null=True)),
                ("max_days", models.PositiveIntegerField(default=14)),
                (
                    "budget_usd",
                    models.DecimalField(decimal_places=9, max_digits=20, null=True),
                ),
                (
                    "spent_usd",
                    models.DecimalField(decimal_places=9, default=0, max_digits=20),
                ),
                ("started_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("end_reason", models.CharField(blank=True, max_length=300)),
                (
                    "verdict",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Open"),
                            ("better", "Better"),
                            ("not_worse", "Not worse"),
                            ("worse", "Worse"),
                        ],
                        default="",
                        max_length=9,
                    ),
                ),
                ("promoted_arm", models.CharField(blank=True, max_length=50)),
                ("promoted_at", models.DateTimeField(null=True)),
                ("rules_before", models.JSONField(null=True)),
                ("rules_after", models.JSONField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "alias",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="router.alias",
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
        ),
        migrations.CreateModel(
            name="ExperimentHold",
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
                ("amount_usd", models.DecimalField(decimal_places=9, max_digits=20)),
                ("expires_at", models.DateTimeField()),
                (
                    "experiment",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="router.experiment",
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
        ),
        migrations.CreateModel(
            name="IdempotentAnswer",
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
                ("name", models.CharField(max_length=255)),
                ("digest", models.BinaryField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "Under way"),
                            ("answered", "Answered"),
                            ("too_large", "Answered, not kept"),
                        ],
                        default="running",
                        max_length=9,
                    ),
                ),
                ("holder", models.UUIDField()),
                ("lease_until", models.DateTimeField()),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("request_id", models.UUIDField(null=True)),
                ("sealed", models.BinaryField(null=True)),
                (
                    "key",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.apikey",
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
        ),
        migrations.CreateModel(
            name="Judgement",
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
                ("request_id", models.UUIDField()),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("win", "The candidate's is better"),
                            ("loss", "The candidate's is worse"),
                            ("tie", "Neither"),
                        ],
                        max_length=4,
                    ),
                ),
                ("is_consistent", models.BooleanField()),
                ("judge", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "experiment",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="router.experiment",
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
        ),
        migrations.CreateModel(
            name="KeyCache",
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
                ("ttl_s", models.PositiveIntegerField()),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "key",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.apikey",
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
        ),
        migrations.CreateModel(
            name="SemanticAnswer",
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
                ("alias", models.TextField(blank=True, default="")),
                ("digest", models.BinaryField()),
                ("sealed", models.BinaryField()),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
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
        ),
        migrations.AddIndex(
            model_name="experiment",
            index=models.Index(
                fields=["org", "-created_at"], name="router_expe_org_id_9c7e30_idx"
            ),
        ),
        migrations.AddConstraint(
            model_name="experiment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "running")),
                fields=("org", "alias"),
                name="experiment_is_one_running_an_alias",
            ),
        ),
        migrations.AddConstraint(
            model_name="experiment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["draft", "running", "stopped", "concluded"])
                ),
                name="experiment_state_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="experiment",
            constraint=models.CheckConstraint(
                condition=models.Q(("share__gt", 0), ("share__lte", 1)),
                name="experiment_share_is_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="experiment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind", "ab"), ("budget_usd__gt", 0), _connector="OR"
                ),
                name="experiment_shadow_has_a_budget",
            ),
        ),
        migrations.AddIndex(
            model_name="experimenthold",
            index=models.Index(
                fields=["org", "experiment"], name="router_hold_by_experiment"
            ),
        ),
        migrations.AddIndex(
            model_name="idempotentanswer",
            index=models.Index(fields=["expires_at"], name="router_idempotent_by_end"),
        ),
        migrations.AddConstraint(
            model_name="idempotentanswer",
            constraint=models.UniqueConstraint(
                fields=("org", "key", "name"), name="idempotent_answer_is_one_a_key"
            ),
        ),
        migrations.AddConstraint(
            model_name="idempotentanswer",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["running", "answered", "too_large"])),
                name="idempotent_state_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="judgement",
            constraint=models.UniqueConstraint(
                fields=("org", "experiment", "request_id"),
                name="judgement_is_one_a_request",
            ),
        ),
        migrations.AddConstraint(
            model_name="keycache",
            constraint=models.UniqueConstraint(
                fields=("org", "key"), name="key_cache_is_one"
            ),
        ),
        migrations.AddConstraint(
            model_name="keycache",
            constraint=models.CheckConstraint(
                condition=models.Q(("ttl_s__gt", 0)), name="key_cache_has_a_time"
            ),
        ),
        migrations.AddIndex(
            model_name="semanticanswer",
            index=models.Index(
                fields=["org", "digest"], name="router_semantic_by_digest"
            ),
        ),
        migrations.AddIndex(
            model_name="semanticanswer",
            index=models.Index(fields=["expires_at"], name="router_semantic_by_end"),
        ),
        EnableRowSecurity(
            "Experiment", parents={"alias": "router.Alias"}, jobs=("SELECT",)
        ),
        EnableRowSecurity(
            "ExperimentHold",
            parents={"experiment": "router.Experiment"},
            jobs=("SELECT", "DELETE"),
        ),
        EnableRowSecurity("Judgement", parents={"experiment": "router.Experiment"}),
        EnableRowSecurity(
            "IdempotentAnswer",
            parents={"key": "accounts.APIKey"},
            jobs=("SELECT", "DELETE"),
        ),
        EnableRowSecurity(
            "KeyCache", parents={"key": "accounts.APIKey"}, jobs=("SELECT",)
        ),
        EnableRowSecurity("SemanticAnswer", jobs=("SELECT", "DELETE")),
        migrations.RunSQL(
            BY_EXPERIMENT, "DROP INDEX router_routed_request_by_experiment"
        ),
        migrations.RunPython(add_vectors, migrations.RunPython.noop),
    ]
