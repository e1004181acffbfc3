"""What was spent of each budget: counted with the ledger, never beside it.

The trigger runs in the statement that inserts ledger rows and sees just those which
were inserted: a row that is shipped twice counts once, and a committed row is always
counted. Leases are added, replaced and ended by three functions of the owner's,
because one statement serves the budgets of many organizations.
"""

from django.db import migrations, models

from apps.tenancy.rls import login, tenant_policy_sql

EVERY_KEY = "'00000000-0000-0000-0000-000000000000'::uuid"
SAFELY = "SECURITY DEFINER SET search_path = pg_catalog, pg_temp"

SPEND = """
CREATE TABLE router_spend (
    org_id uuid NOT NULL,
    key_id uuid NOT NULL,
    day date NOT NULL,
    cost_usd numeric(20,9) NOT NULL,
    PRIMARY KEY (org_id, key_id, day)
)
"""

# Sorted, so that two statements never wait for each other crosswise.
ADD_UP = f"""
INSERT INTO public.router_spend AS s (org_id, key_id, day, cost_usd)
SELECT r.org_id, k.id, (r.created_at AT TIME ZONE 'UTC')::date, sum(r.cost_usd)
FROM {{source}} r CROSS JOIN LATERAL (
    SELECT {EVERY_KEY} AS id UNION ALL SELECT r.key_id WHERE r.key_id IS NOT NULL
) k
WHERE r.cost_usd > 0
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
ON CONFLICT (org_id, key_id, day)
DO UPDATE SET cost_usd = s.cost_usd + excluded.cost_usd
"""  # noqa: S608  # constants of this file
COUNT = f"""
CREATE FUNCTION count_spend() RETURNS trigger LANGUAGE plpgsql {SAFELY} AS $$
BEGIN
    {ADD_UP.format(source="inserted")};
    RETURN NULL;
END $$
"""  # constants of this file
TRIGGER = """
CREATE TRIGGER count_spend AFTER INSERT ON router_routed_request
REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION count_spend()
"""

# Nano-dollars: the ledger's sum for a budget, and all leases of it.
STATE = f"""
CREATE FUNCTION budget_state(
    budget public.router_budget, starts date, OUT spent bigint, OUT held bigint
) LANGUAGE plpgsql {SAFELY} AS $$
BEGIN
    SELECT coalesce(sum(s.cost_usd), 0) * 1000000000 INTO spent
    FROM public.router_spend s
    WHERE s.org_id = budget.org_id AND s.key_id = coalesce(budget.key_id, {EVERY_KEY})
      AND s.day >= starts AND s.day < starts + CASE budget.period
          WHEN 'day' THEN interval '1 day' ELSE interval '1 month' END;
    SELECT coalesce(sum(h.amount_usd), 0) * 1000000000 INTO held
    FROM public.router_budgethold h
    WHERE h.org_id = budget.org_id AND h.budget_id = budget.id
      AND h.starts_on = starts;
END $$
"""  # noqa: S608  # constants of this file

# The budget's row is locked before its state is read: whoever comes second sees
# what the first one took. Each statement of a function that is volatile takes a
# snapshot of its own. A lease is the amount wanted, or a hundredth of what is left
# where that is more; a budget deleted meanwhile limits nothing.
TAKE = f"""
CREATE FUNCTION take_budgets(
    taker uuid, orgs uuid[], budgets uuid[], days date[], lowest bigint[],
    wanted bigint[]
) RETURNS TABLE (
    place integer, granted bigint, spent bigint, held bigint, allowed bigint
) LANGUAGE plpgsql VOLATILE {SAFELY} AS $$
DECLARE
    budget public.router_budget;
    free bigint;
BEGIN
    FOR i IN 1 .. cardinality(budgets) LOOP
        place := i;
        SELECT * INTO budget FROM public.router_budget b
        WHERE b.org_id = orgs[i] AND b.id = budgets[i] FOR NO KEY UPDATE;
        IF NOT FOUND THEN
            granted := wanted[i]; spent := 0; held := 0; allowed := NULL;
            RETURN NEXT;
            CONTINUE;
        END IF;
        SELECT s.spent, s.held INTO spent, held
        FROM public.budget_state(budget, days[i]) s;
        allowed := budget.limit_usd * 1000000000;
        free := allowed - spent - held;
        granted := 0;
        IF free >= lowest[i] THEN
            granted := least(free, greatest(wanted[i], free / 100));
            INSERT INTO public.router_budgethold AS h
                (id, org_id, budget_id, starts_on, holder, amount_usd, expires_at)
            VALUES (gen_random_uuid(), orgs[i], budgets[i], days[i], taker,
                    granted * 0.000000001, now() + interval '10 minutes')
            ON CONFLICT (org_id, budget_id, starts_on, holder) DO UPDATE
            SET amount_usd = h.amount_usd + excluded.amount_usd,
                expires_at = excluded.expires_at;
            held := held + granted;
        END IF;
        RETURN NEXT;
    END LOOP;
END $$
"""  # noqa: S608  # constants of this file

