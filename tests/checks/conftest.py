"""Checks of two or three models at a scripted provider."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from apps.accounts.models import Organization
from apps.checks import services
from apps.checks.models import Check, PromptSet
from apps.checks.reading import NewPrompt
from apps.checks.services import NewCheck
from apps.checks.set_services import NewSet, create_set
from apps.tenancy.scope import scope
from tests.router.conftest import (  # noqa: F401  # fixtures by their names
    fake,
    market,
    org,
    router,
)

BASELINE, CANDIDATE, JUDGE = (
    "primary-house/primary",
    "backup-house/backup",
    "third-house/third",
)


def make_prompts(texts: list[str], *, expected: str = "") -> PromptSet:
    """A set in the organization in scope."""
    prompts = [
        NewPrompt(({"role": "user", "content": text},), expected) for text in texts
    ]
    return create_set(NewSet("Prompts", PromptSet.Source.TYPED, prompts))


def make_check(prompts: int = 3, **wanted: Any) -> Check:
    """A draft in the organization in scope."""
    texts = [f"Question {number}" for number in range(prompts)]
    made = make_prompts(texts, expected=wanted.pop("expected", ""))
    facts = {"name": "A check", "models": [BASELINE, CANDIDATE], **wanted}
    return services.create_check(NewCheck(prompt_set_id=made.id, **facts))


@pytest.fixture
def started(org: Organization) -> Callable[..., Any]:  # noqa: F811
    """Make and start a check, without a worker that would run it at once."""

    @sync_to_async
    def start(**wanted: Any) -> UUID:
        with scope(org.id):
            check = make_check(**wanted)
            Check.objects.filter(id=check.id).update(state=Check.State.RUNNING)
            return check.id

    return start


@sync_to_async
def rows(table: str) -> list[Any]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"SELECT row_to_json(r) FROM {table} r ORDER BY id")
        return [row[0] for row in cursor.fetchall()]
