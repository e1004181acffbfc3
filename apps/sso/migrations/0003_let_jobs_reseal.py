"""Let the re-encryption job bring client secrets under a newer key."""

from django.db import migrations

from apps.tenancy.rls import login

POLICIES = {
    "jobs_select": "FOR SELECT TO {jobs} USING (true)",
    "jobs_update": "FOR UPDATE TO {jobs} USING (true) WITH CHECK (true)",
}


def policies(jobs: str) -> list[str]:
    return [
        f"CREATE POLICY {name} ON sso_connection {rule.format(jobs=jobs)}"
        for name, rule in POLICIES.items()
    ]


class Migration(migrations.Migration):
    dependencies = [("sso", "0002_protect_connections")]

    operations = [
        migrations.RunSQL(
            [
                *policies(login("jobs")),
                f"GRANT SELECT ON sso_connection TO {login('jobs')}",
                f"GRANT UPDATE (sealed_secret) ON sso_connection TO {login('jobs')}",
            ],
            [
                f"REVOKE ALL ON sso_connection FROM {login('jobs')}",
                f"REVOKE UPDATE (sealed_secret) ON sso_connection FROM {login('jobs')}",
                *(f"DROP POLICY {name} ON sso_connection" for name in POLICIES),
            ],
        )
    ]