# These are all leases of this holder: what is not named is not held any more.
SYNC = f"""
CREATE FUNCTION sync_budgets(
    taker uuid, orgs uuid[], budgets uuid[], days date[], amounts bigint[]
) RETURNS TABLE (place integer, spent bigint, held bigint, allowed bigint)
LANGUAGE plpgsql VOLATILE {SAFELY} AS $$
DECLARE
    budget public.router_budget;
BEGIN
    DELETE FROM public.router_budgethold h
    WHERE h.holder = taker AND NOT EXISTS (
        SELECT FROM unnest(budgets, days, amounts) AS kept (budget_id, day, amount)
        WHERE kept.budget_id = h.budget_id AND kept.day = h.starts_on
          AND kept.amount > 0);
    FOR i IN 1 .. cardinality(budgets) LOOP
        place := i;
        SELECT * INTO budget FROM public.router_budget b
        WHERE b.org_id = orgs[i] AND b.id = budgets[i] FOR KEY SHARE;
        IF NOT FOUND THEN
            spent := 0; held := 0; allowed := NULL;
            RETURN NEXT;
            CONTINUE;
        END IF;
        IF amounts[i] > 0 THEN
            INSERT INTO public.router_budgethold AS h
                (id, org_id, budget_id, starts_on, holder, amount_usd, expires_at)
            VALUES (gen_random_uuid(), orgs[i], budgets[i], days[i], taker,
                    amounts[i] * 0.000000001, now() + interval '10 minutes')
            ON CONFLICT (org_id, budget_id, starts_on, holder) DO UPDATE
            SET amount_usd = excluded.amount_usd, expires_at = excluded.expires_at;
        END IF;
        SELECT s.spent, s.held INTO spent, held
        FROM public.budget_state(budget, days[i]) s;
        allowed := budget.limit_usd * 1000000000;
        RETURN NEXT;
    END LOOP;
END $$
"""  # noqa: S608  # constants of this file

# A process that is dead, all of whose rows are in the ledger.
RELEASE = f"""
CREATE FUNCTION release_budgets(dead uuid) RETURNS bigint
LANGUAGE sql VOLATILE {SAFELY} AS $$
    WITH gone AS (
        DELETE FROM public.router_budgethold WHERE holder = dead RETURNING 1
    )
    SELECT count(*) FROM gone
$$
"""  # noqa: S608  # constants of this file
FUNCTIONS = {
    "count_spend()": (),
    "budget_state(public.router_budget, date)": (),
    "take_budgets(uuid, uuid[], uuid[], date[], bigint[], bigint[])": ("default",),
    "sync_budgets(uuid, uuid[], uuid[], date[], bigint[])": ("default",),
    "release_budgets(uuid)": ("default",),
}


def count_spend(apps, schema_editor):
    if schema_editor.connection.alias != "owner":
        return
    statements = [
        SPEND,
        *tenant_policy_sql("router_spend", app=("SELECT",), jobs=("SELECT",)),
        # What was spent before is in the ledger already.
        ADD_UP.format(source="router_routed_request"),
        *(COUNT, TRIGGER, STATE, TAKE, SYNC, RELEASE),
    ]
    for signature, logins in FUNCTIONS.items():
        statements.append(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        statements += [
            f"GRANT EXECUTE ON FUNCTION {signature} TO {login(alias)}"
            for alias in logins
        ]
    for statement in statements:
        schema_editor.execute(statement, params=None)


def uncount_spend(apps, schema_editor):
    if schema_editor.connection.alias != "owner":
        return
    schema_editor.execute("DROP TRIGGER count_spend ON router_routed_request")
    for signature in reversed(FUNCTIONS):
        schema_editor.execute(f"DROP FUNCTION {signature}")
    schema_editor.execute("DROP TABLE router_spend")


class Migration(migrations.Migration):
    dependencies = [("router", "0004_add_budgets")]

    operations = [
        migrations.RunPython(count_spend, uncount_spend),
        migrations.CreateModel(
            name="Spend",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "org_id",
                        "key_id",
                        "day",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("org_id", models.UUIDField()),
                ("key_id", models.UUIDField()),
                ("day", models.DateField()),
                (
                    "cost_usd",
                    models.DecimalField(decimal_places=9, max_digits=20),
                ),
            ],
            options={"db_table": "router_spend", "managed": False},
        ),
    ]
