"""A provider that fails before its first token is invisible; after it, it shows."""

from typing import Any

import pytest

from apps.providers.fake import FakeProvider
from apps.router.runtime import Runtime
from tests.router.conftest import Caller, attempts, ledger

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE_THE_FIRST_TOKEN: list[dict[str, Any]] = [
    {"status": 500},
    {"status": 503},
    {"status": 429},
    {"status": 429, "retry_after": "30"},
    {"status": 401},
    {"status": 402},
    {"status": 403},
    {"fault": "silent"},
    {"fault": "reset"},
    {"fault": "reset_body"},
    {"fault": "half_body"},
    {"fault": "not_http"},
    {"fault": "long_header"},
    {"fault": "garbage"},
    {"fault": "html"},
    {"fault": "slow"},
    {"fault": "huge"},
    {"fault": "huge_chunked"},
]


@pytest.mark.parametrize("failure", BEFORE_THE_FIRST_TOKEN, ids=str)
@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
async def test_the_backup_answers(
    router: Runtime,
    live: Caller,
    fake: FakeProvider,
    failure: dict[str, Any],
    *,
    is_stream: bool,
) -> None:
    fake.script("primary", **failure)
    fake.script("backup", text="Hello")

    reply = await live.chat("Hi", stream=is_stream)

    answer = reply.events()[-1][1] if is_stream else reply.json()
    assert reply.status == 200
    assert answer["output"] == "Hello"
    assert answer["model_used"] == "backup-house/backup"
    assert answer["attempts"] == 2
    first, second = await attempts(2)
    assert first["outcome"] != "ok"
    assert second["outcome"] == "ok"


@pytest.mark.parametrize("fault", ["dies", "error_event", "ends_early"])
async def test_a_stream_that_fails_after_its_first_token_says_so(
    router: Runtime, live: Caller, fake: FakeProvider, fault: str
) -> None:
    fake.script("primary", text="Hello there you", chunks=6, fault=fault, fault_after=2)

    reply = await live.complete("Hi", stream=True)

    events = [data for _, data in reply.events()]
    assert reply.status == 200
    assert events[-1]["error"]["code"] == "provider_error"
    assert "[DONE]" not in events
    [row] = await ledger()
    assert (row["status"], row["error_code"]) == ("failed", "provider_error")
    assert row["output_tokens"] > 0
    assert row["is_estimated"] is True
    assert len(fake.requests) == 1


@pytest.mark.parametrize(
    ("status", "expected"), [(400, 400), (404, 404), (413, 400), (422, 422)]
)
async def test_what_is_wrong_with_the_request_is_tried_nowhere_else(
    router: Runtime, live: Caller, fake: FakeProvider, status: int, expected: int
) -> None:
    fake.script("primary", status=status, message="no such parameter")

    reply = await live.chat("Hi")

    assert reply.status == expected
    assert "no such parameter" in reply.json()["error"]["message"]
    assert len(fake.requests) == 1


async def test_when_all_fail_the_caller_is_told_and_the_row_is_written(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    for model in ("primary", "backup", "third"):
        fake.script(model, status=500)

    reply = await live.chat("Hi")

    assert reply.status == 502
    assert reply.json()["error"]["code"] == "provider_error"
    [row] = await ledger()
    assert (row["status"], row["attempts"]) == ("failed", 3)
    assert row["cost_usd"] == 0


async def test_a_rate_limit_everywhere_is_passed_on_with_its_time(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    for model in ("primary", "backup", "third"):
        fake.script(model, status=429, retry_after="70")

    reply = await live.chat("Hi")

    assert reply.status == 429
    assert reply.json()["error"]["code"] == "rate_limited"
    assert reply.headers["retry-after"] == "70"


async def test_no_answer_in_time_is_a_timeout(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    router.deadline_s = 2
    for model in ("primary", "backup", "third"):
        fake.script(model, fault="silent")

    reply = await live.chat("Hi")

    assert reply.status == 504
    assert reply.json()["error"]["code"] == "provider_timeout"


async def test_a_refused_key_rules_its_provider_out(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    for model in ("primary", "backup", "third"):
        fake.script(model, status=401, message="bad key sk-123456789012345678901234")

    reply = await live.chat("Hi")

    assert reply.status == 502
    assert "sk-1234" not in reply.body.decode()
