"""Jobs at a quick pace, and a look at what they leave in the database."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections
from django.utils.module_loading import autodiscover_modules
from pytest_django import Settings

from apps.jobs import handlers
from apps.jobs.models import Message, Run

type Query = Callable[..., list[Any]]


@pytest.fixture(autouse=True)
def _quick(settings: Settings) -> None:
    """Long leases: no test may lose a run because the machine is busy."""
    settings.JOB_HEARTBEAT_S = 0.05
    settings.JOB_LEASE_S = 60.0


@pytest.fixture
def query(transactional_db: None) -> Query:
    """Ask the database as its owner, who may see everything."""

    def run(sql: str, *params: Any) -> list[Any]:
        with connections["owner"].cursor() as cursor:
            cursor.execute(sql, params)
            return list(cursor.fetchall()) if cursor.description else []

    return run


@pytest.fixture
def latest(transactional_db: None) -> Callable[[str], Run]:
    def of(name: str) -> Run:
        return Run.objects.filter(name=name).latest("token")

    return of


@pytest.fixture
def messages(transactional_db: None) -> Callable[[], list[Message]]:
    return lambda: list(Message.objects.using("jobs").order_by("id"))


@pytest.fixture
def registry() -> Iterator[dict[str, handlers.Registered]]:
    """The handlers of topics, put back afterwards; modules register only once."""
    autodiscover_modules("outbox_handlers")
    known = dict(handlers._handlers)
    yield handlers._handlers
    handlers._handlers.clear()
    handlers._handlers.update(known)
