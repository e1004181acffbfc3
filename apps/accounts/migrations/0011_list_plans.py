"""The plans as they are sold; their numbers are settings, edited in the admin."""

from decimal import Decimal

from django.db import migrations

# None is "no limit", of a price "ask us".
FIELDS = (
    "code",
    "name",
    "usd_billed_yearly",
    "usd_billed_monthly",
    "products",
    "functions",
    "sanity_checks",
    "panels",
    "routed_requests",
    "members",
    "history_days",
    "alerts",
    "github_repositories",
    "has_sso",
    "has_audit_export",
)
PLANS = (
    ("free", "Free", Decimal(0), Decimal(0), 1, 1, 3, 5, 10_000, 1, 7, "digest", 0, False, False),
    ("solo", "Solo", Decimal("9.95"), Decimal("13.45"), 3, 10, 10, 50, 100_000, 1, 90, "chat", 1, False, False),
    ("growth", "Growth", Decimal("19.95"), Decimal("26.95"), 10, 30, 30, 200, 1_000_000, 5, 365, "all", 10, False, False),
    ("pro", "Pro", Decimal("29.95"), Decimal("40.45"), 25, 100, 100, 1000, 10_000_000, 25, None, "all", None, False, False),
    ("enterprise", "Enterprise", None, None, None, None, None, None, None, None, None, "all", None, True, True),
)  # fmt: skip


def list_plans(apps, schema_editor):
    rows = apps.get_model("accounts", "Plan").objects.using(
        schema_editor.connection.alias
    )
    for position, values in enumerate(PLANS, start=1):
        fields = dict(zip(FIELDS, values, strict=True))
        rows.create(position=position, **fields)


def forget_plans(apps, schema_editor):
    rows = apps.get_model("accounts", "Plan").objects.using(
        schema_editor.connection.alias
    )
    rows.all().delete()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0010_protect_plans")]

    operations = [migrations.RunPython(list_plans, forget_plans)]
