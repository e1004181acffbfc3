"""Who serves requests may read the catalog and change nothing in it."""

from django.db import migrations

from apps.tenancy.rls import Grant

TABLES = ("Provider", "AIModel", "Offer", "Price", "TaskScore", "SeedLoad")


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_create_catalog")]

    operations = [
        Grant(table, alias, ("SELECT",))
        for table in TABLES
        for alias in ("default", "jobs")
    ]
