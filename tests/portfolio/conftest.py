"""What tests of the portfolio share: many at once, and plans that limit."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from pytest_django.fixtures import Settings

from apps.accounts.models import Organization
from apps.kit.errors import AppError
from apps.tenancy.scope import scope

type AtOnce = Callable[[Organization, list[Callable[[], Any]]], list[str]]


@pytest.fixture
def at_once(transactional_db: None) -> AtOnce:
    """Run calls in threads of their own; each comes to "ok" or its error's code."""

    def run(org: Organization, calls: list[Callable[[], Any]]) -> list[str]:
        def one(call: Callable[[], Any]) -> str:
            try:
                with scope(org.id):
                    call()
            except AppError as problem:
                return problem.code
            finally:
                connections.close_all()
            return "ok"

        with ThreadPoolExecutor(len(calls)) as threads:
            return sorted(threads.map(one, calls))

    return run


@pytest.fixture
def free_plan(settings: Settings) -> None:
    """The installation sells plans, and nobody has bought one: one of everything."""
    settings.STRIPE_SECRET_KEY = "sk_test_x"
