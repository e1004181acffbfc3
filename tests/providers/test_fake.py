import asyncio
import sys
from urllib.parse import urlsplit

import pytest

from apps.providers import errors
from apps.providers.client import ProviderClient
from apps.providers.fake import FakeProvider
from apps.providers.fake.__main__ import serve
from apps.providers.fake.script import Script
from apps.providers.wire import Endpoint
from tests.providers.test_client import ask


async def test_answers_are_given_in_order_and_the_last_for_ever(
    client: ProviderClient, fake: FakeProvider
) -> None:
    fake.script("m", text="one")
    fake.script("m", status=500)
    fake.script("m", text="three")

    first = await ask(client, fake.endpoint())
    with pytest.raises(errors.ServerError):
        await ask(client, fake.endpoint())
    rest = [(await ask(client, fake.endpoint())).text for _ in range(2)]

    assert (first.text, *rest) == ("one", "three", "three")


async def test_what_happened_can_be_forgotten(
    client: ProviderClient, fake: FakeProvider
) -> None:
    fake.script("m", text="one")
    await ask(client, fake.endpoint())

    fake.forget()

    assert fake.requests == []
    assert (await ask(client, fake.endpoint())).text == "Hello"


async def test_usage_can_lie_or_be_missing(
    client: ProviderClient, fake: FakeProvider
) -> None:
    fake.script("m", usage={"prompt_tokens": -1, "completion_tokens": 10**40})
    fake.script("m", usage={})

    lie = (await ask(client, fake.endpoint())).usage

    assert lie is not None
    assert lie.is_estimated
    assert (await ask(client, fake.endpoint())).usage is None


async def test_it_is_scripted_over_http(
    client: ProviderClient, capsys: pytest.CaptureFixture[str]
) -> None:
    serving = asyncio.create_task(serve(0))
    while not (base_url := capsys.readouterr().out.strip()):
        await asyncio.sleep(0.01)
    script = b'{"model": "m", "text": "Scripted", "gap_s": 0.5}'

    state = await _post(base_url, "/_script", script)
    result = await ask(client, Endpoint("fake", "openai", base_url))
    after = await _post(base_url, "/_state", b"{}")
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)

    assert state == b'{"requests":0,"open_connections":1,"aborted":{}}'
    assert result.text == "Scripted"
    assert after.startswith(b'{"requests":1,')


async def test_it_runs_as_a_process(client: ProviderClient) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "apps.providers.fake",
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        base_url = (await process.stdout.readline()).decode().strip()
        result = await ask(client, Endpoint("fake", "openai", base_url))
    finally:
        process.terminate()
        await process.wait()

    assert result.text == "Hello"


async def _post(base_url: str, path: str, body: bytes) -> bytes:
    parts = urlsplit(base_url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(b"POST %b HTTP/1.1\r\n" % path.encode())
    writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
    answer = await reader.readexactly(length)
    writer.close()
    await writer.wait_closed()
    return answer


async def test_a_caller_may_send_the_next_request_early(fake: FakeProvider) -> None:
    fake.script("m", delay_s=0.05)
    request = (
        b'POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 13\r\n\r\n{"model":"m"}'
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", fake.port)

    writer.write(request * 2)
    answers = [await reader.readuntil(b"}}") for _ in range(2)]
    writer.close()
    await writer.wait_closed()

    assert all(b"Hello" in answer for answer in answers)
    assert [received.is_first for received in fake.requests] == [True, False]


def test_a_script_without_pauses_takes_no_time() -> None:
    assert not Script().takes_time
    assert Script(gap_s=0.1).takes_time
    assert Script(fault="silent").takes_time
