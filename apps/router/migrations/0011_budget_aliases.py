"""Budgets of aliases, and what was spent through each alias.

The ledger has an alias by its name, which never changes; so has the sum. It outlives
the alias: one that is deleted and made again goes on where it stood.
"""

import django.db.models.deletion
from django.db import migrations, models

from apps.tenancy.rls import tenant_policy_sql

EVERY_KEY = "'00000000-0000-0000-0000-000000000000'::uuid"
SAFELY = "SECURITY DEFINER SET search_path = pg_catalog, pg_temp"

SPEND = """
CREATE TABLE router_alias_spend (
    org_id uuid NOT NULL,
    alias text NOT NULL,
    day date NOT NULL,
    cost_usd numeric(20,9) NOT NULL,
    PRIMARY KEY (org_id, alias, day)
)
"""

# Sorted, so that two statements never wait for each other crosswise; and all of the
# first table's rows come before the second's.
ADD_UP_KEYS = f"""
INSERT INTO public.router_spend AS s (org_id, key_id, day, cost_usd)
SELECT r.org_id, k.id, (r.created_at AT TIME ZONE 'UTC')::date, sum(r.cost_usd)
FROM inserted r CROSS JOIN LATERAL (
    SELECT {EVERY_KEY} AS id UNION ALL SELECT r.key_id WHERE r.key_id IS NOT NULL
) k
WHERE r.cost_usd > 0
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
ON CONFLICT (org_id, key_id, day)
DO UPDATE SET cost_usd = s.cost_usd + excluded.cost_usd
"""  # noqa: S608  # constants of this file
ADD_UP_ALIASES = """
INSERT INTO public.router_alias_spend AS s (org_id, alias, day, cost_usd)
SELECT r.org_id, r.alias, (r.created_at AT TIME ZONE 'UTC')::date, sum(r.cost_usd)
FROM inserted r
WHERE r.cost_usd > 0 AND r.alias <> ''
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
ON CONFLICT (org_id, alias, day)
DO UPDATE SET cost_usd = s.cost_usd + excluded.cost_usd
"""


def _count(*sums):
    return f"""
CREATE OR REPLACE FUNCTION count_spend() RETURNS trigger LANGUAGE plpgsql {SAFELY} AS $$
BEGIN
    {"; ".join(sums)};
    RETURN NULL;
END $$
"""  # constants of this file


OF_KEY = f"""
    SELECT coalesce(sum(s.cost_usd), 0) * 1000000000 INTO spent
    FROM public.router_spend s
    WHERE s.org_id = budget.org_id AND s.key_id = coalesce(budget.key_id, {EVERY_KEY})
      AND s.day >= starts AND s.day < ends;
"""  # noqa: S608  # constants of this file
OF_ALIAS = f"""
    IF budget.alias_id IS NULL THEN
        {OF_KEY}
    ELSE
        SELECT coalesce(sum(s.cost_usd), 0) * 1000000000 INTO spent
        FROM public.router_alias a
        JOIN public.router_alias_spend s ON s.org_id = a.org_id AND s.alias = a.name
        WHERE a.org_id = budget.org_id AND a.id = budget.alias_id
          AND s.day >= starts AND s.day < ends;
    END IF;
"""  # noqa: S608  # constants of this file


def _state(spent):
    return f"""
CREATE OR REPLACE FUNCTION budget_state(
    budget public.router_budget, starts date, OUT spent bigint, OUT held bigint
) LANGUAGE plpgsql {SAFELY} AS $$
DECLARE
    ends date := starts + CASE budget.period
        WHEN 'day' THEN interval '1 day' ELSE interval '1 month' END;
BEGIN
    {spent}
    SELECT coalesce(sum(h.amount_usd), 0) * 1000000000 INTO held
    FROM public.router_budgethold h
    WHERE h.org_id = budget.org_id AND h.budget_id = budget.id
      AND h.starts_on = starts;
END $$
"""  # noqa: S608  # constants of this file


def count_aliases(apps, schema_editor):
    if schema_editor.connection.alias != "owner":
        return
    statements = [
        SPEND,
        *tenant_policy_sql("router_alias_spend", app=("SELECT",), jobs=("SELECT",)),
        # What was spent before is in the ledger already.
        ADD_UP_ALIASES.replace("FROM inserted", "FROM public.router_routed_request"),
        _count(ADD_UP_KEYS, ADD_UP_ALIASES),
        _state(OF_ALIAS),
        # An alias of the same organization.
        "ALTER TABLE router_budget ADD CONSTRAINT router_budget_alias_same_org"
        " FOREIGN KEY (org_id, alias_id) REFERENCES router_alias (org_id, id)"
        " DEFERRABLE INITIALLY IMMEDIATE",
    ]
    for statement in statements:
        schema_editor.execute(statement, params=None)


def uncount_aliases(apps, schema_editor):
    if schema_editor.connection.alias != "owner":
        return
    for statement in (
        "ALTER TABLE router_budget DROP CONSTRAINT router_budget_alias_same_org",
        # Without their column they would read as the organization's own.
        "DELETE FROM router_budget WHERE alias_id IS NOT NULL",
        _state(OF_KEY),
        _count(ADD_UP_KEYS),
        "DROP TABLE router_alias_spend",
    ):
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("router", "0010_add_stored_responses")]

    operations = [
        migrations.AddField(
            "policy", "version", models.PositiveIntegerField(default=1, db_default=1)
        ),
        migrations.AddField(
            "budget",
            "alias",
            models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="router.alias",
            ),
        ),
        migrations.RemoveConstraint("budget", "budget_is_one_a_period"),
        migrations.AddConstraint(
            "budget",
            models.UniqueConstraint(
                fields=("org", "key", "alias", "period"),
                name="budget_is_one_a_period",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            "budget",
            models.CheckConstraint(
                condition=models.Q(key=None) | models.Q(alias=None),
                name="budget_is_of_one",
            ),
        ),
        migrations.RunPython(count_aliases, uncount_aliases),
        migrations.CreateModel(
            name="AliasSpend",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "org_id",
                        "alias",
                        "day",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("org_id", models.UUIDField()),
                ("alias", models.TextField()),
                ("day", models.DateField()),
                ("cost_usd", models.DecimalField(decimal_places=9, max_digits=20)),
            ],
            options={"db_table": "router_alias_spend", "managed": False},
        ),
    ]
