"""Make the four logins, the database and its default grants.

Runs as the owner (who needs CREATEROLE, CREATEDB and BYPASSRLS) or as a superuser,
as often as one likes. Row security is only as good as this: the logins that serve
requests own nothing, cannot bypass it and cannot become someone who can.
"""

from collections.abc import Mapping
from typing import Any

import psycopg
from django.core.management.base import CommandError
from psycopg import sql

LOGINS = ("default", "jobs", "ledger")
type Databases = Mapping[str, Mapping[str, Any]]


def provision(databases: Databases) -> None:
    """Create what is missing and set what has drifted."""
    with _connect(databases["owner"], name="postgres") as connection:
        _require_power(connection)
        for alias in LOGINS:
            _create_login(connection, databases[alias])
        _create_database(connection, databases["owner"]["NAME"])
    with _connect(databases["owner"]) as connection:
        _grant(connection, databases)


def drop_database(databases: Databases) -> None:
    with _connect(databases["owner"], name="postgres") as connection:
        statement = "DROP DATABASE IF EXISTS {} WITH (FORCE)"
        _run(connection, statement, databases["owner"]["NAME"])


def _connect(database: Mapping[str, Any], *, name: str = "") -> psycopg.Connection:
    return psycopg.connect(
        dbname=name or database["NAME"],
        user=database["USER"] or None,
        password=database["PASSWORD"] or None,
        host=database["HOST"] or None,
        port=database["PORT"] or None,
        connect_timeout=5,
        autocommit=True,
    )


def _run(connection: psycopg.Connection, statement: str, *names: str) -> None:
    """Execute a statement with quoted names; no other value comes from outside."""
    query = sql.SQL(statement)
    connection.execute(query.format(*map(sql.Identifier, names)))


def _require_power(connection: psycopg.Connection) -> None:
    row = connection.execute(
        "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    if row != (True,):
        raise CommandError(
            "The login of DATABASE_OWNER_URL needs BYPASSRLS: as a superuser, run "
            "ALTER ROLE <owner> BYPASSRLS CREATEROLE CREATEDB."
        )


def _create_login(connection: psycopg.Connection, database: Mapping[str, Any]) -> None:
    name, password = database["USER"], database["PASSWORD"]
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
    if known.fetchone() is None:
        create = sql.SQL("CREATE ROLE {} LOGIN NOINHERIT PASSWORD {}")
        role, secret = sql.Identifier(name), sql.Literal(password or None)
        connection.execute(create.format(role, secret))
    elif _is_powerful(connection, name):
        raise CommandError(f"The login {name} can pass row security; it must not.")


def _is_powerful(connection: psycopg.Connection, name: str) -> bool:
    row = connection.execute(
        "SELECT rolsuper OR rolbypassrls OR EXISTS"
        " (SELECT FROM pg_auth_members WHERE member = pg_roles.oid)"
        " FROM pg_roles WHERE rolname = %s",
        [name],
    ).fetchone()
    return row == (True,)


def _create_database(connection: psycopg.Connection, name: str) -> None:
    known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
    if known.fetchone() is None:
        statement = "CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0"
        _run(connection, statement, name)


def _grant(connection: psycopg.Connection, databases: Databases) -> None:
    owner, name = databases["owner"]["USER"], databases["owner"]["NAME"]
    _run(connection, "REVOKE ALL ON DATABASE {} FROM PUBLIC", name)
    _run(connection, "REVOKE ALL ON SCHEMA public FROM PUBLIC")
    _run(connection, "GRANT ALL ON SCHEMA public TO {}", owner)
    for alias in LOGINS:
        login = databases[alias]["USER"]
        _run(connection, "GRANT CONNECT ON DATABASE {} TO {}", name, login)
        _run(connection, "GRANT USAGE ON SCHEMA public TO {}", login)
    # A function is everyone's to call unless this says otherwise.
    in_public = "ALTER DEFAULT PRIVILEGES FOR ROLE {} "
    _run(connection, in_public + "REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC", owner)
    # The tables of Django and allauth; our migrations grant by name on top.
    tables = "IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}"
    _run(connection, in_public + tables, owner, databases["default"]["USER"])
