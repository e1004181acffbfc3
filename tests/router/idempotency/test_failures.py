"""What is no answer is not kept, and what cannot be claimed does not run."""

import asyncio

import pytest

from apps.providers.fake import FakeProvider
from apps.router.idempotency_store import Store
from apps.router.pool import Database
from apps.router.runtime import Runtime
from tests.router.conftest import Caller, eventually, ledger
from tests.router.idempotency.conftest import HELLO, change, rows

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_body_that_is_refused_is_not_kept(
    router: Runtime, once: Caller, fake: FakeProvider
) -> None:
    refused = await once.post("/v1/chat", {"messages": []})

    mended = await once.post("/v1/chat", HELLO)

    assert (refused.status, mended.status) == (400, 200)
    assert "idempotent-replayed" not in mended.headers


async def test_a_failure_of_every_provider_leaves_the_retry_free(
    router: Runtime, once: Caller, fake: FakeProvider
) -> None:
    for model in ("primary", "backup", "third"):
        fake.script(model, status=500)
        fake.script(model, text="Better now")
    failed = await once.post("/v1/chat", HELLO)

    again = await once.post("/v1/chat", HELLO)

    assert (failed.status, again.status) == (502, 200)
    assert again.json()["output"] == "Better now"
    assert [row["status"] for row in await ledger(2)] == ["failed", "ok"]


async def test_followers_of_a_failure_share_it_and_ask_nobody(
    router: Runtime, once: Caller, fake: FakeProvider
) -> None:
    for model in ("primary", "backup", "third"):
        fake.script(model, status=500, delay_s=0.1)

    answers = await asyncio.gather(*(once.post("/v1/chat", HELLO) for _ in range(10)))

    assert {answer.status for answer in answers} == {502}
    assert len(await ledger()) == 1


async def test_a_stream_that_breaks_is_no_answer(
    router: Runtime, once: Caller, fake: FakeProvider
) -> None:
    fake.script("primary", text="word " * 9, chunks=9, fault="dies", fault_after=3)
    fake.script("primary", text="Whole")
    body = {**HELLO, "stream": True, "model": "primary"}
    broken = await once.post("/v1/chat", body)

    again = await once.post("/v1/chat", body)

    assert broken.events()[-1][0] == "error"
    assert again.events()[-1][1]["output"] == "Whole"


async def test_a_dead_process_gives_its_claim_up_when_its_lease_is_over(
    router: Runtime, once: Caller, fake: FakeProvider
) -> None:
    await once.post("/v1/chat", HELLO)
    await change("state = 'running', sealed = NULL, holder = gen_random_uuid()")
    router.idempotency.deadline_s = 0.2

    waited = await once.post("/v1/chat", HELLO)
    await change("lease_until = now() - interval '1 second'")
    again = await once.post("/v1/chat", HELLO)

    assert (waited.status, waited.headers["retry-after"]) == (409, "1")
    assert again.status == 200
    assert "idempotent-replayed" not in again.headers
    assert len(fake.requests) == 2


async def test_a_claim_that_is_over_is_not_for_another_body(
    router: Runtime, once: Caller
) -> None:
    await once.post("/v1/chat", HELLO)
    await change("state = 'running', lease_until = now() - interval '1 second'")

    refused = await once.post("/v1/chat", {**HELLO, "max_tokens": 3})

    assert refused.status == 422


async def test_nothing_runs_while_claims_cannot_be_asked_for(
    router: Runtime, once: Caller, fake: FakeProvider
) -> None:
    router.idempotency.store = Store(Database("host=/nowhere dbname=none"))

    refused = await once.post("/v1/chat", HELLO)

    assert (refused.status, refused.headers["retry-after"]) == (503, "1")
    assert fake.requests == []


async def test_an_answer_that_cannot_be_kept_is_given_nevertheless(
    router: Runtime, once: Caller, fake: FakeProvider
) -> None:
    fake.script("primary", text="Hello there", delay_s=0.3)
    call = once.start("POST", "/v1/chat", HELLO)
    await eventually(lambda: len(fake.requests) == 1)
    router.idempotency.store = Store(Database("host=/nowhere dbname=none"))

    answer = await call.answer()

    assert (answer.status, answer.json()["output"]) == (200, "Hello there")
    assert await rows() == [("running",)]


async def test_a_process_that_ends_waits_for_runs_without_a_caller(
    router: Runtime, once: Caller, fake: FakeProvider
) -> None:
    fake.script("primary", text="Hello there", delay_s=0.3)
    call = once.start("POST", "/v1/chat", HELLO)
    await eventually(lambda: len(fake.requests) == 1)
    call.hang_up()

    await router.idempotency.close()

    assert await rows() == [("answered",)]
