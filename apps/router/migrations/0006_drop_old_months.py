"""Drop the ledger's oldest months, and remember up to where."""

from django.db import migrations

from apps.tenancy.rls import grant_sql, login

# One row. Sums of what came before stay as they are: their ledger rows are gone.
HORIZON = """
CREATE TABLE router_ledger_horizon (
    is_the_one boolean PRIMARY KEY DEFAULT true CHECK (is_the_one),
    before date NOT NULL
)
"""
# A month at the least stays, whatever somebody sets by mistake.
DROP_PARTITIONS = """
CREATE FUNCTION drop_ledger_partitions(older_than date)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    first date := date_trunc('month', older_than::timestamp)::date;
    part record;
    gone integer := 0;
BEGIN
    IF older_than > (now() AT TIME ZONE 'UTC')::date - 28 THEN
        RAISE EXCEPTION 'the last month of the ledger is never dropped';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('make_ledger_partitions'));
    FOR part IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent IN ('public.router_routed_request'::regclass,
                'public.router_attempt'::regclass,
                'public.router_routing_decision'::regclass)
            AND right(c.relname, 7) < to_char(first, 'YYYY_MM')
    LOOP
        EXECUTE format('DROP TABLE public.%I', part.relname);
        gone := gone + 1;
    END LOOP;
    INSERT INTO public.router_ledger_horizon (before) VALUES (first)
        ON CONFLICT (is_the_one)
        DO UPDATE SET before = greatest(router_ledger_horizon.before, first);
    RETURN gone;
END $$
"""
SIGNATURE = "drop_ledger_partitions(date)"


def add_dropping(apps, schema_editor):
    if schema_editor.connection.alias != "owner":
        return
    for statement in (
        HORIZON,
        *grant_sql("router_ledger_horizon", "default", ()),
        *grant_sql("router_ledger_horizon", "jobs", ("SELECT",)),
        DROP_PARTITIONS,
        f"REVOKE ALL ON FUNCTION {SIGNATURE} FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION {SIGNATURE} TO {login('jobs')}",
    ):
        schema_editor.execute(statement, params=None)


def remove_dropping(apps, schema_editor):
    if schema_editor.connection.alias != "owner":
        return
    schema_editor.execute(f"DROP FUNCTION {SIGNATURE}")
    schema_editor.execute("DROP TABLE router_ledger_horizon")


class Migration(migrations.Migration):
    dependencies = [("router", "0005_count_spend")]

    operations = [migrations.RunPython(add_dropping, remove_dropping)]
