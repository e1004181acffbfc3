"""Facts and scores of trust, and what editors say against them."""

import django.db.models.deletion
from django.db import migrations, models

import apps.kit.clock
import apps.kit.ids

STATES = [
    ("proposed", "Waits for a second editor"),
    ("approved", "Approved"),
    ("refused", "Refused"),
    ("withdrawn", "Withdrawn"),
]
DIMENSIONS = [
    ("data_use", "Data use"),
    ("reliability", "Reliability"),
    ("speed", "Speed consistency"),
    ("price", "Price stability"),
    ("lifecycle", "Lifecycle notice"),
    ("transparency", "Transparency"),
    ("openness", "Openness and exit"),
    ("jurisdiction", "Jurisdiction and compliance"),
]
ID = (
    "id",
    models.UUIDField(
        default=apps.kit.ids.uuid7, editable=False, primary_key=True, serialize=False
    ),
)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0008_add_benchmarks")]
    operations = [
        migrations.CreateModel(
            name="TrustFact",
            fields=[
                ID,
                ("company", models.CharField(max_length=64)),
                (
                    "key",
                    models.CharField(
                        choices=[
                            ("fmti", "Foundation Model Transparency Index, of 100"),
                            ("notices", "Days of notice before each shutdown"),
                            ("certification", "SOC 2 or ISO 27001"),
                            ("dpa", "Data processing agreement"),
                        ],
                        max_length=20,
                    ),
                ),
                ("value", models.JSONField()),
                ("source", models.CharField(max_length=200)),
                ("url", models.CharField(max_length=300)),
                ("licence", models.CharField(blank=True, max_length=80)),
                ("stated_on", models.DateField()),
                ("by", models.CharField(blank=True, max_length=254)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("company", "key"), name="trust_fact_is_unique"
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="TrustScore",
            fields=[
                ID,
                ("dimension", models.CharField(choices=DIMENSIONS, max_length=20)),
                ("score", models.PositiveSmallIntegerField(null=True)),
                ("evidence", models.JSONField(default=list)),
                ("computed_at", models.DateTimeField()),
                (
                    "ai_model",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="trust_scores",
                        to="catalog.aimodel",
                    ),
                ),
                (
                    "provider",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="trust_scores",
                        to="catalog.provider",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("score__isnull", True),
                            ("score__lte", 100),
                            _connector="OR",
                        ),
                        name="trust_score_is_of_100",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("score__isnull", True),
                            models.Q(("evidence", []), _negated=True),
                            _connector="OR",
                        ),
                        name="trust_score_has_evidence",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("provider__isnull", True),
                            ("ai_model__isnull", True),
                            _connector="XOR",
                        ),
                        name="trust_score_has_one_subject",
                    ),
                    models.UniqueConstraint(
                        fields=("provider", "ai_model", "dimension"),
                        name="trust_score_is_unique",
                        nulls_distinct=False,
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="TrustOverride",
            fields=[
                ID,
                (
                    "dimension",
                    models.CharField(blank=True, choices=DIMENSIONS, max_length=20),
                ),
                (
                    "tier",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("A", "A"),
                            ("B", "B"),
                            ("C", "C"),
                            ("", "not assessed"),
                        ],
                        max_length=1,
                    ),
                ),
                ("score", models.PositiveSmallIntegerField(null=True)),
                ("reason", models.TextField()),
                ("evidence_url", models.CharField(max_length=300)),
                ("evidence_on", models.DateField()),
                ("expires_at", models.DateTimeField()),
                ("state", models.CharField(choices=STATES, max_length=10)),
                ("needs_two", models.BooleanField()),
                ("proposed_by", models.CharField(max_length=254)),
                ("proposed_at", models.DateTimeField(default=apps.kit.clock.utc_now)),
                ("decided_by", models.CharField(blank=True, max_length=254)),
                ("decided_at", models.DateTimeField(null=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "ai_model",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="trust_overrides",
                        to="catalog.aimodel",
                    ),
                ),
                (
                    "provider",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="trust_overrides",
                        to="catalog.provider",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["state", "expires_at"],
                        name="catalog_tru_state_8ac926_idx",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("provider__isnull", True),
                            ("ai_model__isnull", True),
                            _connector="XOR",
                        ),
                        name="trust_override_has_one_subject",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("dimension", ""),
                                ("provider__isnull", False),
                                ("score__isnull", True),
                            ),
                            models.Q(
                                models.Q(("dimension", ""), _negated=True),
                                ("score__lte", 100),
                                ("tier", ""),
                            ),
                            _connector="OR",
                        ),
                        name="trust_override_sets_tier_or_score",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("proposed_at"))),
                        name="trust_override_expires",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("reason", ""), _negated=True),
                            models.Q(("evidence_url", ""), _negated=True),
                        ),
                        name="trust_override_has_a_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "approved"), _negated=True),
                            ("needs_two", False),
                            models.Q(
                                models.Q(("decided_by", ""), _negated=True),
                                models.Q(
                                    ("decided_by", models.F("proposed_by")),
                                    _negated=True,
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="trust_override_has_two_people",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EditorialOverride",
            fields=[
                ID,
                (
                    "effect",
                    models.CharField(
                        choices=[
                            ("exclude", "Exclude: never chosen nor recommended"),
                            ("downrank", "Downrank: its score is multiplied"),
                            ("flag", "Flag: shown"),
                        ],
                        max_length=10,
                    ),
                ),
                ("factor", models.FloatField(null=True)),
                (
                    "severity",
                    models.CharField(
                        choices=[
                            ("info", "Info"),
                            ("warning", "Warning"),
                            ("urgent", "Urgent"),
                            ("critical", "Critical"),
                        ],
                        default="warning",
                        max_length=10,
                    ),
                ),
                ("reason", models.TextField()),
                ("evidence_url", models.CharField(blank=True, max_length=300)),
                ("expires_at", models.DateTimeField()),
                ("state", models.CharField(choices=STATES, max_length=10)),
                ("needs_two", models.BooleanField()),
                ("proposed_by", models.CharField(max_length=254)),
                ("proposed_at", models.DateTimeField(default=apps.kit.clock.utc_now)),
                ("decided_by", models.CharField(blank=True, max_length=254)),
                ("decided_at", models.DateTimeField(null=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "ai_model",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="overrides",
                        to="catalog.aimodel",
                    ),
                ),
                (
                    "offer",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="overrides",
                        to="catalog.offer",
                    ),
                ),
                (
                    "provider",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="overrides",
                        to="catalog.provider",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["state", "expires_at"],
                        name="catalog_edi_state_726fbd_idx",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("ai_model__isnull", False),
                                ("offer__isnull", True),
                                ("provider__isnull", True),
                            ),
                            models.Q(
                                ("ai_model__isnull", True),
                                ("offer__isnull", True),
                                ("provider__isnull", False),
                            ),
                            models.Q(
                                ("ai_model__isnull", True),
                                ("offer__isnull", False),
                                ("provider__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="override_has_one_subject",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("effect", "downrank"),
                                ("factor__gt", 0),
                                ("factor__lt", 1),
                            ),
                            models.Q(
                                models.Q(("effect", "downrank"), _negated=True),
                                ("factor__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="override_factor_is_of_a_downrank",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("proposed_at"))),
                        name="override_expires",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True),
                        name="override_has_a_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "approved"), _negated=True),
                            ("needs_two", False),
                            models.Q(
                                models.Q(("decided_by", ""), _negated=True),
                                models.Q(
                                    ("decided_by", models.F("proposed_by")),
                                    _negated=True,
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="override_has_two_people",
                    ),
                ],
            },
        ),
    ]
