"""A second look at the task is a metered call of its own, and decides."""

import pytest
from asgiref.sync import sync_to_async

from apps.accounts.models import Organization
from apps.providers.fake import FakeProvider
from apps.router.alias_services import NewAlias, create_alias
from apps.router.engine.rules import Rules
from apps.router.runtime import Runtime
from apps.tenancy.scope import scope
from tests.router.conftest import Caller, eventually, ledger

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "uc/anything"


@sync_to_async
def make_alias(org: Organization) -> None:
    with scope(org.id):
        create_alias(NewAlias(NAME, rules=Rules(second_look=True)))


@pytest.mark.parametrize("app", ["raw"], indirect=True)
async def test_a_second_look_names_the_task_and_is_in_the_ledger(
    router: Runtime, live: Caller, org: Organization, fake: FakeProvider
) -> None:
    fake.script("primary", text="reasoning")
    await make_alias(org)
    # Each new snapshot comes with a planner of its own.
    await eventually(
        lambda: NAME in router.planner.snapshot.policy(org.id).aliases, within_s=15
    )

    reply = await live.chat("prove it in Korean, draw the code, tl;dr", alias=NAME)

    assert reply.status == 200, reply.json()
    assert reply.json()["task_type"] == "reasoning"
    rows = {row["purpose"]: row for row in await ledger(2)}
    assert rows["call"]["task"] == "reasoning"
    assert rows["judge"]["model"] == "primary-house/primary"
