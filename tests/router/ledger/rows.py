"""Ledger rows for tests, shipped as the recorder ships them."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from asgiref.sync import sync_to_async
from django.db import connections

from apps.kit.clock import utc_now
from apps.kit.ids import uuid7
from apps.router.rows import AttemptRow, DecisionRow, RequestRow
from apps.router.ship import ship as copy_in
from apps.tenancy.dsn import dsn_of


def microseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond


def make_row(org_id: UUID, at: datetime | None = None, **facts: Any) -> RequestRow:
    row = {
        "org_id": org_id.hex,
        "id": uuid7().hex,
        "created_at": microseconds(at or utc_now()),
        "key_id": None,
        "decision_id": None,
        "model_id": None,
        "provider": "fake",
        "model": "fake/one",
        "baseline_model": "fake/premium",
        "task": "chat",
        "endpoint": "/v1/chat",
        "status": "ok",
        "error_code": "",
        "finish_reason": "stop",
        "is_test": False,
        "is_stream": False,
        "is_estimated": False,
        "input_tokens": 1000,
        "cached_tokens": 0,
        "written_tokens": 0,
        "output_tokens": 500,
        "reasoning_tokens": 0,
        "cost_nano": 7_500_000,
        "baseline_nano": 30_000_000,
        "latency_ms": 800,
        "first_token_ms": None,
        "attempts": 1,
    }
    return RequestRow(**{**row, **facts})


def make_attempt(request: RequestRow, **facts: Any) -> AttemptRow:
    row = {
        "org_id": request.org_id,
        "id": uuid7().hex,
        "created_at": request.created_at,
        "request_id": request.id,
        "number": 1,
        "offer_id": None,
        "provider": request.provider,
        "model": request.model,
        "outcome": "ok",
        "http_status": 200,
        "message": "",
        "started_ms": 0,
        "duration_ms": 800,
        "cost_nano": request.cost_nano,
        "raw_usage": "{}",
    }
    return AttemptRow(**{**row, **facts})


async def connect(alias: str = "ledger") -> psycopg.AsyncConnection:
    return await psycopg.AsyncConnection.connect(dsn_of(alias), autocommit=True)


async def ship_rows(
    rows: Sequence[RequestRow],
    attempts: Sequence[AttemptRow] = (),
    decisions: Sequence[DecisionRow] = (),
) -> None:
    async with await connect() as connection:
        await copy_in(connection, rows, attempts, decisions)


def ship(rows: Sequence[RequestRow], *more: Any) -> None:
    asyncio.run(ship_rows(rows, *more))


def select(statement: str, *params: Any) -> list[tuple[Any, ...]]:
    """Read as the owner, whom no policy limits."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


read = sync_to_async(select)
