"""Row security on invitations, and the look-up of a link, whose organization is not
known before it is found.
"""

from django.db import migrations

from apps.tenancy.rls import EnableRowSecurity, definer_function_sql

FIND_INVITATION = definer_function_sql(
    "find_invitation(wanted bytea)",
    "TABLE (id uuid, org_id uuid, org_name text, email text, role text,"
    " inviter text, expires_at timestamptz, accepted_at timestamptz,"
    " revoked_at timestamptz)",
    """
    SELECT i.id, i.org_id, o.name::text, i.email::text, i.role::text,
        u.email::text, i.expires_at,
        i.accepted_at, i.revoked_at
    FROM public.accounts_invitation i
    JOIN public.accounts_organization o ON o.id = i.org_id
    LEFT JOIN public.accounts_user u ON u.id = i.invited_by_id
    WHERE i.digest = wanted
    """,
    logins=("default",),
)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_add_invitations")]

    operations = [
        EnableRowSecurity("Invitation"),
        migrations.RunSQL(
            "CREATE UNIQUE INDEX accounts_invitation_digest"
            " ON accounts_invitation (digest)",
            "DROP INDEX accounts_invitation_digest",
        ),
        migrations.RunSQL(FIND_INVITATION, "DROP FUNCTION find_invitation(bytea)"),
    ]
