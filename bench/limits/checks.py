"""Each promise of docs/limits.md, tried and measured."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import quantiles
from typing import Any, Final

import psycopg

from bench.database import Store
from bench.limits.clients import Calls, Manager, at_once, body, hammer, threads
from bench.servers import ROOT
from bench.stage import Target

DEAREST: Final = "bench-large"  # $3.20 and $12.80 a million tokens
BUDGET_USD: Final = 1.0
PARALLEL: Final = 500
WRONG_KEYS: Final = 1_000_000
WRONG_CALLS: Final = 2_000
THREADS: Final = 16
A_MINUTE: Final = 1_200
RATE_S: Final = 20.0
LOAD_S: Final = 8.0
# An idle connection of Postgres hands in what it counted within ten seconds, and the
# use of good keys is written down five seconds late.
STATISTICS_S: Final = 16.0
MOST_ADDED_MS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One promise, what was found, and whether it holds."""

    promise: str
    found: str
    holds: bool


@dataclass(slots=True)
class Scene:
    """Four processes of the product over one database and one Valkey."""

    targets: Sequence[Target]
    manager: Manager
    store: Store
    # After a kill: an empty one at the same place.
    restart_valkey: Callable[[], None]

    def sql(self, statement: str) -> Any:
        url = self.store.environment["DATABASE_OWNER_URL"]
        with psycopg.connect(url, autocommit=True) as connection:
            row = connection.execute(statement.encode()).fetchone()
        return row[0] if row else None


def all_checks(scene: Scene) -> Iterator[Finding]:
    for check in (_budget, _rate, _revocation, _wrong_keys, _wrong_calls, _faults):
        yield from check(scene)


def _budget(scene: Scene) -> Iterator[Finding]:
    """500 at once, of which about 250 fit, over four processes."""
    key = scene.manager.new_key(scopes=["chat"])
    fields = {"key_id": key["id"], "period": "day", "limit_usd": BUDGET_USD}
    budget = scene.manager.ask("POST", "budgets", fields)
    asked = body("mock-d50-n300", model=DEAREST, max_tokens=300)
    for target in scene.targets:
        _until(lambda target=target: _is_denied(target, key["key"]))  # type: ignore[misc]  # bound at once
    # Whatever is denied at first finds the money that others did not need.
    statuses: list[int] = []
    for _ in range(4):
        calls = asyncio.run(at_once(scene.targets, key["key"], asked, PARALLEL))
        statuses += calls.statuses
    _until(lambda: scene.sql("SELECT count(*) FROM router_budgethold") == 0)
    state = scene.manager.ask("GET", f"budgets/{budget['id']}")
    spent, held = state["spent_usd"], state["held_usd"]
    text = f"${spent:.6f} spent by {statuses.count(200)} answers"
    refused = f"{statuses.count(402)} refused"
    others = len(statuses) - statuses.count(200) - statuses.count(402)
    yield Finding(
        f"{PARALLEL} at once, 4 times, on ${BUDGET_USD:.2f}: no more is spent",
        f"{text}, {refused}, {others} others",
        spent <= BUDGET_USD and others == 0,
    )
    yield Finding("afterwards nothing is held", f"${held}", held == 0)
    ledger = scene.sql(
        f"SELECT sum(cost_usd) FROM router_routed_request WHERE key_id = '{key['id']}'"  # noqa: S608  # an id of our own making
    )
    yield Finding(
        "the budget agrees with the ledger", f"${ledger}", float(ledger) == spent
    )
    scene.manager.ask("DELETE", f"budgets/{budget['id']}")


def _is_denied(target: Target, token: str) -> bool:
    """Whether this process knows of the budget: a request for $12 does not fit."""
    asked = body("mock", model=DEAREST, max_tokens=1_000_000)
    return asyncio.run(at_once([target], token, asked, 1)).statuses == [402]


def _rate(scene: Scene) -> Iterator[Finding]:
    key = scene.manager.new_key(scopes=["chat"], requests_per_minute=A_MINUTE)
    turns = (scene.targets[n % len(scene.targets)] for n in range(THREADS))
    calls, took = threads(turns, key["key"], body("mock-n1"), RATE_S)
    allowed, most = calls.count(200), A_MINUTE / 60 * took + A_MINUTE
    share = allowed / most
    asked = f"{allowed} of {len(calls.statuses)} passed in {took:.1f} s"
    yield Finding(
        f"{THREADS} threads on {A_MINUTE} a minute: never above, 99 % of it at least",
        f"{asked}, {most:.0f} may: {share:.2%}",
        0.99 <= share <= 1 and set(calls.statuses) <= {200, 429},
    )


