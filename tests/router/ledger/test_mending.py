"""A migration mends what older releases shipped, whoever's rows they are."""

from importlib import import_module

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from apps.kit.ids import uuid7
from tests.router.ledger.rows import make_row, read, ship_rows

pytestmark = pytest.mark.django_db(transaction=True)
MIGRATION = import_module("apps.router.migrations.0014_mend_missing_times")


@sync_to_async
def mend() -> None:
    with connections["owner"].schema_editor() as editor:
        MIGRATION.mend(None, editor)


async def test_times_that_were_not_measured_are_null_again() -> None:
    await ship_rows(
        [make_row(uuid7(), first_token_ms=ms) for ms in (2_147_483_647, 120, None)]
    )

    await mend()

    found = await read("SELECT first_token_ms FROM router_routed_request ORDER BY 1")
    assert found == [(120,), (None,), (None,)]
    policies = "SELECT count(*) FROM pg_policies WHERE policyname = 'owner_mend'"
    assert await read(policies) == [(0,)]
