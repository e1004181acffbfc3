"""Progress told from the database, also to who comes back."""

import pytest
from asgiref.sync import sync_to_async

from apps.accounts.models import Organization
from apps.checks.events import last_event_id, tail
from apps.checks.models import Check
from apps.tenancy.scope import scope
from tests.checks.making import make_done
from tests.factories import make_org

pytestmark = pytest.mark.django_db(transaction=True)


@sync_to_async
def made(state: str = "done") -> tuple[Organization, Check]:
    org = make_org("Acme")
    with scope(org.id):
        return org, make_done(2, state=state)


async def heard(org: Organization, check: Check, after: int) -> list[str]:
    return [event.decode() async for event in tail(org.id, check.id, after=after)]


async def test_a_check_that_is_over_is_told_once_and_the_stream_ends() -> None:
    org, check = await made()

    events = await heard(org, check, -1)

    assert [line for event in events for line in event.splitlines()[1:2]] == [
        "",
        "event: progress",
        "event: over",
    ] or "event: over" in events[-1]
    assert "4 of 4 answers" in events[1]


async def test_who_comes_back_is_told_what_was_missed_by_its_number() -> None:
    org, check = await made()

    events = await heard(org, check, 2)

    answers = [event for event in events if "event: answer" in event]
    assert [event.split("\n")[0] for event in answers] == ["id: 3", "id: 4"]
    assert all("Answer " not in event for event in events)


async def test_events_come_as_the_check_goes_on() -> None:
    org, check = await made("running")

    stream = tail(org.id, check.id, after=-1)
    first = [await anext(stream), await anext(stream)]
    await sync_to_async(_cancel)(org, check)
    rest = [event.decode() async for event in stream]

    assert b"event: progress" in first[1]
    assert any("event: over\ndata: cancelled" in event for event in rest)


def _cancel(org: Organization, check: Check) -> None:
    with scope(org.id):
        Check.objects.filter(id=check.id).update(state="cancelled", seq=9)


async def test_another_organizations_check_has_no_events() -> None:
    _, check = await made()
    globex = await sync_to_async(make_org)("Globex")

    assert len(await heard(globex, check, -1)) == 1


@pytest.mark.parametrize(
    ("text", "number"),
    [("", -1), ("7", 7), ("x", -1), ("-3", -1), ("9" * 30, -1), ("²", -1)],
)
def test_last_event_id_is_a_number_or_nothing(text: str, number: int) -> None:
    assert last_event_id(text) == number
