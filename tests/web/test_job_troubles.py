"""`/ready` says how jobs are, and stays ready without them."""

from typing import Any

import pytest
from django.db import connections

from apps.jobs import watch
from apps.jobs.presence import PARTS
from apps.web import health

pytestmark = pytest.mark.django_db(transaction=True)


def _see_all() -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO job_presences SELECT part, now(), now()"
            " FROM unnest(%s::text[]) AS part",
            [list(PARTS)],
        )


async def test_what_was_never_seen_is_named() -> None:
    assert await _jobs() == {"status": "degraded", "troubles": sorted(PARTS)}


@pytest.fixture
def _all_seen(transactional_db: None) -> None:
    _see_all()


@pytest.mark.usefixtures("_all_seen")
async def test_all_is_well() -> None:
    assert await _jobs() == {"status": "ok", "troubles": []}


@pytest.fixture
def _one_incident(_all_seen: None) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO job_incidents (id, subject, problem, opened_at)"
            " VALUES (gen_random_uuid(), 'catalog.sync', 'a secret reason', now())"
        )


@pytest.mark.usefixtures("_one_incident")
async def test_an_incident_is_named_and_not_explained() -> None:
    assert await _jobs() == {"status": "degraded", "troubles": ["catalog.sync"]}


async def _jobs() -> Any:
    return await health._jobs()


def test_the_watch_finds_what_ready_says() -> None:
    assert {p.subject for p in watch.problems(using="jobs")} == set(PARTS)
