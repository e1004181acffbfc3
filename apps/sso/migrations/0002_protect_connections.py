"""Row security, one owner for a proven domain, and what is asked before a scope is known.

Whoever signs in belongs to no organization yet. Each function answers one narrow
question as the owner: whose domain this is, and who may not use a password any more.
"""

from django.db import migrations

from apps.tenancy.rls import EnableRowSecurity, definer_function_sql

FOR_DOMAIN = definer_function_sql(
    "sso_for_domain(domain text)",
    "TABLE (org_id uuid)",
    """
    SELECT c.org_id
    FROM public.sso_domain d
    JOIN public.sso_connection c ON c.org_id = d.org_id
    WHERE d.name = domain AND d.verified_at IS NOT NULL
    """,
    logins=("default",),
)

# Owners keep their other ways in: a broken identity provider must not lock out those
# who can mend the connection. Who is linked stays bound, also with another address.
REQUIRED_FOR = definer_function_sql(
    "sso_required_for(person uuid)",
    "TABLE (org_id uuid)",
    """
    SELECT c.org_id
    FROM public.sso_connection c
    WHERE c.is_enforced
      AND (
        EXISTS (
          SELECT FROM public.account_emailaddress e
          JOIN public.sso_domain d
            ON d.name = substring(lower(e.email) FROM '@([^@]+)$')
          WHERE e.user_id = person AND d.org_id = c.org_id
            AND d.verified_at IS NOT NULL
        )
        OR EXISTS (
          SELECT FROM public.socialaccount_socialaccount s
          WHERE s.user_id = person AND s.provider = 'sso-' || c.org_id::text
        )
      )
      AND NOT EXISTS (
        SELECT FROM public.accounts_membership m
        WHERE m.org_id = c.org_id AND m.user_id = person AND m.role = 'owner'
      )
    """,
    logins=("default",),
)

# Accounts that were linked through a connection hold its organization's id and no key
# of it, so the connection takes them along however it goes.
DROP_LINKS = """
CREATE FUNCTION sso_drop_links() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM public.socialaccount_socialaccount
    WHERE provider = 'sso-' || OLD.org_id::text;
    RETURN NULL;
END $$
"""
DROP_LINKS_TRIGGER = """
CREATE TRIGGER sso_drop_links AFTER DELETE ON sso_connection
FOR EACH ROW EXECUTE FUNCTION sso_drop_links()
"""


class Migration(migrations.Migration):
    dependencies = [
        ("sso", "0001_create_connections"),
        ("accounts", "0003_find_callers"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("socialaccount", "0006_alter_socialaccount_extra_data"),
    ]

    operations = [
        EnableRowSecurity("Connection"),
        EnableRowSecurity("Domain"),
        migrations.RunSQL(
            "CREATE UNIQUE INDEX sso_domain_is_proven_once ON sso_domain (name)"
            " WHERE verified_at IS NOT NULL",
            "DROP INDEX sso_domain_is_proven_once",
        ),
        migrations.RunSQL(FOR_DOMAIN, "DROP FUNCTION sso_for_domain(text)"),
        migrations.RunSQL(REQUIRED_FOR, "DROP FUNCTION sso_required_for(uuid)"),
        migrations.RunSQL(
            [DROP_LINKS, DROP_LINKS_TRIGGER],
            [
                "DROP TRIGGER sso_drop_links ON sso_connection",
                "DROP FUNCTION sso_drop_links()",
            ],
        ),
    ]
