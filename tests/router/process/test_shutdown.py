"""SIGTERM: streams end whole, nobody new is let in, every row is in the ledger."""

import asyncio
import json
from pathlib import Path
from time import monotonic

import httpx
import pytest

from apps.providers.fake import FakeProvider
from tests.router.conftest import eventually, ledger
from tests.router.process.web import WebProcess, web_process

pytestmark = pytest.mark.django_db(transaction=True)

BODY = {"messages": [{"role": "user", "content": "Hi"}], "stream": True}


async def _stream(web: WebProcess, token: str) -> list[str]:
    """The lines of one streamed answer, as far as they came."""
    lines: list[str] = []
    async with httpx.AsyncClient(timeout=60) as client:
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{web.url}/v1/chat"
        try:
            async with client.stream("POST", url, json=BODY, headers=headers) as reply:
                lines.extend([line async for line in reply.aiter_lines()])
        except httpx.RemoteProtocolError:
            lines.append("broken off")
    return lines


async def test_open_streams_end_whole_and_nobody_new_is_let_in(
    market: None, live_token: str, fake: FakeProvider, tmp_path: Path
) -> None:
    fake.script("primary", text="word " * 30, chunks=30, gap_s=0.1)
    async with web_process(tmp_path) as web:
        work = [asyncio.create_task(_stream(web, live_token)) for _ in range(8)]
        await eventually(lambda: len(fake.requests) == 8, within_s=20)

        web.terminate()
        await _until_closed(web)
        answers = await asyncio.gather(*work)
        code = await asyncio.to_thread(web.wait, 30)

        rows = await ledger(8)
    for lines in answers:
        assert "event: done" in lines
        done = json.loads(lines[lines.index("event: done") + 1].removeprefix("data: "))
        assert done["output"] == "word " * 30
    assert [row["status"] for row in rows] == ["ok"] * 8
    assert code == 0, web.log()
    # Shipped by the process itself: nothing is left for another to adopt.
    assert list((tmp_path / "journal").glob("*.journal")) == []


async def _until_closed(web: WebProcess) -> None:
    """New connections are refused."""
    async with httpx.AsyncClient() as client, asyncio.timeout(10):
        while True:
            try:
                await client.get(f"{web.url}/health")
            except httpx.ConnectError:
                return
            await asyncio.sleep(0.02)


async def test_a_stream_without_end_is_cut_off_and_written(
    market: None, live_token: str, fake: FakeProvider, tmp_path: Path
) -> None:
    fake.script(
        "primary",
        text="word " * 4,
        chunks=4,
        gap_s=0.05,
        fault="endless",
        fault_after=3,
    )
    async with web_process(tmp_path, SHUTDOWN_GRACE_S="1") as web:
        work = asyncio.create_task(_stream(web, live_token))
        await eventually(lambda: len(fake.requests) == 1, within_s=20)
        await asyncio.sleep(0.3)
        started = monotonic()

        web.terminate()
        lines = await work
        code = await asyncio.to_thread(web.wait, 30)

        [row] = await ledger()
    assert "event: done" not in lines
    assert (row["status"], row["is_estimated"]) == ("cancelled", True)
    assert row["output_tokens"] > 0
    assert code == 0, web.log()
    assert monotonic() - started < 15
    assert list((tmp_path / "journal").glob("*.journal")) == []
    await eventually(lambda: fake.open_connections == 0)
