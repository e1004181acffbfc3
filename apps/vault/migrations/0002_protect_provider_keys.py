"""Row security on the vault.

The jobs login reads every organization's sealed keys for the router's snapshot, and
the re-encryption job writes them back under a newer key-encryption key.
"""

from django.db import migrations

from apps.tenancy.rls import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [("vault", "0001_create_provider_keys")]

    operations = [
        EnableRowSecurity("ProviderKey", jobs=("SELECT", "UPDATE")),
        EnableRowSecurity("ProviderPreference", jobs=("SELECT",)),
    ]
