"""Two web processes and one key."""

import asyncio
from pathlib import Path

import httpx
import pytest

from apps.providers.fake import FakeProvider
from tests.router.conftest import ledger
from tests.router.idempotency.conftest import HELLO
from tests.router.process.web import web_process

pytestmark = pytest.mark.django_db(transaction=True)


async def test_two_processes_run_a_request_once_and_answer_alike(
    market: None, fake: FakeProvider, live_token: str, tmp_path: Path
) -> None:
    fake.script("primary", text="Hello there", delay_s=0.5)
    headers = {
        "Authorization": f"Bearer {live_token}",
        "Idempotency-Key": "order-42",
    }
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    async with (
        web_process(tmp_path / "one") as one,
        web_process(tmp_path / "two") as two,
        httpx.AsyncClient(headers=headers, timeout=20) as client,
    ):
        answers = await asyncio.gather(
            *(
                client.post(f"{web.url}/v1/chat", json=HELLO)
                for web in (one, two)
                for _ in range(10)
            )
        )
        rows = await ledger(within_s=20)

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" in a.headers for a in answers) == 19
    assert len(fake.requests) == 1
    assert len(rows) == 1
