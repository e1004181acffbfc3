"""Setting the database up: as often as one likes, and never with a weak wall."""

import os
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connections

from apps.tenancy.provision import drop_database, provision

pytestmark = pytest.mark.django_db(transaction=True)

# Logins belong to the whole server, where other runs may be under way.
WEAK = f"weak_{os.getpid()}"
GROUP = f"group_{os.getpid()}"


@pytest.fixture
def elsewhere() -> Iterator[dict[str, dict[str, Any]]]:
    """The settings of a database that does not exist yet, with a login of its own."""
    databases = deepcopy(dict(settings.DATABASES))
    for database in databases.values():
        database["NAME"] += "_elsewhere"
    databases["jobs"].update(USER=WEAK, PASSWORD='it\'s "secret"')
    yield databases
    drop_database(databases)
    _as_owner(f"DROP ROLE IF EXISTS {WEAK}, {GROUP}")


def _as_owner(statement: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)


def test_setting_up_makes_what_is_missing_and_can_be_repeated(
    elsewhere: dict[str, dict[str, Any]],
) -> None:
    for _ in range(2):
        provision(elsewhere)

    jobs = elsewhere["jobs"]
    with psycopg.connect(
        dbname=jobs["NAME"],
        user=WEAK,
        password=jobs["PASSWORD"],
        host=jobs["HOST"],
        port=jobs["PORT"] or None,
    ) as connection:
        assert connection.execute("SELECT current_user").fetchone() == (WEAK,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE mine (id int)")


def test_a_login_that_can_become_another_one_is_refused(
    elsewhere: dict[str, dict[str, Any]],
) -> None:
    _as_owner(f"CREATE ROLE {GROUP}")
    _as_owner(f"CREATE ROLE {WEAK} LOGIN IN ROLE {GROUP}")

    with pytest.raises(CommandError, match="can pass row security"):
        provision(elsewhere)


def test_an_owner_without_the_power_is_told_what_to_do(
    elsewhere: dict[str, dict[str, Any]],
) -> None:
    elsewhere["owner"]["USER"] = settings.DATABASES["default"]["USER"]

    with pytest.raises(CommandError, match="BYPASSRLS"):
        provision(elsewhere)
    elsewhere["owner"]["USER"] = settings.DATABASES["owner"]["USER"]


def test_the_command_sets_up_the_configured_database(
    capsys: pytest.CaptureFixture[str],
) -> None:
    call_command("setup_database")

    assert settings.DATABASES["owner"]["NAME"] in capsys.readouterr().out


def test_migrations_go_through_the_owner(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("migrate")

    assert "No migrations to apply" in capsys.readouterr().out
