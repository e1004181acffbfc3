"""R13 and R14: providers that fail in every way, and callers who leave."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any, Final

import aiohttp

from bench.faults.scene import (
    ATTEMPT_S,
    CHAIN,
    DEADLINE_S,
    SLUGS,
    Finding,
    Scene,
    until,
)

FIRST: Final = CHAIN[0]
# What the machine may be late by while everything runs on its two cores.
SLACK_S: Final = 2.0
MOST_ADDED_MIB: Final = 50.0
LEAVERS: Final = 500
AT_ONCE: Final = 50

# What fails before a first token: the backup must answer, whole and streamed.
EARLY: Final[dict[str, dict[str, Any]]] = {
    "500": {"status": 500},
    "429 without Retry-After": {"status": 429},
    "429 with Retry-After": {"status": 429, "retry_after": "30"},
    "401": {"status": 401},
    "529": {"status": 529},
    "no answer": {"fault": "silent"},
    "reset": {"fault": "reset"},
    "reset half way": {"fault": "reset_body"},
    "half a body": {"fault": "half_body"},
    "garbage": {"fault": "garbage"},
    "a web page": {"fault": "html"},
    "no HTTP": {"fault": "not_http"},
    "1 byte a second": {"fault": "slow"},
    "100 MB announced": {"fault": "huge"},
    "100 MB": {"fault": "huge_chunked"},
}
LIE: Final = {"prompt_tokens": 10**12, "completion_tokens": 10**12}


async def provider_cases(scene: Scene) -> AsyncIterator[Finding]:
    """R13."""
    # The process just added hears of its catalog by a notification.
    await until(lambda: _is_served_by(scene, FIRST), within_s=15)
    watch = _Memory(scene)
    for name, failure in EARLY.items():
        for stream in (False, True):
            yield await _backup_answers(scene, name, failure, stream=stream)
    for fault in ("dies", "ends_early", "error_event"):
        yield await _breaks_off(scene, fault)
    yield await _never_ends(scene)
    yield await _lies(scene)
    yield await _all_fail(scene)
    added = await watch.added_mib()
    yield Finding(
        "R13",
        f"at no moment more than {MOST_ADDED_MIB:.0f} MiB of memory more than before",
        f"{added:+.1f} MiB",
        added <= MOST_ADDED_MIB,
    )
    scene.fake.forget()
    yield await scene.ledger_finding("R13")


async def _is_served_by(scene: Scene, model: str) -> bool:
    reply = await scene.call()
    return _answer_of(reply.body, stream=False).get("model_used") == SLUGS[model]


class _Memory:
    """Looks at the web process's memory ten times a second."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._before = self._most = scene.web_memory_mib()
        self._task = asyncio.create_task(self._look())

    async def _look(self) -> None:
        while True:
            self._most = max(self._most, self._scene.web_memory_mib())
            await asyncio.sleep(0.1)

    async def added_mib(self) -> float:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        return self._most - self._before


async def _fresh(scene: Scene) -> None:
    """Have every circuit closed and no key resting: a new process."""
    scene.kill_web()
    await scene.start_web()
    scene.fake.forget()


async def _backup_answers(
    scene: Scene, name: str, failure: dict[str, Any], *, stream: bool
) -> Finding:
    scene.fake.forget()
    scene.fake.script(FIRST, **failure)
    reply = await scene.call(stream=stream)
    answer = _answer_of(reply.body, stream=stream) if reply.status == 200 else {}
    most = ATTEMPT_S + SLACK_S
    # Otherwise the case would prove nothing.
    was_asked = scene.fake.requests[0].model == FIRST
    if failure.get("status") in {401, 429}:
        # The key rests for a while, and with it what is to fail next.
        await _fresh(scene)
    await _close_circuit(scene)
    return Finding(
        "R13",
        f"{name}{', streamed' if stream else ''}: another offer answers in {most:g} s",
        f"{reply.status} by {answer.get('model_used')} in {reply.seconds:.2f} s",
        was_asked and reply.status == 200 and reply.is_whole and reply.seconds <= most,
    )


async def _close_circuit(scene: Scene) -> None:
    """An answer closes it, so that the next case is asked first again."""
    scene.fake.forget()
    await scene.call(models=[SLUGS[FIRST]])


def _answer_of(body: bytes, *, stream: bool) -> dict[str, Any]:
    text = body.decode(errors="replace")
    if stream:
        text = text.rpartition("event: done\ndata: ")[2].partition("\n")[0]
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError:
        return {}
    return found


async def _breaks_off(scene: Scene, fault: str) -> Finding:
    scene.fake.forget()
    scene.fake.script(FIRST, text="word " * 20, chunks=20, fault=fault, fault_after=5)
    reply = await scene.call(stream=True)
    text = reply.body.decode()
    has_error = "event: error" in text and "event: done" not in text
    await _close_circuit(scene)
    return Finding(
        "R13",
        f"a stream that {fault.replace('_', ' ')} mid-way: one error event, no end",
        f"{reply.status}, {'error event' if has_error else text[-60:]}",
        reply.status == 200 and has_error,
    )


