"""Prompts are kept where an organization asked for it, and nowhere else."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from apps.accounts.models import Organization
from apps.kit.clock import utc_now
from apps.kit.ids import uuid7
from apps.privacy import keeper, retention, services
from apps.privacy.keeper import Exchange, Keeper, to_row
from apps.privacy.models import StoredExchange
from apps.privacy.redaction import KINDS
from apps.privacy.services import Wanted
from apps.router.keeping import is_private
from apps.router.runtime import Runtime
from apps.tenancy.dsn import dsn_of
from apps.tenancy.scope import scope
from tests.factories import make_org
from tests.privacy.conftest import keep
from tests.router.conftest import (  # the router's fixtures
    Caller,
    app,
    fake,
    live,
    live_token,
    market,
    org,
    router,
)

__all__ = ["app", "fake", "live", "live_token", "market", "org", "router"]

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_S = 30.0


def _switch(org: Organization, *, on: bool = True, **options: Any) -> None:
    with scope(org.id):
        wanted = Wanted(on, options.pop("days", 30), options.pop("redacts", KINDS))
        services.change_settings(wanted, **options)


@sync_to_async
def _rows() -> list[dict[str, Any]]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT prompt, answer, redactions, is_cut"
            " FROM privacy_stored_exchange ORDER BY created_at"
        )
        names = ("prompt", "answer", "redactions", "is_cut")
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.05)


@pytest.fixture
def storing(org: Organization) -> None:
    _switch(org)


async def test_nothing_is_kept_by_default(live: Caller, router: Runtime) -> None:
    answer = await live.chat("Hello olga@example.com")

    assert answer.status == 200
    assert not router.keeper.queue
    assert router.keeper.kept == 0


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("path", ["chat", "complete"])
async def test_a_prompt_is_kept_with_its_answer_and_without_what_is_private(
    org: Organization,
    storing: None,
    live: Caller,
    fake: Any,
    router: Runtime,
    path: str,
    is_stream: bool,
) -> None:
    fake.script("primary", text="Call +49 30 1234567 today")
    options = {"model": "auto"} if path == "complete" else {}
    ask = getattr(live, path)
    answer = await ask("I am olga@example.com", stream=is_stream, **options)
    await _until(lambda: router.keeper.kept == 1)

    (row,) = await _rows()
    assert answer.status == 200
    assert json.loads(row["prompt"]) == [
        {"role": "user", "text": "I am [email removed]"}
    ]
    assert row["answer"] == "Call [phone removed] today"
    assert row["redactions"] == 2


async def test_a_request_can_be_left_out(
    storing: None, live: Caller, router: Runtime
) -> None:
    live.headers["x-modeloptix-store"] = "false"
    answer = await live.chat("Hello")

    assert answer.status == 200
    assert not router.keeper.queue
    assert router.keeper.kept == 0


async def test_a_failed_request_keeps_nothing(
    storing: None, live: Caller, fake: Any, router: Runtime
) -> None:
    for name in ("primary", "backup", "third"):
        fake.script(name, status=400)
    answer = await live.chat("Hello")

    assert answer.status >= 400
    assert not router.keeper.queue


async def test_an_answer_does_not_wait_for_a_keeper_that_is_stuck(
    storing: None, live: Caller, router: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    router.keeper.dsn = "host=127.0.0.1 port=1 dbname=none"
    monkeypatch.setattr(keeper, "MOST_ENTRIES", 1)
    monkeypatch.setattr(keeper, "STOP_WAIT_S", 0.1)
    answers = [await live.chat("Hello") for _ in range(3)]

    assert [answer.status for answer in answers] == [200, 200, 200]
    assert len(router.keeper.queue) == 1
    assert router.keeper.dropped == 2


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("false", True),
        ("FALSE", True),
        ("0", True),
        (" No ", True),
        ("", False),
        ("true", False),
        ("1", False),
    ],
)
def test_what_the_header_means(header: str, *, expected: bool) -> None:
    assert is_private(header) is expected


def _exchange(org: Organization, messages: list[Any], answer: str = "") -> Exchange:
    now = utc_now()
    return Exchange(org.id, uuid7(), now, messages, answer, frozenset(KINDS), 10)


def test_what_is_long_is_cut_and_pictures_are_named(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "KEPT_CHARACTERS", 10)
    parts = [{"type": "text", "text": "0123456789"}, {"type": "image_url", "u": 1}]
    row = to_row(_exchange(make_org(), [{"role": "user", "content": parts}], "x" * 11))

    assert json.loads(row.prompt) == [{"role": "user", "text": "0123456789"}]
    assert row.answer == "x" * 10
    assert row.is_cut


def test_calls_of_tools_are_kept_as_text(db: None) -> None:
    call = {"function": {"name": "mail", "arguments": '{"to": "olga@example.com"}'}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    row = to_row(_exchange(make_org(), [message, "nonsense", {"role": "tool"}]))

    assert "[email removed]" in row.prompt
    assert "olga" not in row.prompt


def test_text_that_postgres_cannot_hold_is_made_to_fit(org: Organization) -> None:
    row = to_row(
        _exchange(org, [{"role": "user", "content": "a\0b\ud800"}], "c\0\ud800")
    )

    assert "\0" not in row.prompt + row.answer
    assert "\\u0000" not in row.prompt
    row.prompt.encode()
    row.answer.encode()


async def test_what_waits_is_written_when_the_process_ends(
    org: Organization, storing: None
) -> None:
    one = Keeper(dsn_of("ledger"))
    await one.start()
    for number in range(120):
        one.offer(_exchange(org, [{"role": "user", "content": f"n{number}"}], "yes"))
    await one.stop()

    assert len(await _rows()) == one.kept
    assert one.kept + len(one.queue) == 120
    assert one.kept > 0


async def test_a_row_that_cannot_be_written_does_not_stop_the_others(
    org: Organization, storing: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Keeper(dsn_of("ledger"))
    monkeypatch.setattr(keeper, "BATCH", 1)
    bad: Any = [{"role": "user", "content": "x", "tool_calls": [object()]}]
    one.offer(_exchange(org, bad, "no"))
    one.offer(_exchange(org, [{"role": "user", "content": "good"}], "yes"))
    await one.start()
    await _until(lambda: one.kept == 1)
    await one.stop()

    (row,) = await _rows()
    assert "good" in row["prompt"]


def test_nothing_is_kept_after_the_switch_was_turned_off(org: Organization) -> None:
    assert keep(org, "before") == 1
    _switch(org, on=False, deletes_stored=True)

    assert keep(org, "after", settings={"stores_prompts": False}) == 0
    with scope(org.id):
        assert not StoredExchange.objects.filter(org_id=org.id).exists()


def test_turning_it_off_keeps_what_is_stored_unless_asked(org: Organization) -> None:
    keep(org, "before")
    _switch(org, on=False)

    with scope(org.id):
        assert StoredExchange.objects.filter(org_id=org.id).count() == 1
        assert services.delete_stored() == 1


def test_a_late_exchange_of_a_time_that_is_over_is_not_kept(org: Organization) -> None:
    past = utc_now() - timedelta(days=31)

    assert keep(org, "late", created_at=past) == 0
    assert keep(org, "late", created_at=past, settings={"retention_days": 60}) == 1


def test_each_organization_has_its_own_days(org: Organization, held: Any) -> None:
    other = make_org("Globex")
    moment = utc_now() - timedelta(days=5)
    long = {"retention_days": 300}
    keep(org, "short", created_at=moment)
    keep(other, "long", created_at=moment, settings=long)
    _switch(org, days=3)
    summary = retention.enforce(held)

    assert "1 exchanges removed" in summary
    with scope(org.id):
        assert not StoredExchange.objects.filter(org_id=org.id).exists()
    with scope(other.id):
        assert StoredExchange.objects.filter(org_id=other.id).count() == 1


def test_months_that_nobody_keeps_are_dropped(org: Organization, held: Any) -> None:
    past = utc_now() - timedelta(days=200)
    keep(org, "old", created_at=past, settings={"retention_days": 300})
    part = f"privacy_stored_exchange_{past:%Y_%m}"
    assert part in _partitions()
    retention.enforce(held)
    assert part in _partitions()

    _switch(org, days=30)
    retention.enforce(held)

    assert part not in _partitions()
    assert f"privacy_stored_exchange_{utc_now():%Y_%m}" in _partitions()


def _partitions() -> set[str]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = 'privacy_stored_exchange'::regclass"
        )
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.parametrize("days", [0, 366])
def test_a_year_is_the_longest(org: Organization, days: int) -> None:
    with pytest.raises(Exception, match="privacy_retention_is_a_year_at_most"):
        _switch(org, days=days)
