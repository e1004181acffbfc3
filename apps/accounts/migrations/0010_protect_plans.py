"""What a member may never set is in tables that the web's login can only read.

The jobs login writes plans (the admin works through it, and so will billing) and
reads memberships with the names behind them. Of people it sees what the admin shows;
password hashes are out of its sight.
"""

from django.db import migrations

from apps.tenancy.rls import ALL, EnableRowSecurity, Grant, login

SHOWN = "id, email, name, created_at, last_login"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_add_plans")]

    operations = [
        Grant("Plan", "default", ("SELECT",)),
        Grant("Plan", "jobs", ("SELECT", "INSERT", "UPDATE")),
        Grant("Staff", "default", ("SELECT",)),
        Grant("Staff", "jobs", ("SELECT",)),
        EnableRowSecurity("OrganizationPlan", app=("SELECT",), jobs=ALL),
        migrations.RunSQL(
            [
                "CREATE POLICY jobs_select ON accounts_membership"
                f" FOR SELECT TO {login('jobs')} USING (true)",
                f"GRANT SELECT ON accounts_membership TO {login('jobs')}",
                f"GRANT SELECT ({SHOWN}) ON accounts_user TO {login('jobs')}",
            ],
            [
                f"REVOKE SELECT ({SHOWN}) ON accounts_user FROM {login('jobs')}",  # noqa: S608  # our own names
                f"REVOKE SELECT ON accounts_membership FROM {login('jobs')}",  # noqa: S608  # our own names
                "DROP POLICY jobs_select ON accounts_membership",
            ],
        ),
    ]
