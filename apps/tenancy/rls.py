"""Row security in migrations: one policy, composite keys, explicit grants.

No policy climbs to a parent row and none has an OR: with `org_id` in every table
row security costs nothing measurable, with either of these it costs the index.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.apps.registry import Apps
from django.conf import settings
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

ALL = ("SELECT", "INSERT", "UPDATE", "DELETE")
# The sub-select makes it one initplan; unset or empty is NULL, which denies.
ORG_IN_SCOPE = "(SELECT nullif(current_setting('app.org_id', true), '')::uuid)"


def login(alias: str) -> str:
    """The quoted login name behind a database alias."""
    user = settings.DATABASES[alias]["USER"]
    return '"{}"'.format(user.replace('"', '""'))


def grant_sql(table: str, alias: str, privileges: Iterable[str]) -> list[str]:
    """Let a login do exactly this with a table."""
    role, wanted = login(alias), ", ".join(privileges)
    sql = [f"REVOKE ALL ON {table} FROM {role}"]
    return [*sql, f"GRANT {wanted} ON {table} TO {role}"] if wanted else sql


def tenant_policy_sql(
    table: str,
    *,
    org_column: str = "org_id",
    app: Sequence[str] = ALL,
    jobs: Sequence[str] = (),
    ledger: Sequence[str] = (),
) -> list[str]:
    """Protect a table: row security, one policy for `app`, named ones for others."""
    fits = f"{org_column} = {ORG_IN_SCOPE}"
    sql = [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY tenant ON {table} TO {login('default')} "
        f"USING ({fits}) WITH CHECK ({fits})",
        *grant_sql(table, "default", app),
    ]
    for alias, commands in (("jobs", jobs), ("ledger", ledger)):
        sql += grant_sql(table, alias, commands)
        sql += [_open_policy(table, alias, command) for command in commands]
    return sql


def _open_policy(table: str, alias: str, command: str) -> str:
    clauses = {
        "SELECT": "USING (true)",
        "DELETE": "USING (true)",
        "INSERT": "WITH CHECK (true)",
        "UPDATE": "USING (true) WITH CHECK (true)",
    }
    name = f"{alias}_{command.lower()}"
    return (
        f"CREATE POLICY {name} ON {table} FOR {command} "
        f"TO {login(alias)} {clauses[command]}"
    )


def drop_policies_sql(
    table: str, *, jobs: Sequence[str] = (), ledger: Sequence[str] = ()
) -> list[str]:
    names = ["tenant"]
    names += [f"jobs_{c.lower()}" for c in jobs]
    names += [f"ledger_{c.lower()}" for c in ledger]
    return [
        *(f"DROP POLICY {name} ON {table}" for name in names),
        f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
    ]


def definer_function_sql(
    signature: str,
    returns: str,
    body: str,
    *,
    logins: Sequence[str],
    is_read_only: bool = True,
) -> list[str]:
    """A function that runs as the owner, past row security: keep its answer narrow.

    The search path is pinned, or a caller's own schema could stand in for a name.
    """
    name, _, arguments = signature.rstrip(")").partition("(")
    types = ", ".join(argument.split()[1] for argument in arguments.split(","))
    volatility = "STABLE" if is_read_only else "VOLATILE"
    function = f"{name}({types})"
    return [
        f"CREATE FUNCTION {signature} RETURNS {returns} LANGUAGE sql {volatility} "
        f"SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $${body}$$",
        f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC",
        *(f"GRANT EXECUTE ON FUNCTION {function} TO {login(a)}" for a in logins),
    ]


class _SQLOperation(Operation):
    """An operation that only runs statements, through the owner's login."""

    reduces_to_sql = True
    reversible = True

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change nothing that models know of."""

    def _run(self, editor: BaseDatabaseSchemaEditor, statements: list[str]) -> None:
        if editor.connection.alias == "owner":
            for statement in statements:
                editor.execute(statement, params=None)


class EnableRowSecurity(_SQLOperation):
    """Make a model's table tenant-protected.

    `parents` names the foreign keys to other tenant tables (declared with
    `db_constraint=False`): each becomes a composite key `(org_id, parent_id)`, so
    another organization's id fails exactly like one that does not exist.
    """

    def __init__(
        self,
        model_name: str,
        *,
        parents: Mapping[str, str] | None = None,
        app: Sequence[str] = ALL,
        jobs: Sequence[str] = (),
        ledger: Sequence[str] = (),
        org_column: str = "org_id",
    ) -> None:
        self.model_name = model_name
        self.parents = dict(parents or {})
        self.app = tuple(app)
        self.jobs = tuple(jobs)
        self.ledger = tuple(ledger)
        self.org_column = org_column

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        options = {
            "parents": self.parents,
            "app": self.app,
            "jobs": self.jobs,
            "ledger": self.ledger,
            "org_column": self.org_column,
        }
        return type(self).__name__, [self.model_name], options

    def describe(self) -> str:
        return f"Protect {self.model_name} by row security"

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        table = self._table(to_state.apps, app_label)
        policies = tenant_policy_sql(
            table,
            org_column=self.org_column,
            app=self.app,
            jobs=self.jobs,
            ledger=self.ledger,
        )
        keys = self._add_keys(to_state.apps, app_label, table)
        self._run(schema_editor, [*policies, *keys])

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        table = self._table(from_state.apps, app_label)
        names = [f"{table}_{field}_same_org" for field in self.parents]
        names += [] if self.org_column == "id" else [f"{table}_org_id_id"]
        keys = [f"ALTER TABLE {table} DROP CONSTRAINT {name}" for name in names]
        policies = drop_policies_sql(table, jobs=self.jobs, ledger=self.ledger)
        self._run(schema_editor, [*keys, *policies])

    def _table(self, apps: Apps, app_label: str) -> str:
        return str(apps.get_model(app_label, self.model_name)._meta.db_table)

    def _add_keys(self, apps: Apps, app_label: str, table: str) -> list[str]:
        sql = []
        if self.org_column != "id":
            sql.append(
                f"ALTER TABLE {table} ADD CONSTRAINT {table}_org_id_id "
                f"UNIQUE (org_id, id)"
            )
        model = apps.get_model(app_label, self.model_name)
        for field, parent in self.parents.items():
            column = model._meta.get_field(field).column
            parent_table = apps.get_model(parent)._meta.db_table
            sql.append(
                f"ALTER TABLE {table} ADD CONSTRAINT {table}_{field}_same_org "
                f"FOREIGN KEY (org_id, {column}) REFERENCES {parent_table} (org_id, id)"
                f" DEFERRABLE INITIALLY IMMEDIATE"
            )
        return sql


class Grant(_SQLOperation):
    """Set exactly what a login may do with a table that belongs to no tenant."""

    def __init__(self, model_name: str, alias: str, privileges: Sequence[str]) -> None:
        self.model_name = model_name
        self.alias = alias
        self.privileges = tuple(privileges)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [self.model_name, self.alias, self.privileges], {}

    def describe(self) -> str:
        what = ", ".join(self.privileges) or "nothing"
        return f"Grant {what} on {self.model_name} to {self.alias}"

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        table = to_state.apps.get_model(app_label, self.model_name)._meta.db_table
        self._run(schema_editor, grant_sql(table, self.alias, self.privileges))

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        table = from_state.apps.get_model(app_label, self.model_name)._meta.db_table
        usual = ALL if self.alias == "default" else ()
        self._run(schema_editor, grant_sql(table, self.alias, usual))
