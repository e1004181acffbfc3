"""A client of the whole `/v1` that sends the same key with each of its requests."""

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from apps.router.front import Front
from tests.router.conftest import DJANGO, Caller

HELLO = {"messages": [{"role": "user", "content": "Hi"}]}


@pytest.fixture
def once(live_token: str) -> Caller:
    return Caller(Front(DJANGO), live_token, {"idempotency-key": "order-42"})


@pytest.fixture
def named(live_token: str) -> Callable[[str], Caller]:
    def client(name: str) -> Caller:
        return Caller(Front(DJANGO), live_token, {"idempotency-key": name})

    return client


@sync_to_async
def rows(columns: str = "state") -> list[Any]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM router_idempotentanswer ORDER BY id")
        return list(cursor.fetchall())


@sync_to_async
def change(assignment: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"UPDATE router_idempotentanswer SET {assignment}")
