"""Fixtures of the whole suite: the database, the cast, and signed-in clients.

`db` is one transaction of the web login, undone in the end. `transactional_db`
commits, and is needed for async code, threads and every other login.
"""

import logging
import os
from collections.abc import Callable, Iterator

import pytest
from celery.result import allow_join_result
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck
from hypothesis import settings as examples
from pytest_django.plugin import DjangoDbBlocker

from apps.accounts.models import Organization, User
from tests import database
from tests.factories import make_member, make_org
from tests.leaks import LEAK_WATCH
from tests.settings import WORKER

# A starved machine is slow at making examples too, which says nothing about the code.
examples.register_profile(
    "suite", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
examples.load_profile("suite")


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    if not os.environ.get("DATABASE_URL"):
        pytest.exit("DATABASE_URL is not set: use `./run test`.", returncode=4)
    with django_db_blocker.unblock():
        database.create(WORKER)
    yield
    with django_db_blocker.unblock():
        database.destroy()


@pytest.fixture
def _django_db_helper(
    request: pytest.FixtureRequest,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    marker = request.node.get_closest_marker("django_db")
    is_committing = (
        bool(marker and marker.kwargs.get("transaction"))
        or "transactional_db" in request.fixturenames
        or "live_server" in request.fixturenames
    )
    block = database.emptied() if is_committing else database.rolled_back()
    with django_db_blocker.unblock(), block:
        yield


@pytest.fixture(autouse=True)
def _no_secret_is_logged() -> Iterator[None]:
    """Read every log record of every test, from INFO up."""
    root = logging.getLogger()
    level = root.level
    root.addHandler(LEAK_WATCH)
    root.setLevel(logging.INFO)
    LEAK_WATCH.found.clear()
    yield
    root.setLevel(level)
    root.removeHandler(LEAK_WATCH)
    assert LEAK_WATCH.found == [], "a secret was logged"


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    """Rate limits live in the cache; one test must not use up the next one's."""
    cache.clear()


@pytest.fixture(autouse=True)
def _tasks_may_be_awaited() -> Iterator[None]:
    """Eager tasks in several threads race for Celery's flag and can leave it set."""
    with allow_join_result():
        yield


@pytest.fixture
def acme(db: None) -> Organization:
    return make_org("Acme")


@pytest.fixture
def globex(db: None) -> Organization:
    return make_org("Globex")


@pytest.fixture
def olga(acme: Organization) -> User:
    return make_member(acme, "olga", role="owner")


@pytest.fixture
def adam(acme: Organization) -> User:
    return make_member(acme, "adam", role="admin")


@pytest.fixture
def mia(acme: Organization) -> User:
    return make_member(acme, "mia", role="member")


@pytest.fixture
def vic(acme: Organization) -> User:
    return make_member(acme, "vic", role="viewer")


@pytest.fixture
def gil(globex: Organization) -> User:
    return make_member(globex, "gil", role="owner")


@pytest.fixture
def sign_in(db: None) -> Callable[[User], Client]:
    """A client of its own for each person."""

    def client_of(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return client_of
