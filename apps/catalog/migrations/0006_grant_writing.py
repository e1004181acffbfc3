"""The jobs' login writes the catalog; the web's login goes on reading it.

Syncs run in workers, which should not hold the login that owns the tables. Only a
parameter that its source no longer lists is ever deleted.
"""

from django.db import migrations

from apps.tenancy.rls import Grant

WRITE = ("SELECT", "INSERT", "UPDATE")
OLD = ("Provider", "AIModel", "Offer", "Price", "TaskScore", "SeedLoad")
NEW = (
    "ModelAlias",
    "ModelChange",
    "OfferHealth",
    "OfferParameter",
    "PendingChange",
    "SourceFetch",
    "UsedModel",
)
MAY_DELETE = {"OfferParameter"}


class Migration(migrations.Migration):
    dependencies = [("catalog", "0005_fill_sync_facts")]

    operations = [
        *(Grant(table, "default", ("SELECT",)) for table in NEW),
        *(
            Grant(table, "jobs", (*WRITE, "DELETE") if table in MAY_DELETE else WRITE)
            for table in (*OLD, *NEW)
        ),
    ]
