"""What was not measured is null again.

Rows of requests without a stream were shipped with the largest number as their
`first_token_ms`: Postgres's `least` skips nulls. 2,147,483,647 ms is 24 days, which
no deadline allows, so nothing that was measured is lost.
"""

from django.db import migrations

# Row security holds for the owner too, so it needs a policy for the one statement.
MEND = """
CREATE POLICY owner_mend ON router_routed_request TO CURRENT_USER USING (true);
UPDATE router_routed_request SET first_token_ms = NULL
WHERE first_token_ms = 2147483647;
DROP POLICY owner_mend ON router_routed_request;
"""


def mend(apps, schema_editor):
    if schema_editor.connection.alias == "owner":
        schema_editor.execute(MEND)


class Migration(migrations.Migration):
    dependencies = [("router", "0013_watch_offers")]

    operations = [migrations.RunPython(mend, migrations.RunPython.noop)]
