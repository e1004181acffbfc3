"""Rows are shipped once, whole, by a login that can do nothing else."""

import msgspec
import psycopg
import pytest

from apps.kit.ids import uuid7
from apps.router.rows import DecisionRow
from tests.router.ledger.rows import (
    connect,
    make_attempt,
    make_row,
    read,
    ship_rows,
)

pytestmark = pytest.mark.django_db(transaction=True)

JANUARY_2001 = 978_307_200_000_000


async def test_a_row_arrives_as_it_was_made() -> None:
    key = uuid7()
    row = make_row(uuid7(), key_id=key.hex, cost_nano=1_234_567_891, baseline_nano=None)

    await ship_rows([row], [make_attempt(row, number=2)])

    [found] = await read(
        "SELECT id, key_id, cost_usd::text, baseline_usd, input_tokens, is_test,"
        " (extract(epoch FROM created_at) * 1000000)::bigint"
        " FROM router_routed_request"
    )
    assert found[0].hex == row.id
    assert found[1:6] == (key, "1.234567891", None, 1000, False)
    assert found[6] == row.created_at
    assert await read("SELECT number, request_id FROM router_attempt") == [
        (2, found[0])
    ]


async def test_shipping_twice_writes_once() -> None:
    row = make_row(uuid7())
    decision = DecisionRow(row.org_id, uuid7().hex, row.created_at, msgspec.Raw(b"{}"))

    for _ in range(2):
        await ship_rows([row], [make_attempt(row, id=row.id)], [decision])

    for table in ("routed_request", "attempt", "routing_decision"):
        assert await read(f"SELECT count(*) FROM router_{table}") == [(1,)]


@pytest.mark.parametrize(
    "text",
    [
        'a "quoted" {word}, and more',
        "back\\slash \\n \\u0041",
        "line\nbreak\ttab\x01\x1f",
        "NULL",
        "",
        "ünïcödé 漢字 🙂",
    ],
)
async def test_any_text_arrives_as_it_was(text: str) -> None:
    row = make_row(uuid7())
    attempt = make_attempt(row, message=text, raw_usage=text)

    await ship_rows([row], [attempt, make_attempt(row, message="plain")])

    found = await read("SELECT message, raw_usage FROM router_attempt")
    assert (text, text) in found


async def test_what_postgres_cannot_store_does_not_stop_the_rest() -> None:
    row = make_row(uuid7(), input_tokens=10**15, error_code="a\0b")
    content = msgspec.Raw(b'{"reason": "a\\u0000b"}')
    decision = DecisionRow(row.org_id, uuid7().hex, row.created_at, content)

    await ship_rows([row], [], [decision])

    [found] = await read("SELECT input_tokens, error_code FROM router_routed_request")
    assert found == (2**31 - 1, "a\ufffdb")
    [kept] = await read("SELECT content->>'reason' FROM router_routing_decision")
    assert kept == ("a\ufffdb",)


async def test_what_was_not_measured_arrives_as_nothing() -> None:
    row = make_row(uuid7(), first_token_ms=None, step=None)

    await ship_rows([row], [make_attempt(row)])

    [found] = await read("SELECT first_token_ms, step FROM router_routed_request")
    assert found == (None, None)


async def test_a_decision_keeps_its_content() -> None:
    row = make_row(uuid7())
    content = {"reason": 'the "best"', "candidates": [{"score": 0.5}, None]}
    raw = msgspec.Raw(msgspec.json.encode(content))
    decision = DecisionRow(row.org_id, uuid7().hex, row.created_at, raw)

    await ship_rows([row], [], [decision])

    [kept] = await read("SELECT content::text FROM router_routing_decision")
    assert msgspec.json.decode(kept[0]) == content


async def test_rows_mark_their_hours_once_each() -> None:
    org = uuid7()
    moments = [0, 1, 3_599_999_999, 3_600_000_000]
    rows = [make_row(org, created_at=JANUARY_2001 + moment) for moment in moments]

    await ship_rows(rows)

    marks = await read(
        "SELECT org_id, starts_at::text FROM router_usage_dirty ORDER BY starts_at"
    )
    assert [mark[0] for mark in marks] == [org, org]
    assert len(set(marks)) == 2


async def test_a_month_that_nobody_foresaw_gets_its_partition() -> None:
    row = make_row(uuid7(), created_at=JANUARY_2001)

    await ship_rows([row], [make_attempt(row)])

    [found] = await read("SELECT tableoid::regclass::text FROM router_routed_request")
    assert found == ("router_routed_request_2001_01",)


async def test_a_refused_batch_leaves_nothing() -> None:
    good, bad = make_row(uuid7()), make_row(uuid7(), status="unheard of")

    with pytest.raises(psycopg.errors.CheckViolation):
        await ship_rows([good, bad], [make_attempt(good)])

    assert await read("SELECT count(*) FROM router_routed_request") == [(0,)]
    assert await read("SELECT count(*) FROM router_usage_dirty") == [(0,)]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT id FROM router_routed_request",
        "UPDATE router_routed_request SET attempts = 0",
        "DELETE FROM router_attempt",
        "TRUNCATE router_routing_decision",
        "SELECT starts_at FROM router_usage_dirty",
        "SELECT id FROM accounts_apikey",
        "SELECT id FROM router_usagehour",
    ],
)
async def test_the_ledger_s_login_can_only_insert(statement: str) -> None:
    async with await connect() as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute(statement)
