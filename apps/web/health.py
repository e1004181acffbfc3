"""Liveness and readiness, answered without Django: they must work when it cannot."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import psycopg
import redis.asyncio
from django.conf import settings

from apps.jobs.presence import PARTS, UNSEEN_AFTER
from apps.router.draining import DRAIN
from apps.router.replies import encode_json
from apps.router.runtime import current
from apps.tenancy.dsn import dsn_of

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

CHECK_TIMEOUT_S: Final = 1.0
# Subjects alone: an error's words are for staff.
JOB_TROUBLES: Final = """
    SELECT part FROM unnest(%(parts)s::text[]) AS part
    WHERE NOT EXISTS (
        SELECT FROM job_presences p
        WHERE p.name = part AND p.seen_at > clock_timestamp() - %(age)s
    )
    UNION SELECT subject FROM job_incidents WHERE closed_at IS NULL
    ORDER BY 1
"""


async def answer_health(send: Send) -> None:
    """`GET /health`: this process serves, whatever it depends on."""
    await _send(send, 200, {"status": "ok"})


async def answer_ready(send: Send) -> None:
    """`GET /ready`: each dependency by name; 503 `degraded` when one is down, and
    `draining` from the moment this process is asked to stop.
    """
    if DRAIN.is_on:
        await _send(send, 503, {"status": "draining"})
        return
    names = list(CHECKS)
    *results, jobs = await asyncio.gather(*(_check(name) for name in names), _jobs())
    checks = dict(zip(names, results, strict=True))
    is_ready = all(result == "ok" for result in results)
    status = "ok" if is_ready else "degraded"
    body = {
        "status": status,
        "checks": checks,
        "ledger": _ledger(),
        "jobs": jobs,
    }
    await _send(send, 200 if is_ready else 503, body)


async def _check(name: str) -> str:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            return await CHECKS[name]()
    except TimeoutError:
        return f"no answer within {CHECK_TIMEOUT_S:g} s"
    except Exception as problem:  # noqa: BLE001  # whatever is wrong, it is not ready
        return type(problem).__name__


async def _postgres() -> str:
    connection = await psycopg.AsyncConnection.connect(dsn_of("default"))
    async with connection:
        await connection.execute("SELECT 1")
    return "ok"


async def _redis() -> str:
    async with redis.asyncio.from_url(settings.REDIS_URL) as client:
        await client.ping()
    return "ok"


async def _catalog() -> str:
    return "ok" if current().planner.snapshot.names else "no models loaded"


async def _jobs() -> dict[str, Any]:
    """What is wrong with jobs. Requests are served all the same, so it is no check."""
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            found = await _job_troubles()
    except (TimeoutError, psycopg.Error):
        return {"status": "unknown"}
    return {"status": "degraded" if found else "ok", "troubles": found}


async def _job_troubles() -> list[str]:
    connection = await psycopg.AsyncConnection.connect(dsn_of("default"))
    async with connection:
        rows = await connection.execute(
            JOB_TROUBLES, {"age": UNSEEN_AFTER, "parts": list(PARTS)}
        )
        return [subject for (subject,) in await rows.fetchall()]


def _ledger() -> dict[str, int]:
    return {"waiting_rows": len(current().recorder.queue)}


CHECKS: Final[dict[str, Callable[[], Awaitable[str]]]] = {
    "postgres": _postgres,
    "redis": _redis,
    "catalog": _catalog,
}


async def _send(send: Send, status: int, body: dict[str, Any]) -> None:
    payload = encode_json(body)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(payload)),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": payload})
