"""Row security on the tables of accounts."""

from django.db import migrations

from apps.tenancy.rls import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_create_accounts")]

    operations = [
        EnableRowSecurity("Organization", org_column="id", jobs=("SELECT",)),
        EnableRowSecurity("Membership"),
        EnableRowSecurity("APIKey"),
        migrations.RunSQL(
            "CREATE UNIQUE INDEX accounts_apikey_digest ON accounts_apikey (digest)",
            "DROP INDEX accounts_apikey_digest",
        ),
    ]
