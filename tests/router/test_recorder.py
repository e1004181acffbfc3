"""Rows reach Postgres once, whatever happens to the process or to Postgres."""

import asyncio
from pathlib import Path
from typing import Any

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from apps.kit.ids import uuid7
from apps.router import recorder as recorder_module
from apps.router.account import Account
from apps.router.engine.chain import decide
from apps.router.journal import OPENED, SETTLED, Journal, read
from apps.router.plan import Plan
from apps.router.recorder import Recorder
from apps.router.ship import ship
from apps.tenancy.dsn import dsn_of
from tests.router.accounts import make_account
from tests.router.conftest import eventually
from tests.router.engine.offers import need, offer
from tests.router.entries import make_entry

pytestmark = pytest.mark.django_db(transaction=True)


def make_recorder(folder: Path, *, dsn: str = "", **facts: Any) -> Recorder:
    options = {"fsync_ms": 0, "is_database_durable": False} | facts
    return Recorder(folder=folder, ledger_dsn=dsn or dsn_of("ledger"), **options)


def make_plan(content: bytes = b'{"reason": "because"}') -> Plan:
    decision = decide([offer("a/one", usd=("1", "1"))], need())
    return Plan(decision, uuid7(), content, "")


@sync_to_async
def ledger(column: str = "status", table: str = "routed_request") -> list[Any]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM router_{table} ORDER BY created_at, id")
        return [row[0] for row in cursor.fetchall()]


async def until_ledger_has(rows: int, *, within_s: float = 8.0) -> None:
    async with asyncio.timeout(within_s):
        while len(await ledger()) < rows:
            await asyncio.sleep(0.05)


def settle(recorder: Recorder, *, plan: Plan, status: Any = "ok") -> Account:
    account = make_account(record=lambda a: recorder.record(a, plan=plan))
    account.settle(status)
    return account


async def test_rows_reach_postgres_and_their_segment_goes(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path)
    await recorder.start()
    plan = make_plan()

    for _ in range(20):
        settle(recorder, plan=plan)
    await until_ledger_has(20)
    await recorder.stop()

    assert len(await ledger()) == 20
    assert list(tmp_path.glob("*.journal")) == []


async def test_settling_twice_writes_once(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path)
    await recorder.start()

    account = settle(recorder, plan=make_plan())
    account.settle("failed")
    await until_ledger_has(1)
    await recorder.stop()

    assert await ledger() == ["ok"]


async def test_a_decision_is_kept_once_an_organization_and_month(
    tmp_path: Path,
) -> None:
    recorder = make_recorder(tmp_path)
    await recorder.start()
    plan, org_id = make_plan(), uuid7()

    for _ in range(3):
        account = make_account(record=lambda a: recorder.record(a, plan=plan))
        account.org_id = org_id
        account.settle("ok")
    await until_ledger_has(3)
    await recorder.stop()

    [content] = await ledger("content::text", "routing_decision")
    assert content == '{"reason": "because"}'


async def test_rows_wait_while_postgres_is_away_and_go_when_it_is_back(
    tmp_path: Path,
) -> None:
    recorder = make_recorder(tmp_path, dsn="host=/nowhere dbname=none")
    await recorder.start()
    settle(recorder, plan=make_plan())
    await asyncio.sleep(0.3)
    was_there = recorder.is_database_there

    recorder.ledger_dsn = dsn_of("ledger")
    await until_ledger_has(1)

    assert (was_there, recorder.is_database_there) == (False, True)
    await recorder.stop()


async def test_what_does_not_fit_in_memory_is_read_back_from_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "QUEUE_ROWS", 5)
    recorder = make_recorder(tmp_path, dsn="host=/nowhere dbname=none")
    await recorder.start()
    plan = make_plan()
    for _ in range(30):
        settle(recorder, plan=plan)

    recorder.ledger_dsn = dsn_of("ledger")
    await until_ledger_has(30)
    await recorder.stop()

    assert len(await ledger()) == 30
    assert list(tmp_path.glob("*.journal")) == []


async def test_a_stream_that_ended_in_a_later_segment_is_not_cut_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "QUEUE_ROWS", 1)
    recorder = make_recorder(tmp_path, dsn="host=/nowhere dbname=none")
    await recorder.start()
    plan = make_plan()
    settle(recorder, plan=plan)
    streams = [
        make_account(record=lambda a: recorder.record(a, plan=plan)) for _ in range(2)
    ]
    for stream in streams:
        recorder.open(stream)
    settle(recorder, plan=plan)
    recorder.journal.rotate()
    streams[0].settle("ok")

    recorder.ledger_dsn = dsn_of("ledger")
    await until_ledger_has(3)
    await eventually(lambda: not recorder._spilled)

    assert await ledger() == ["ok"] * 3
    # The line of the one that runs on is still there, should this process die.
    assert streams[1].request_id.hex in unfinished_in(tmp_path)
    streams[1].settle("ok")
    await recorder.stop()
    assert await ledger() == ["ok"] * 4
    assert list(tmp_path.glob("*.journal")) == []


