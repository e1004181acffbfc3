"""Tasks carry their organization in the message and refuse to run without."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from celery import Celery

from apps.kit.ids import uuid7
from apps.tenancy.scope import ScopeError, current_org_id, scope
from apps.tenancy.tasks import OrgTask

ACME = uuid7()


@pytest.fixture
def app() -> Iterator[Any]:
    """An application of its own, whose messages stay in memory."""
    app = Celery("test", task_cls=OrgTask, broker="memory://", set_as_current=False)
    yield app
    app.close()


def test_a_task_runs_in_the_scope_that_sent_it(app: Any) -> None:
    app.conf.task_always_eager = True
    task = app.task(current_org_id, name="read")

    with scope(ACME):
        result = task.delay()

    assert result.get() == ACME


def test_the_organization_travels_in_the_header(app: Any) -> None:
    task = app.task(current_org_id, name="read")
    with scope(ACME):
        task.apply_async(headers={"other": "kept"})

    with app.connection_for_read() as connection:
        message = connection.SimpleQueue("celery").get(timeout=1)

    assert message.headers["org_id"] == str(ACME)
    assert message.headers["other"] == "kept"


def test_a_task_sent_from_nowhere_carries_no_organization(app: Any) -> None:
    app.task(current_org_id, name="read").delay()

    with app.connection_for_read() as connection:
        message = connection.SimpleQueue("celery").get(timeout=1)

    assert "org_id" not in message.headers


def test_a_worker_opens_the_scope_of_the_header(app: Any) -> None:
    task = app.task(current_org_id, name="read")
    task.push_request(org_id=str(ACME), called_directly=False)

    assert task() == ACME
    task.pop_request()


def test_a_task_without_an_organization_is_refused(app: Any) -> None:
    task = app.task(current_org_id, name="read")

    with pytest.raises(ScopeError):
        task()


def test_a_task_may_be_called_like_a_function_within_a_scope(app: Any) -> None:
    task = app.task(current_org_id, name="read")
    with scope(ACME):
        assert task() == ACME


def test_a_scheduled_task_opens_scopes_itself(app: Any) -> None:
    def work() -> UUID | None:
        assert current_org_id() is None
        with scope(ACME):
            return current_org_id()

    task = app.task(work, name="work", needs_org=False)

    assert task() == ACME
