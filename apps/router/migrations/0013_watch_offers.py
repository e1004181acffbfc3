"""How offers fare: sums of five minutes, and the times when a circuit was open.

The processes of the web add to the same rows, so writing goes through functions of the
owner's that add up what is there; the ledger's login calls them and can do no more.
"""

import django.contrib.postgres.fields
from django.db import migrations, models

from apps.tenancy.rls import grant_sql, login

SAFELY = "SECURITY DEFINER SET search_path = pg_catalog, pg_temp"

ADD = """
CREATE FUNCTION add_counts(integer[], integer[]) RETURNS integer[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(coalesce(a, 0) + coalesce(b, 0) ORDER BY place)
    FROM unnest($1, $2) WITH ORDINALITY AS both_of (a, b, place)
$$
"""
# Sorted, so that two statements never wait for each other crosswise.
NOTE = f"""
CREATE FUNCTION note_offer_spans(
    offers uuid[], starts timestamptz[], providers text[], models text[],
    outcome_counts text[], latency_counts text[], first_token_counts text[]
) RETURNS void LANGUAGE sql VOLATILE {SAFELY} AS $$
    INSERT INTO public.router_offerspan AS s (
        offer_id, starts_at, provider, model, outcomes, latencies, first_tokens)
    SELECT r.offer_id, r.starts_at, r.provider, r.model,
        r.outcomes::integer[], r.latencies::integer[], r.first_tokens::integer[]
    FROM unnest($1, $2, $3, $4, $5, $6, $7) AS r (
        offer_id, starts_at, provider, model, outcomes, latencies, first_tokens)
    ORDER BY 1, 2
    ON CONFLICT (offer_id, starts_at) DO UPDATE SET
        outcomes = public.add_counts(s.outcomes, excluded.outcomes),
        latencies = public.add_counts(s.latencies, excluded.latencies),
        first_tokens = public.add_counts(s.first_tokens, excluded.first_tokens)
$$
"""  # noqa: S608  # constants of this file
# Several processes may find the same offer failing: one incident it is.
OPEN = f"""
CREATE FUNCTION open_offer_incident(
    offer uuid, provider_slug text, model_slug text, why text, moment timestamptz
) RETURNS void LANGUAGE sql VOLATILE {SAFELY} AS $$
    INSERT INTO public.router_offerincident (
        id, offer_id, provider, model, reason, opened_at)
    VALUES (gen_random_uuid(), $1, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING
$$
"""  # noqa: S608  # constants of this file
CLOSE = f"""
CREATE FUNCTION close_offer_incidents(offers uuid[], moments timestamptz[])
RETURNS void LANGUAGE sql VOLATILE {SAFELY} AS $$
    UPDATE public.router_offerincident i
    SET closed_at = greatest(over.moment, i.opened_at)
    FROM unnest($1, $2) AS over (offer_id, moment)
    WHERE i.offer_id = over.offer_id AND i.closed_at IS NULL
      AND i.opened_at <= over.moment
$$
"""  # noqa: S608  # constants of this file
FUNCTIONS = {
    "add_counts(integer[], integer[])": (),
    "note_offer_spans(uuid[], timestamptz[], text[], text[], text[], text[], text[])": (
        "ledger",
    ),
    "open_offer_incident(uuid, text, text, text, timestamptz)": ("ledger",),
    "close_offer_incidents(uuid[], timestamptz[])": ("ledger",),
}
TABLES = ("router_offerspan", "router_offerincident")


def open_up(apps, schema_editor):
    if schema_editor.connection.alias != "owner":
        return
    statements = [ADD, NOTE, OPEN, CLOSE]
    for table in TABLES:
        statements += grant_sql(table, "default", ("SELECT",))
        statements += grant_sql(table, "jobs", ("SELECT", "DELETE"))
        statements += grant_sql(table, "ledger", ())
    for signature, logins in FUNCTIONS.items():
        statements.append(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        statements += [
            f"GRANT EXECUTE ON FUNCTION {signature} TO {login(alias)}"
            for alias in logins
        ]
    for statement in statements:
        schema_editor.execute(statement, params=None)


def shut(apps, schema_editor):
    if schema_editor.connection.alias != "owner":
        return
    for signature in reversed(FUNCTIONS):
        schema_editor.execute(f"DROP FUNCTION {signature}")


def counts():
    return django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField())


class Migration(migrations.Migration):
    dependencies = [("router", "0012_add_invoices")]

    operations = [
        migrations.CreateModel(
            name="OfferSpan",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "offer_id",
                        "starts_at",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("offer_id", models.UUIDField()),
                ("starts_at", models.DateTimeField()),
                ("provider", models.TextField()),
                ("model", models.TextField()),
                ("outcomes", counts()),
                ("latencies", counts()),
                ("first_tokens", counts()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["starts_at"], name="offer_span_by_time")
                ],
            },
        ),
        migrations.CreateModel(
            name="OfferIncident",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("offer_id", models.UUIDField()),
                ("provider", models.TextField()),
                ("model", models.TextField()),
                ("reason", models.TextField()),
                ("opened_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["opened_at"], name="incident_by_time")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("closed_at", None)),
                        fields=("offer_id",),
                        name="offer_has_one_open_incident",
                    )
                ],
            },
        ),
        migrations.RunPython(open_up, shut),
    ]
