"""Callers of the running product, and the control plane they are set up with."""

import asyncio
import http.client
import json
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from bench.prompts import HOST
from bench.stage import Target

COMPLETIONS: Final = "/v1/chat/completions"


def body(script: str, *, model: str = "auto", max_tokens: int = 64) -> dict[str, Any]:
    return {
        "model": model,
        "messages": [{"role": "user", "content": "How much is left?"}],
        "user": script,
        "max_tokens": max_tokens,
    }


@dataclass(slots=True)
class Manager:
    """The control plane, through one of the processes."""

    target: Target
    token: str

    def ask(self, method: str, path: str, fields: Any = None) -> Any:
        connection = http.client.HTTPConnection(HOST, self.target.port, timeout=30)
        headers = {"X-API-Key": self.token, "Content-Type": "application/json"}
        content = None if fields is None else json.dumps(fields)
        connection.request(method, f"/api/v1/{path}", content, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {text.decode()}")
        return json.loads(text) if text else None

    def new_key(self, **fields: Any) -> dict[str, Any]:
        key: dict[str, Any] = self.ask("POST", "keys", {"name": "Load", **fields})
        return key


@dataclass(slots=True)
class Calls:
    """What came of many calls: status and milliseconds, by when they began."""

    statuses: list[int] = field(default_factory=list)
    times_ms: list[float] = field(default_factory=list)
    began_at: list[float] = field(default_factory=list)

    def add(self, status: int, began: float) -> None:
        self.statuses.append(status)
        self.began_at.append(began)
        self.times_ms.append((time.monotonic() - began) * 1000)

    def count(self, status: int) -> int:
        return self.statuses.count(status)


async def at_once(
    targets: Sequence[Target], token: str, fields: dict[str, Any], number: int
) -> Calls:
    """So many requests in parallel, spread over the processes."""
    calls = Calls()
    async with session(token) as http:
        turns = (targets[n % len(targets)] for n in range(number))
        await asyncio.gather(*(_call(http, target, fields, calls) for target in turns))
    return calls


async def hammer(
    targets: Sequence[Target],
    token: str,
    fields: dict[str, Any],
    *,
    clients: int,
    until: asyncio.Event,
) -> Calls:
    """So many clients a process, each asking again and again."""
    calls = Calls()

    async def ask(http: aiohttp.ClientSession, target: Target) -> None:
        while not until.is_set():
            await _call(http, target, fields, calls)

    async with session(token) as http:
        each = [target for target in targets for _ in range(clients)]
        await asyncio.gather(*(ask(http, target) for target in each))
    return calls


async def _call(
    http: aiohttp.ClientSession, target: Target, fields: dict[str, Any], calls: Calls
) -> None:
    began = time.monotonic()
    url = f"http://{HOST}:{target.port}{COMPLETIONS}"
    try:
        async with http.post(url, json=fields) as answer:
            await answer.read()
            calls.add(answer.status, began)
    except aiohttp.ClientError:
        calls.add(0, began)


def session(token: str) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        headers={"Authorization": f"Bearer {token}"},
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=120),
    )


def threads(
    targets: Iterable[Target], token: str, fields: dict[str, Any], seconds: float
) -> tuple[Calls, float]:
    """One thread a target, asking without a pause; what came of it, and the time."""
    calls, lock = Calls(), threading.Lock()
    began = time.monotonic()
    content = json.dumps(fields)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(target: Target) -> None:
        connection = http.client.HTTPConnection(HOST, target.port, timeout=60)
        mine = Calls()
        while time.monotonic() - began < seconds:
            at = time.monotonic()
            connection.request("POST", COMPLETIONS, content, headers)
            answer = connection.getresponse()
            answer.read()
            mine.add(answer.status, at)
        connection.close()
        with lock:
            calls.statuses += mine.statuses

    running = [threading.Thread(target=ask, args=(target,)) for target in targets]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return calls, time.monotonic() - began
