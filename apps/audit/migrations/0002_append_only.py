"""Entries are added and read; nobody but the owner changes or removes one."""

from django.db import migrations

from apps.tenancy.rls import EnableRowSecurity, Grant

# The second wall behind the grants: it also holds for a login that is granted more
# one day. The owner passes: it migrates, and the erasing of a whole organization runs as it.
REFUSE = """
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_user = (
        SELECT r.rolname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
        WHERE c.oid = TG_RELID
    ) THEN
        RETURN coalesce(NEW, OLD);
    END IF;
    RAISE EXCEPTION 'The audit log is append-only.'
        USING ERRCODE = 'insufficient_privilege';
END $$
"""
TRIGGER = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()
"""
TABLES = ("audit_auditentry", "audit_operatorentry")


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_create_audit_log")]

    operations = [
        EnableRowSecurity(
            "AuditEntry", app=("SELECT", "INSERT"), jobs=("SELECT", "INSERT")
        ),
        Grant("OperatorEntry", "default", ("SELECT", "INSERT")),
        Grant("OperatorEntry", "jobs", ("SELECT", "INSERT")),
        migrations.RunSQL(
            [
                REFUSE,
                "REVOKE ALL ON FUNCTION refuse_audit_change() FROM PUBLIC",
                *(TRIGGER.format(table=table) for table in TABLES),
            ],
            [
                *(f"DROP TRIGGER append_only ON {table}" for table in TABLES),
                "DROP FUNCTION refuse_audit_change()",
            ],
        ),
    ]
