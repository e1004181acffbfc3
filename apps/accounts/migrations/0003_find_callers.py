"""What is looked up before an organization is known: the caller of a key, the
organizations of a person. Each function answers one narrow question as the owner.
"""

from django.db import migrations

from apps.tenancy.rls import definer_function_sql

RESOLVE_KEY = definer_function_sql(
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

TOUCH_KEYS = definer_function_sql(
    "touch_keys(used uuid[])",
    "void",
    """
    UPDATE public.accounts_apikey SET last_used_at = now()
    WHERE id = ANY (used)
      AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
    """,
    logins=("default", "ledger"),
    is_read_only=False,
)

MEMBERSHIPS_OF = definer_function_sql(
    "memberships_of(person uuid)",
    "TABLE (org_id uuid, org_name text, org_created_at timestamptz,"
    " membership_id uuid, role text)",
    """
    SELECT o.id, o.name::text, o.created_at, m.id, m.role::text
    FROM public.accounts_membership m
    JOIN public.accounts_organization o ON o.id = m.org_id
    WHERE m.user_id = person
    ORDER BY m.created_at, m.id
    """,
    logins=("default",),
)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_protect_accounts")]

    operations = [
        migrations.RunSQL(RESOLVE_KEY, "DROP FUNCTION resolve_key(bytea)"),
        migrations.RunSQL(TOUCH_KEYS, "DROP FUNCTION touch_keys(uuid[])"),
        migrations.RunSQL(MEMBERSHIPS_OF, "DROP FUNCTION memberships_of(uuid)"),
    ]
