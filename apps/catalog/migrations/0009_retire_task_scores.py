"""Scores are kept per benchmark now; who may do what with the new tables.

The old table stays for one release, because the release before still reads it.
"""

from django.db import migrations

from apps.tenancy.rls import Grant

WRITE = ("SELECT", "INSERT", "UPDATE")
# What is recomputed as a whole loses the rows that no longer hold.
TABLES = {
    "Benchmark": WRITE,
    "EditorialOverride": WRITE,
    "ModelQuality": (*WRITE, "DELETE"),
    "Score": WRITE,
    "TrustFact": WRITE,
    "TrustOverride": WRITE,
    "TrustScore": (*WRITE, "DELETE"),
}


class Migration(migrations.Migration):
    dependencies = [("catalog", "0008_add_benchmarks_and_trust")]

    operations = [
        *(Grant(table, "default", ("SELECT",)) for table in TABLES),
        *(Grant(table, "jobs", allowed) for table, allowed in TABLES.items()),
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.DeleteModel(name="TaskScore")]
        ),
    ]