async def _never_ends(scene: Scene) -> Finding:
    scene.fake.forget()
    scene.fake.script(
        FIRST, text="word " * 4, chunks=4, gap_s=0.01, fault="endless", fault_after=3
    )
    reply = await scene.call(stream=True)
    await _close_circuit(scene)
    return Finding(
        "R13",
        f"a stream without end: cut at the deadline of {DEADLINE_S} s",
        f"{reply.seconds:.1f} s, {len(reply.body) / 1e6:.1f} MB",
        reply.seconds <= DEADLINE_S + SLACK_S and b"event: error" in reply.body,
    )


async def _lies(scene: Scene) -> Finding:
    scene.fake.forget()
    scene.fake.script(FIRST, usage=LIE)
    reply = await scene.call()
    answer = _answer_of(reply.body, stream=False)
    cost = answer.get("cost")
    is_marked = answer.get("tokens", {}).get("estimated")
    scene.fake.forget()
    return Finding(
        "R13",
        "a usage no model could have: estimated instead, and marked so",
        f"cost ${cost}, estimated {is_marked}",
        bool(is_marked) and cost is not None and cost < 0.01,
    )


async def _all_fail(scene: Scene) -> Finding:
    scene.fake.forget()
    scene.script_all(fault="silent")
    reply = await scene.call()
    error = _answer_of(reply.body, stream=False).get("error", {})
    await _fresh(scene)
    return Finding(
        "R13",
        f"nobody answers: a clean error within {DEADLINE_S} s",
        f"{reply.status} {error.get('code')} in {reply.seconds:.1f} s",
        reply.status == 504 and reply.seconds <= DEADLINE_S + SLACK_S,
    )


async def leaving_cases(scene: Scene) -> AsyncIterator[Finding]:
    """R14: before the first token, in the middle of a stream, with a hedge out."""
    scene.fake.forget()
    scene.fake.script(CHAIN[0], fault="silent")
    scene.fake.script(CHAIN[1], text="word " * 4000, chunks=4000, gap_s=0.02)
    rows = "SELECT count(*) FROM router_routed_request WHERE status = 'cancelled'"
    [before] = await scene.sql(rows)
    slowest = 0.0
    for _ in range(LEAVERS // AT_ONCE):
        slowest = max(slowest, await _leave(scene))
    await until(lambda: _closed(scene), within_s=5)

    async def all_written() -> bool:
        return bool((await scene.sql(rows))[0] - before >= LEAVERS)

    await until(all_written, within_s=20)
    [after] = await scene.sql(rows)
    yield Finding(
        "R14",
        f"{LEAVERS} callers leave: upstream is closed within 1 s each time",
        f"slowest {slowest:.2f} s",
        slowest <= 1,
    )
    yield Finding(
        "R14",
        "each has its row, cancelled",
        f"{after - before} rows",
        after - before == LEAVERS,
    )
    [free] = await scene.sql(
        "SELECT count(*) FROM router_routed_request WHERE status = 'cancelled'"
        " AND (cost_usd IS NULL OR cost_usd = 0 OR NOT is_estimated)"
    )
    yield Finding("R14", "each is charged, by an estimate", f"{free} are not", not free)
    open_now = scene.fake.open_connections
    yield Finding(
        "R14", "no connection is left", f"{open_now} open", open_now <= AT_ONCE / 10
    )
    scene.fake.forget()


async def _closed(scene: Scene) -> bool:
    return scene.fake.open_connections <= 1


async def _leave(scene: Scene) -> float:
    """Some begin, all leave at once; seconds until upstream noticed the last."""
    aborted = _aborted(scene)
    seen = len(scene.fake.requests)
    models = [SLUGS[CHAIN[n % 2]] for n in range(AT_ONCE)]
    calls = [asyncio.create_task(_until_cancelled(scene, model)) for model in models]

    async def all_there() -> bool:
        return len(scene.fake.requests) >= seen + AT_ONCE

    await until(all_there, within_s=10)
    for call in calls:
        call.cancel()
    began = time.monotonic()

    async def all_gone() -> bool:
        return _aborted(scene) >= aborted + AT_ONCE

    await until(all_gone, within_s=10)
    await asyncio.gather(*calls, return_exceptions=True)
    return time.monotonic() - began


def _aborted(scene: Scene) -> int:
    return sum(scene.fake.aborted(model) for model in CHAIN)


async def _until_cancelled(scene: Scene, model: str) -> None:
    body = {"messages": [{"role": "user", "content": "Hi"}], "model": model}
    # A connection of its own: leaving closes it.
    async with aiohttp.ClientSession(headers={"X-API-Key": scene.token}) as http:
        url = f"http://127.0.0.1:{scene.web.port}/v1/chat"
        async with http.post(url, json={**body, "stream": True}) as answer:
            async for _ in answer.content:
                pass
