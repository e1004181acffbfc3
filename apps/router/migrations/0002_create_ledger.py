"""The partitioned ledger, in SQL: Django has no words for partitions or for grants.

Column order is widest first, so that no row carries padding.
"""

from django.db import migrations, models

from apps.tenancy.rls import login, tenant_policy_sql

REQUEST = """
CREATE TABLE router_routed_request (
    created_at timestamptz NOT NULL,
    input_tokens integer NOT NULL,
    cached_tokens integer NOT NULL,
    written_tokens integer NOT NULL,
    output_tokens integer NOT NULL,
    reasoning_tokens integer NOT NULL,
    latency_ms integer NOT NULL,
    first_token_ms integer,
    attempts smallint NOT NULL,
    is_test boolean NOT NULL,
    is_stream boolean NOT NULL,
    is_estimated boolean NOT NULL,
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    key_id uuid,
    decision_id uuid,
    model_id uuid,
    cost_usd numeric(20,9),
    baseline_usd numeric(20,9),
    provider text NOT NULL,
    model text NOT NULL,
    baseline_model text NOT NULL,
    task text NOT NULL,
    endpoint text NOT NULL,
    status text NOT NULL CHECK (status IN ('ok', 'failed', 'cancelled')),
    error_code text NOT NULL,
    finish_reason text NOT NULL,
    PRIMARY KEY (org_id, id, created_at)
) PARTITION BY RANGE (created_at)
"""
ATTEMPT = """
CREATE TABLE router_attempt (
    created_at timestamptz NOT NULL,
    started_ms integer NOT NULL,
    duration_ms integer NOT NULL,
    number smallint NOT NULL,
    http_status smallint,
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    request_id uuid NOT NULL,
    offer_id uuid,
    cost_usd numeric(20,9),
    provider text NOT NULL,
    model text NOT NULL,
    outcome text NOT NULL,
    message text NOT NULL,
    raw_usage text NOT NULL,
    PRIMARY KEY (org_id, id, created_at)
) PARTITION BY RANGE (created_at)
"""
DECISION = """
CREATE TABLE router_routing_decision (
    created_at timestamptz NOT NULL,
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    content jsonb NOT NULL,
    PRIMARY KEY (org_id, id, created_at)
) PARTITION BY RANGE (created_at)
"""
DIRTY = """
CREATE TABLE router_usage_dirty (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    org_id uuid NOT NULL,
    starts_at timestamptz NOT NULL
)
"""
INDEXES = [
    "CREATE INDEX router_routed_request_by_org ON router_routed_request (org_id, created_at)",
    "CREATE INDEX router_routed_request_by_key ON router_routed_request (key_id, created_at)",
    "CREATE INDEX router_attempt_by_request ON router_attempt (org_id, request_id)",
    "CREATE INDEX router_usage_dirty_by_org ON router_usage_dirty (org_id, starts_at)",
]
LEDGER = ("router_routed_request", "router_attempt", "router_routing_decision")

# ATTACH takes a lock that lets rows in and out of the other partitions go on, which
# CREATE TABLE ... PARTITION OF does not. A partition grants nothing: it is reached
# through its parent, whose policies hold, or not at all.
MAKE_PARTITIONS = f"""
CREATE FUNCTION make_ledger_partitions(from_month date, months integer)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    parent text;
    part text;
    first date;
    made integer := 0;
BEGIN
    IF months NOT BETWEEN 0 AND 36 THEN
        RAISE EXCEPTION 'months must be from 0 to 36, not %', months;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('make_ledger_partitions'));
    FOR month IN 0 .. months - 1 LOOP
        first := (date_trunc('month', from_month::timestamp)
                  + make_interval(months => month))::date;
        FOREACH parent IN ARRAY ARRAY['{"', '".join(LEDGER)}'] LOOP
            part := parent || to_char(first, '_YYYY_MM');
            CONTINUE WHEN to_regclass('public.' || part) IS NOT NULL;
            EXECUTE format('CREATE TABLE public.%I (LIKE public.%I'
                ' INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part, parent);
            EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY,'
                ' FORCE ROW LEVEL SECURITY', part);
            EXECUTE format('REVOKE ALL ON public.%I FROM PUBLIC, {login("default")},'
                ' {login("jobs")}, {login("ledger")}', part);
            EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I'
                ' FOR VALUES FROM (%L) TO (%L)', parent, part,
                first || ' 00:00+00',
                (first + interval '1 month')::date || ' 00:00+00');
            made := made + 1;
        END LOOP;
    END LOOP;
    RETURN made;
END $$
"""


