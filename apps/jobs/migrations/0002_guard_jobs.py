"""Who may do what with jobs, and the fences that every login can ask.

The web's login reads runs and adds messages, nothing else. What it must be able to do
inside a job's transaction, it does through three narrow functions of the owner.
"""

from django.db import migrations

from apps.tenancy.rls import ALL, Grant, definer_function_sql, login

READ_BY_WEB = ("Run", "Heartbeat", "Presence", "Incident")
TABLES = (*READ_BY_WEB, "Message")

# FOR SHARE: whoever wants to declare the run lost waits for the unit's commit or
# passes it by, and a run that was declared lost has no such row any more.
FENCE = """
    SELECT true FROM public.job_runs
    WHERE id = held_run AND token = held_token AND status = 'running' FOR SHARE
"""
ADVANCE = """
    UPDATE public.job_runs
    SET "cursor" = new_cursor, items_done = done,
        items_total = coalesce(total, items_total)
    WHERE id = held_run AND token = held_token AND status = 'running'
    RETURNING true
"""
SETTLE = """
    UPDATE public.outbox_messages
    SET state = 'delivered', payload = '{}', error = '',
        finished_at = clock_timestamp()
    WHERE id = held_message AND attempt = held_attempt AND state = 'waiting'
    RETURNING true
"""
FUNCTIONS = {
    "hold_job_token(held_run uuid, held_token bigint)": FENCE,
    "advance_job(held_run uuid, held_token bigint, new_cursor text,"
    " done integer, total integer)": ADVANCE,
    "settle_message(held_message uuid, held_attempt integer)": SETTLE,
}


def add_fences(apps, schema_editor):
    if schema_editor.connection.alias != "owner":
        return
    schema_editor.execute("CREATE SEQUENCE job_tokens", params=None)
    schema_editor.execute(
        f"GRANT USAGE ON SEQUENCE job_tokens TO {login('jobs')}", params=None
    )
    for signature, body in FUNCTIONS.items():
        for statement in definer_function_sql(
            signature,
            "boolean",
            body,
            logins=("default", "jobs"),
            is_read_only=False,
        ):
            schema_editor.execute(statement, params=None)


def drop_fences(apps, schema_editor):
    if schema_editor.connection.alias != "owner":
        return
    for name in ("hold_job_token", "advance_job", "settle_message"):
        schema_editor.execute(f"DROP FUNCTION {name}", params=None)
    schema_editor.execute("DROP SEQUENCE job_tokens", params=None)


class Migration(migrations.Migration):
    dependencies = [("jobs", "0001_create_jobs")]

    operations = [
        *(Grant(table, "default", ("SELECT",)) for table in READ_BY_WEB),
        Grant("Message", "default", ("INSERT",)),
        *(Grant(table, "jobs", ALL) for table in TABLES),
        migrations.RunPython(add_fences, drop_fences),
    ]