def unfinished_in(folder: Path) -> set[str]:
    lines = [pair for path in folder.glob("*.journal") for pair in read(path)]
    settled = {entry.request.id for kind, entry in lines if kind == SETTLED}
    return {entry.request.id for _, entry in lines} - settled


async def test_postgres_may_go_again_while_the_disk_is_read_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "QUEUE_ROWS", 1)
    recorder = make_recorder(tmp_path, dsn="host=/nowhere dbname=none")
    plan, shipped = make_plan(), 0
    for _ in range(4):
        settle(recorder, plan=plan)
        recorder.journal.rotate()

    async def ship_two(*arguments: Any) -> None:
        nonlocal shipped
        shipped += 1
        if shipped == 3:
            # More than fits comes in meanwhile, and Postgres goes.
            settle(recorder, plan=plan)
            settle(recorder, plan=plan)
            raise psycopg.OperationalError("gone")
        await ship(*arguments)

    monkeypatch.setattr(recorder_module, "ship", ship_two)
    recorder.ledger_dsn = dsn_of("ledger")
    await recorder.start()
    await until_ledger_has(6)
    settle(recorder, plan=plan)
    await until_ledger_has(7)
    await recorder.stop()

    assert len(await ledger()) == 7
    assert list(tmp_path.glob("*.journal")) == []


async def test_a_dead_process_s_rows_are_adopted_once(tmp_path: Path) -> None:
    dead = Journal(tmp_path)
    entries = [make_entry() for _ in range(3)]
    for entry in entries:
        dead.append(SETTLED, entry)
    dead.append(OPENED, make_entry(status="cancelled", is_estimated=True))
    dead.leave()
    recorder = make_recorder(tmp_path)
    await recorder.start()

    await until_ledger_has(4)
    await recorder.stop()

    assert sorted(await ledger()) == ["cancelled", "ok", "ok", "ok"]
    assert list(tmp_path.glob("*.journal")) == []


async def test_a_segment_that_was_shipped_already_changes_nothing(
    tmp_path: Path,
) -> None:
    entry = make_entry()
    for _ in range(2):
        dead = Journal(tmp_path)
        dead.append(SETTLED, entry)
        dead.leave()
    recorder = make_recorder(tmp_path)
    await recorder.start()

    own = recorder.journal.current.path
    await eventually(lambda: list(tmp_path.glob("*.journal")) == [own])
    await recorder.stop()

    assert await ledger() == ["ok"]


async def test_a_refused_row_is_set_aside_and_holds_up_no_other(
    tmp_path: Path,
) -> None:
    dead = Journal(tmp_path)
    good = [make_entry() for _ in range(4)]
    for entry in [*good[:2], make_entry(attempts=100_000), *good[2:]]:
        dead.append(SETTLED, entry)
    dead.leave()
    recorder = make_recorder(tmp_path)
    await recorder.start()

    await until_ledger_has(4)
    await eventually((tmp_path / "rejected.jsonl").exists)
    await recorder.stop()

    assert len((tmp_path / "rejected.jsonl").read_bytes().splitlines()) == 1


async def test_a_disk_that_takes_nothing_does_not_stop_the_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = make_recorder(tmp_path)
    await recorder.start()

    def full(kind: bytes, entry: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(recorder.journal, "append", full)
    settle(recorder, plan=make_plan())
    await until_ledger_has(1)
    await recorder.stop()


async def test_database_durability_answers_after_the_commit(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path, is_database_durable=True)
    await recorder.start()

    settle(recorder, plan=make_plan())
    await recorder.durable()

    assert await ledger() == ["ok"]
    await recorder.stop()


async def test_an_open_stream_is_released_when_it_settles(tmp_path: Path) -> None:
    recorder = make_recorder(tmp_path)
    await recorder.start()
    account = make_account(record=lambda a: recorder.record(a, plan=make_plan()))
    recorder.open(account)
    account.settle("ok")
    await until_ledger_has(1)

    await recorder.stop()

    assert list(tmp_path.glob("*.journal")) == []