def _revocation(scene: Scene) -> Iterator[Finding]:
    key = scene.manager.new_key(scopes=["chat"], requests_per_minute=1_000_000)
    calls, revoked = asyncio.run(_hammered(scene, key))
    late = [
        at - revoked
        for at, status in zip(calls.began_at, calls.statuses, strict=True)
        if status == 200 and at > revoked
    ]
    last = max(late, default=0.0)
    yield Finding(
        "a revoked key's last success is at most 1 s later, 4 processes hammering",
        f"{last * 1000:.0f} ms, {len(calls.statuses)} calls",
        last <= 1 and set(calls.statuses) <= {200, 401},
    )


async def _hammered(scene: Scene, key: dict[str, Any]) -> tuple[Calls, float]:
    over = asyncio.Event()
    work = asyncio.create_task(
        hammer(scene.targets, key["key"], body("mock-n1"), clients=4, until=over)
    )
    await asyncio.sleep(3)
    await asyncio.to_thread(scene.manager.ask, "DELETE", f"keys/{key['id']}")
    revoked = time.monotonic()
    await asyncio.sleep(3)
    over.set()
    return await work, revoked


def _wrong_keys(scene: Scene) -> Iterator[Finding]:
    """Looked up by the product's own code, where any query would fail."""
    done = subprocess.run(
        [*_DJANGO_SIDE, "wrong-keys", str(WRONG_KEYS)],
        cwd=ROOT,
        env=scene.store.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = float(done.stdout or 0)
    yield Finding(
        f"{WRONG_KEYS:,} wrong keys: no query",
        f"{seconds:.1f} s" if seconds else done.stderr[-200:],
        seconds > 0,
    )


_DJANGO_SIDE: Final = (sys.executable, "-m", "bench.limits.django_side")


def _wrong_calls(scene: Scene) -> Iterator[Finding]:
    """The same over HTTP; Postgres itself counts how often keys were looked for."""
    token = scene.manager.token[:-6] + "000000"
    count = (
        "SELECT coalesce(idx_scan, 0) + seq_scan FROM pg_stat_user_tables"
        " WHERE relname = 'accounts_apikey'"
    )
    time.sleep(STATISTICS_S)
    before = scene.sql(count)
    calls = asyncio.run(at_once(scene.targets, token, body("mock"), WRONG_CALLS))
    time.sleep(STATISTICS_S)
    looked = scene.sql(count) - before
    yield Finding(
        f"{WRONG_CALLS:,} calls with one: all refused, none looked for",
        f"{calls.count(401)} × 401, {looked} look-ups",
        calls.count(401) == WRONG_CALLS and looked == 0,
    )


def _faults(scene: Scene) -> Iterator[Finding]:
    """A load before, with and after each fault of Valkey."""
    pid = scene.store.valkey_pid
    if pid is None:
        words = "not tried: REDIS_URL is yours"
        yield Finding("Valkey frozen and gone", words, holds=True)
        return
    key = scene.manager.new_key(scopes=["chat"], requests_per_minute=1_000_000)
    usual = [_loaded(scene, key["key"])]
    os.kill(pid, signal.SIGSTOP)
    frozen = _loaded(scene, key["key"])
    os.kill(pid, signal.SIGCONT)
    time.sleep(3)
    usual.append(_loaded(scene, key["key"]))
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    gone = _loaded(scene, key["key"])
    scene.restart_valkey()
    emptied = _loaded(scene, key["key"])
    # Twice, because other work on the machine comes and goes.
    base = max(map(_p99, usual))
    for calls in usual:
        yield Finding("with Valkey well", _line(calls, base), _is_well(calls))
    faults = {"frozen": frozen, "killed": gone, "back empty": emptied}
    for name, calls in faults.items():
        added = _p99(calls) - base
        yield Finding(
            f"Valkey {name}: no error, p99 {MOST_ADDED_MS:.0f} ms later at most",
            _line(calls, base),
            _is_well(calls) and added <= MOST_ADDED_MS,
        )


def _loaded(scene: Scene, token: str) -> Calls:
    async def load() -> Calls:
        over = asyncio.Event()
        asyncio.get_running_loop().call_later(LOAD_S, over.set)
        return await hammer(
            scene.targets, token, body("mock-d50-n1"), clients=4, until=over
        )

    return asyncio.run(load())


def _is_well(calls: Calls) -> bool:
    return set(calls.statuses) == {200}


def _p99(calls: Calls) -> float:
    return quantiles(calls.times_ms, n=100)[98]


def _line(calls: Calls, base: float) -> str:
    added = _p99(calls) - base
    bad = len(calls.statuses) - calls.count(200)
    return (
        f"{len(calls.statuses)} calls, {bad} errors, p99 {_p99(calls):.0f} ms"
        f" ({added:+.0f}), slowest {max(calls.times_ms):.0f} ms"
    )


def _until(condition: Callable[[], bool], *, within_s: float = 60.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the product did not come to rest")
        time.sleep(0.2)
