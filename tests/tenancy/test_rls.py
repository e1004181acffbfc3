"""The migration operations: what they make, and that they can be undone."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connections, models
from django.db.migrations import CreateModel
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.migrations.writer import OperationWriter

from apps.accounts.models import Organization
from apps.kit.ids import uuid7
from apps.tenancy.rls import EnableRowSecurity, Grant
from apps.tenancy.scope import scope

pytestmark = pytest.mark.django_db(transaction=True)


def _fields(*more: "tuple[str, models.Field[Any, Any]]") -> list[Any]:
    org = models.ForeignKey("accounts.Organization", models.CASCADE, db_index=False)
    return [("id", models.UUIDField(primary_key=True)), ("org", org), *more]


def _parent() -> "models.Field[Any, Any]":
    return models.ForeignKey("accounts.Shelf", models.CASCADE, db_constraint=False)


OPERATIONS: list[Operation] = [
    CreateModel("Shelf", _fields()),
    CreateModel("Book", _fields(("shelf", _parent()))),
    EnableRowSecurity("Shelf"),
    EnableRowSecurity(
        "Book",
        parents={"shelf": "accounts.Shelf"},
        jobs=("SELECT", "INSERT", "UPDATE", "DELETE"),
        ledger=("INSERT",),
    ),
    CreateModel("Poster", [("id", models.UUIDField(primary_key=True))]),
    Grant("Poster", "default", ("SELECT",)),
    Grant("Poster", "jobs", ("SELECT",)),
]


@pytest.fixture
def library() -> Iterator[None]:
    """Two tenant tables, the second with a parent, and a public one."""
    states = [ProjectState.from_apps(apps)]
    for operation in OPERATIONS:
        after = states[-1].clone()
        operation.state_forwards("accounts", after)
        with connections["owner"].schema_editor() as editor:
            operation.database_forwards("accounts", editor, states[-1], after)
        states.append(after)
    yield
    for number in reversed(range(len(OPERATIONS))):
        with connections["owner"].schema_editor() as editor:
            OPERATIONS[number].database_backwards(
                "accounts", editor, states[number + 1], states[number]
            )


def _run(alias: str, sql: str, *params: Any) -> list[Any]:
    with connections[alias].cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall() if cursor.description else []


def _add_shelf(org: Organization) -> object:
    shelf_id = uuid7()
    with scope(org.id):
        values = (shelf_id, org.id)
        _run(
            "default",
            "INSERT INTO accounts_shelf (id, org_id) VALUES (%s, %s)",
            *values,
        )
    return shelf_id


INSERT_BOOK = "INSERT INTO accounts_book (id, org_id, shelf_id) VALUES (%s, %s, %s)"


def test_a_row_may_not_hang_on_another_organizations_row(
    library: None, acme: Organization, globex: Organization
) -> None:
    ours, theirs = _add_shelf(acme), _add_shelf(globex)
    errors = []
    with scope(acme.id):
        _run("default", INSERT_BOOK, uuid7(), acme.id, ours)
        for shelf_id in (theirs, uuid7()):
            with pytest.raises(IntegrityError) as caught:
                _run("default", INSERT_BOOK, uuid7(), acme.id, shelf_id)
            errors.append(str(caught.value).replace(str(shelf_id), "…"))

    # Another organization's row fails exactly like one that does not exist.
    assert errors[0] == errors[1]


def test_named_policies_open_a_table_to_jobs_and_the_ledger(
    library: None, acme: Organization, globex: Organization
) -> None:
    for org in (acme, globex):
        _run("ledger", INSERT_BOOK, uuid7(), org.id, _add_shelf(org))

    assert len(_run("jobs", "SELECT * FROM accounts_book")) == 2
    assert len(_run("jobs", "UPDATE accounts_book SET id = id RETURNING id")) == 2
    with pytest.raises(DatabaseError, match="permission denied"):
        _run("ledger", "SELECT * FROM accounts_book")
    with pytest.raises(DatabaseError, match="permission denied"):
        _run("jobs", "SELECT * FROM accounts_shelf")


def test_a_public_table_can_be_made_read_only(library: None) -> None:
    assert _run("default", "SELECT * FROM accounts_poster") == []
    assert _run("jobs", "SELECT * FROM accounts_poster") == []
    with pytest.raises(DatabaseError, match="permission denied"):
        _run("default", "INSERT INTO accounts_poster VALUES (%s)", uuid7())


def test_only_the_owner_runs_the_statements(library: None) -> None:
    state = ProjectState.from_apps(apps)
    operation = EnableRowSecurity("Organization", org_column="id")
    with connections["default"].schema_editor() as editor:
        operation.database_forwards("accounts", editor, state, state)
        operation.database_backwards("accounts", editor, state, state)


@pytest.mark.parametrize("operation", OPERATIONS[2:4] + OPERATIONS[5:])
def test_an_operation_can_be_written_and_described(operation: Operation) -> None:
    text, imports = OperationWriter(operation).serialize()

    assert type(operation).__name__ in text
    assert any("apps.tenancy.rls" in one for one in imports)
    assert operation.describe()
