"""Tags of keys, by which usage can be grouped.

The function's new column is its last: the release before asks for the others by name.
"""

import django.contrib.postgres.fields
from django.db import migrations, models

from apps.tenancy.rls import definer_function_sql

COLUMNS = (
    "key_id uuid, org_id uuid, is_test boolean, expires_at timestamptz,"
    " scopes text[], allowed_models text[], allowed_ips text[],"
    " requests_per_minute integer, tokens_per_minute integer"
)


def _resolve(columns, tags):
    return definer_function_sql(
        "resolve_key(wanted bytea)",
        f"TABLE ({columns})",
        f"""
    SELECT k.id, k.org_id, k.is_test,
        CASE WHEN k.digest = wanted THEN k.expires_at
             ELSE least(k.expires_at, k.previous_until) END,
        k.scopes::text[], k.allowed_models::text[], k.allowed_ips::text[],
        k.requests_per_minute, k.tokens_per_minute{tags}
    FROM public.accounts_apikey k
    WHERE (k.digest = wanted
           OR (k.previous_digest = wanted AND k.previous_until > now()))
      AND k.revoked_at IS NULL
      AND (k.expires_at IS NULL OR k.expires_at > now())
    """,  # noqa: S608  # constants of this file
        logins=("default",),
    )


BEFORE = _resolve(COLUMNS, "")
NOW = _resolve(f"{COLUMNS}, tags text[]", ", k.tags::text[]")
DROP = "DROP FUNCTION resolve_key(bytea)"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0011_list_plans")]

    operations = [
        migrations.AddField(
            "apikey",
            "tags",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=64), default=list, db_default=[]
            ),
        ),
        migrations.RunSQL([DROP, *NOW], [DROP, *BEFORE]),
    ]