def create_ledger(apps, schema_editor):
    if schema_editor.connection.alias != "owner":
        return
    statements = [REQUEST, ATTEMPT, DECISION, DIRTY, *INDEXES]
    for table in LEDGER:
        statements += tenant_policy_sql(
            table, app=("SELECT",), jobs=("SELECT",), ledger=("INSERT",)
        )
    statements += tenant_policy_sql(
        "router_usage_dirty",
        app=("SELECT",),
        jobs=("SELECT", "DELETE"),
        ledger=("INSERT",),
    )
    signature = "make_ledger_partitions(date, integer)"
    statements += [
        MAKE_PARTITIONS,
        f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC, {login('default')}",
        # The ledger's login too: it ships rows of months that nobody foresaw.
        f"GRANT EXECUTE ON FUNCTION {signature} TO {login('jobs')}, {login('ledger')}",
        "SELECT make_ledger_partitions((now() AT TIME ZONE 'UTC' - interval '1 month')::date, 5)",
    ]
    for statement in statements:
        schema_editor.execute(statement, params=None)


def drop_ledger(apps, schema_editor):
    if schema_editor.connection.alias != "owner":
        return
    schema_editor.execute("DROP FUNCTION make_ledger_partitions(date, integer)")
    for table in (*LEDGER, "router_usage_dirty"):
        schema_editor.execute(f"DROP TABLE {table}")


def ledger_key():
    return (
        "pk",
        models.CompositePrimaryKey(
            "org_id",
            "id",
            "created_at",
            blank=True,
            editable=False,
            primary_key=True,
            serialize=False,
        ),
    )


def ledger_fields():
    return [
        ledger_key(),
        ("org_id", models.UUIDField()),
        ("id", models.UUIDField()),
        ("created_at", models.DateTimeField()),
    ]


class Migration(migrations.Migration):
    dependencies = [("router", "0001_create_policy_and_usage")]

    operations = [
        migrations.RunPython(create_ledger, drop_ledger),
        # What Django knows of these tables; `managed` is off, so nothing is made.
        migrations.CreateModel(
            name="RoutedRequest",
            fields=[
                *ledger_fields(),
                ("key_id", models.UUIDField(null=True)),
                ("decision_id", models.UUIDField(null=True)),
                ("model_id", models.UUIDField(null=True)),
                ("provider", models.TextField()),
                ("model", models.TextField()),
                ("baseline_model", models.TextField()),
                ("task", models.TextField()),
                ("endpoint", models.TextField()),
                (
                    "status",
                    models.TextField(
                        choices=[
                            ("ok", "Answered"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ]
                    ),
                ),
                ("error_code", models.TextField(blank=True)),
                ("finish_reason", models.TextField(blank=True)),
                ("is_test", models.BooleanField()),
                ("is_stream", models.BooleanField()),
                ("is_estimated", models.BooleanField()),
                ("input_tokens", models.IntegerField()),
                ("cached_tokens", models.IntegerField()),
                ("written_tokens", models.IntegerField()),
                ("output_tokens", models.IntegerField()),
                ("reasoning_tokens", models.IntegerField()),
                (
                    "cost_usd",
                    models.DecimalField(decimal_places=9, max_digits=20, null=True),
                ),
                (
                    "baseline_usd",
                    models.DecimalField(decimal_places=9, max_digits=20, null=True),
                ),
                ("latency_ms", models.IntegerField()),
                ("first_token_ms", models.IntegerField(null=True)),
                ("attempts", models.SmallIntegerField()),
            ],
            options={"db_table": "router_routed_request", "managed": False},
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                *ledger_fields(),
                ("request_id", models.UUIDField()),
                ("number", models.SmallIntegerField()),
                ("offer_id", models.UUIDField(null=True)),
                ("provider", models.TextField()),
                ("model", models.TextField()),
                ("outcome", models.TextField()),
                ("http_status", models.SmallIntegerField(null=True)),
                ("message", models.TextField(blank=True)),
                ("started_ms", models.IntegerField()),
                ("duration_ms", models.IntegerField()),
                (
                    "cost_usd",
                    models.DecimalField(decimal_places=9, max_digits=20, null=True),
                ),
                ("raw_usage", models.TextField(blank=True)),
            ],
            options={"db_table": "router_attempt", "managed": False},
        ),
        migrations.CreateModel(
            name="RoutingDecision",
            fields=[*ledger_fields(), ("content", models.JSONField())],
            options={"db_table": "router_routing_decision", "managed": False},
        ),
        migrations.CreateModel(
            name="UsageDirty",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("org_id", models.UUIDField()),
                ("starts_at", models.DateTimeField()),
            ],
            options={"db_table": "router_usage_dirty", "managed": False},
        ),
    ]
