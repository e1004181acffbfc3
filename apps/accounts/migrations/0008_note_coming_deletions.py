"""When an organization is to be deleted, told with each of a person's memberships."""

from django.db import migrations, models

from apps.tenancy.rls import definer_function_sql

BEFORE = definer_function_sql(
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
# The columns of before keep their names: the release before asks for them by name.
AFTER = definer_function_sql(
    "memberships_of(person uuid)",
    "TABLE (org_id uuid, org_name text, org_created_at timestamptz,"
    " org_deletes_at timestamptz, membership_id uuid, role text)",
    """
    SELECT o.id, o.name::text, o.created_at, o.deletes_at, m.id, m.role::text
    FROM public.accounts_membership m
    JOIN public.accounts_organization o ON o.id = m.org_id
    WHERE m.user_id = person
    ORDER BY m.created_at, m.id
    """,
    logins=("default",),
)
DROP = "DROP FUNCTION memberships_of(uuid)"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_resolve_rotated_keys")]

    operations = [
        migrations.AddField(
            model_name="organization",
            name="deletes_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.RunSQL([DROP, *AFTER], [DROP, *BEFORE]),
    ]
