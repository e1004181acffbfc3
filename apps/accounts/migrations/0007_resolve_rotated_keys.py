"""Find a key also by the secret it had before its rotation, and with its limits.

The function keeps the columns it had, so that the release before goes on working.
"""

from django.db import migrations

from apps.tenancy.rls import definer_function_sql

BEFORE = definer_function_sql(
    "resolve_key(wanted bytea)",
    "TABLE (key_id uuid, org_id uuid, is_test boolean,"
    " expires_at timestamptz, scopes text[])",
    """
    SELECT k.id, k.org_id, k.is_test, k.expires_at, k.scopes::text[]
    FROM public.accounts_apikey k
    WHERE k.digest = wanted AND k.revoked_at IS NULL
      AND (k.expires_at IS NULL OR k.expires_at > now())
    """,
    logins=("default",),
)

# `least` leaves out a key's own expiry where it has none.
NOW = definer_function_sql(
    "resolve_key(wanted bytea)",
    "TABLE (key_id uuid, org_id uuid, is_test boolean, expires_at timestamptz,"
    " scopes text[], allowed_models text[], allowed_ips text[],"
    " requests_per_minute integer, tokens_per_minute integer)",
    """
    SELECT k.id, k.org_id, k.is_test,
        CASE WHEN k.digest = wanted THEN k.expires_at
             ELSE least(k.expires_at, k.previous_until) END,
        k.scopes::text[], k.allowed_models::text[], k.allowed_ips::text[],
        k.requests_per_minute, k.tokens_per_minute
    FROM public.accounts_apikey k
    WHERE (k.digest = wanted
           OR (k.previous_digest = wanted AND k.previous_until > now()))
      AND k.revoked_at IS NULL
      AND (k.expires_at IS NULL OR k.expires_at > now())
    """,
    logins=("default",),
)

# For a secret that turned up in public: also when it is worth nothing any more.
FIND_LEAKED = definer_function_sql(
    "find_leaked_key(leaked bytea)",
    "TABLE (key_id uuid, org_id uuid)",
    """
    SELECT k.id, k.org_id FROM public.accounts_apikey k
    WHERE k.digest = leaked OR k.previous_digest = leaked
    """,
    logins=("default",),
)

DROP = "DROP FUNCTION resolve_key(bytea)"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_limit_keys")]

    operations = [
        migrations.RunSQL(
            "CREATE UNIQUE INDEX accounts_apikey_previous_digest"
            " ON accounts_apikey (previous_digest)",
            "DROP INDEX accounts_apikey_previous_digest",
        ),
        migrations.RunSQL([DROP, *NOW], [DROP, *BEFORE]),
        migrations.RunSQL(FIND_LEAKED, "DROP FUNCTION find_leaked_key(bytea)"),
    ]
