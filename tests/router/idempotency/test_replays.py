"""The same key and body: one call upstream, one row, the same answer again."""

import asyncio
from collections.abc import Callable

import pytest

from apps.providers.fake import FakeProvider
from apps.router import idempotency
from apps.router.runtime import Runtime
from tests.router.conftest import Caller, eventually, ledger
from tests.router.idempotency.conftest import HELLO, change, rows

pytestmark = pytest.mark.django_db(transaction=True)

STREAM = {**HELLO, "stream": True}


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
async def test_a_hundred_at_once_are_one_call_and_one_row(
    router: Runtime, once: Caller, fake: FakeProvider, *, is_stream: bool
) -> None:
    fake.script("primary", text="Hello there", delay_s=0.2)
    body = {**HELLO, "stream": is_stream}

    answers = await asyncio.gather(
        *(once.post("/v1/chat/completions", body) for _ in range(100))
    )

    assert {a.status for a in answers} == {200}
    assert len({a.body for a in answers}) == 1
    assert len({a.headers["x-request-id"] for a in answers}) == 1
    assert sum("idempotent-replayed" in a.headers for a in answers) == 99
    assert len(fake.requests) == 1
    await ledger()
    assert len(await ledger()) == 1


@pytest.mark.parametrize("body", [HELLO, STREAM], ids=["whole", "stream"])
async def test_a_retry_gets_the_first_answer_again(
    router: Runtime, once: Caller, fake: FakeProvider, body: dict[str, object]
) -> None:
    first = await once.post("/v1/chat", body)

    again = await once.post("/v1/chat", body)

    assert (again.status, again.body) == (200, first.body)
    assert again.headers.pop("idempotent-replayed") == "true"
    assert again.headers == first.headers
    assert len(fake.requests) == 1
    assert len(await ledger()) == 1


async def test_the_order_of_a_bodys_fields_makes_no_difference(
    router: Runtime, once: Caller, fake: FakeProvider
) -> None:
    await once.post("/v1/chat", {"max_tokens": 9, **HELLO})

    again = await once.post("/v1/chat", {**HELLO, "max_tokens": 9})

    assert again.headers["idempotent-replayed"] == "true"


async def test_an_address_that_only_django_serves_is_behind_the_wall_too(
    router: Runtime, once: Caller
) -> None:
    first = await once.post("/v1/router/debug", HELLO)

    again = await once.post("/v1/router/debug", HELLO)

    assert first.status == 200
    assert (again.body, again.headers["idempotent-replayed"]) == (first.body, "true")


@pytest.mark.parametrize(
    ("path", "body"),
    [("/v1/chat", {**HELLO, "max_tokens": 5}), ("/v1/router/debug", HELLO)],
    ids=["body", "address"],
)
async def test_the_same_key_for_something_else_is_refused(
    router: Runtime, once: Caller, path: str, body: dict[str, object]
) -> None:
    await once.post("/v1/chat", HELLO)

    refused = await once.post(path, body)

    assert refused.status == 422
    error = refused.json()["error"]
    assert (error["code"], error["type"]) == ("validation_error", "idempotency")
    assert len(await ledger()) == 1


async def test_other_keys_and_no_key_are_other_requests(
    router: Runtime, named: Callable[[str], Caller], fake: FakeProvider
) -> None:
    for name in ("one", "two"):
        await named(name).post("/v1/chat", HELLO)

    plain = named("one")
    plain.headers.clear()
    await plain.post("/v1/chat", HELLO)

    assert len(fake.requests) == 3


async def test_a_key_that_is_no_key_is_refused(
    router: Runtime, named: Callable[[str], Caller], fake: FakeProvider
) -> None:
    for name in ("", "a b", "ä", "x" * 256):
        refused = await named(name).post("/v1/chat", HELLO)
        assert refused.status == 400
        assert refused.json()["error"]["param"] == "Idempotency-Key"

    assert fake.requests == []


async def test_what_is_kept_is_sealed_and_expires(
    router: Runtime, once: Caller, fake: FakeProvider
) -> None:
    fake.script("primary", text="Very secret words")
    await once.post("/v1/chat", HELLO)

    [(sealed, left)] = await rows("sealed, expires_at - now()")

    assert b"secret" not in bytes(sealed)
    assert 86_000 < left.total_seconds() <= 86_400
    await change("expires_at = now() - interval '1 second'")
    await once.post("/v1/chat", HELLO)
    assert len(fake.requests) == 2


async def test_an_answer_too_large_to_keep_is_neither_repeated_nor_billed_twice(
    router: Runtime,
    once: Caller,
    fake: FakeProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(idempotency, "MOST_KEPT_BYTES", 10)
    first = await once.post("/v1/chat", HELLO)

    again = await once.post("/v1/chat", HELLO)

    assert first.status == 200
    assert again.status == 409
    assert first.headers["x-request-id"] in again.json()["error"]["message"]
    assert len(fake.requests) == 1


async def test_a_replay_counts_as_a_request(
    router: Runtime, once: Caller, org: object
) -> None:
    await once.post("/v1/chat", HELLO)
    seen: list[object] = []

    async def count(caller: object) -> list[tuple[str, str]]:
        seen.append(caller)
        return []

    object.__setattr__(router, "gate", _Counting(router.gate, count))

    await once.post("/v1/chat", HELLO)

    assert len(seen) == 1


class _Counting:
    """The gate, with an ear on calls that reach no model."""

    def __init__(self, gate: object, count: Callable[..., object]) -> None:
        self._gate, self._count = gate, count

    def __getattr__(self, name: str) -> object:
        return getattr(self._gate, name)

    def admit_call(self, caller: object, limits: object) -> object:
        return self._count(caller)


async def test_nothing_is_opened_without_the_header(
    router: Runtime, live: Caller
) -> None:
    await live.chat("Hi")

    assert not router.database.is_open
    assert await rows() == []


async def test_who_leaves_first_leaves_the_answer_to_the_next(
    router: Runtime, once: Caller, fake: FakeProvider
) -> None:
    fake.script("primary", text="Hello there", delay_s=0.3)
    gone = once.start("POST", "/v1/chat", HELLO)
    await eventually(lambda: len(fake.requests) == 1)

    gone.hang_up()
    again = await once.post("/v1/chat", HELLO)

    assert (again.status, again.json()["output"]) == (200, "Hello there")
    assert len(fake.requests) == 1
    assert fake.aborted("primary") == 0
    [row] = await ledger()
    assert row["status"] == "ok"


async def test_who_leaves_a_stream_half_way_leaves_the_whole_of_it_to_the_next(
    router: Runtime, once: Caller, fake: FakeProvider
) -> None:
    fake.script("primary", text="word " * 20, chunks=20, gap_s=0.02)
    gone = once.start("POST", "/v1/chat", STREAM)
    async for message in gone.messages():
        if message.get("body"):
            break

    gone.hang_up()
    again = await once.post("/v1/chat", STREAM)

    events = again.events()
    assert events[-1][0] == "done"
    assert events[-1][1]["output"] == "word " * 20
    assert len(fake.requests) == 1
    [row] = await ledger()
    assert (row["status"], row["is_estimated"]) == ("ok", False)
