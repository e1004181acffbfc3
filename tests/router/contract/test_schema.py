"""The API keeps to its schema, whatever is sent; `./run bench contract` sends more."""

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from drf_spectacular.generators import SchemaGenerator

from apps.accounts.keys import SCOPES
from apps.accounts.models import Organization
from bench.contract.hostile import attack_bodies
from bench.contract.report import Report
from bench.contract.traffic import Amount, Target, attack
from tests.factories import make_key
from tests.router.process.web import web_process

pytestmark = pytest.mark.django_db(transaction=True)

SAMPLE = Amount(examples=2, chains=8)


def described(prefix: str) -> dict[str, Any]:
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # untyped upstream
    paths = {p: i for p, i in schema["paths"].items() if p.startswith(prefix)}
    return {**schema, "paths": paths}


async def test_a_sample_of_requests_breaks_nothing(
    market: None, org: Organization, tmp_path: Any
) -> None:
    _, token = await sync_to_async(make_key)(org, scopes=tuple(SCOPES))
    report = Report()
    async with web_process(tmp_path) as web:
        target = Target(web.url, {"Authorization": f"Bearer {token}"})
        await asyncio.to_thread(attack, described("/v1/"), target, SAMPLE, report)
        await asyncio.to_thread(
            attack_bodies, described("/v1/"), target, report, is_whole=False
        )

    assert report.failures == {}, web.log()[-4000:]
    assert report.requests > 200
    assert report.statuses[200] >= 10
