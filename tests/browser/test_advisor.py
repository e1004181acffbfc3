"""The loop in a real browser, on the whole product: from sign-up to an undone switch.

Everything runs as `./run` starts it: Postgres, Valkey, the local model, web, worker and
beat. Only the provider and the mail server are ours, both on this machine.
"""

import asyncio
import re
import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from apps.providers.fake import FakeProvider
from tests.browser.conftest import _free_port
from tests.browser.product import Product, running
from tests.mail.conftest import Inbox, smtp  # noqa: F401  # a fixture

PASSWORD = "correct horse battery staple"
ADDRESS = "ulla@example.com"
OLD, LOCAL = "openai/gpt-4.1", "huggingfacetb/smollm2-135m-instruct"
PROMPTS = [f"Say hello to customer {number}." for number in range(1, 31)]
# Requests so large that cents are cents.
USAGE = {"prompt_tokens": 100_000, "completion_tokens": 10_000, "total_tokens": 110_000}


@pytest.fixture
def fake() -> Iterator[FakeProvider]:
    """A provider in a thread of its own, answering as OpenAI does."""
    loop, fake, is_up = asyncio.new_event_loop(), FakeProvider(), threading.Event()

    async def serve() -> None:
        server = await asyncio.start_server(fake._accept, "127.0.0.1", 0)
        fake.port = server.sockets[0].getsockname()[1]
        is_up.set()
        async with server:
            await server.serve_forever()

    def work() -> None:
        asyncio.set_event_loop(loop)
        task = loop.create_task(serve())
        loop.run_forever()
        task.cancel()
        loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        loop.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    is_up.wait(10)
    yield fake
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


@pytest.fixture
def product(
    tmp_path: Any,
    fake: FakeProvider,
    smtp: Inbox,  # noqa: F811
) -> Iterator[Product]:
    (tmp_path / "data").mkdir()
    with running(
        tmp_path / "data",
        _free_port(),
        OPENAI_API_KEY="sk-fake-key-0123",
        EMAIL_URL=f"smtp://127.0.0.1:{smtp.port}",
        ALERT_FOLD_S="2",
    ) as product:
        product.sql(
            f"UPDATE catalog_provider SET base_url = '{fake.base_url}'"
            " WHERE slug = 'openai'"
        )
        product.sql("SELECT pg_notify('modeloptix_catalog', '')")
        yield product


def test_the_loop_from_sign_up_to_undo(
    browser: Browser,
    product: Product,
    fake: FakeProvider,
    smtp: Inbox,  # noqa: F811
) -> None:
    page = browser.new_context(base_url=product.url).new_page()
    page.set_default_timeout(30_000)
    _sign_up(page, smtp)
    _allow_only_openai(page)
    _quick_start(page)
    alias = _alias(page)
    token = _key(page)

    candidate = _opportunity(page)
    fake.script(candidate, text="Hello", usage=USAGE)
    fake.script(OLD.partition("/")[2], text="Hello", usage=USAGE)
    _check(page)
    _begin_canary(page)
    _call(product, token, alias, times=60)
    product.manage("run_job", "savings.watch_canaries")
    _is_promoted(page)
    _call(product, token, alias, times=5)
    product.manage("run_job", "router.roll_up")
    product.manage("run_job", "savings.book")

    _dashboard_agrees(page, product)
    assert "Within its guard rails" in _mail(page, smtp, "promoted")
    _undo(page)
    assert _call(product, token, alias, times=1) == [OLD]


def _sign_up(page: Page, smtp: Inbox) -> None:  # noqa: F811
    page.goto("/accounts/signup/")
    page.fill("[name=email]", ADDRESS)
    page.fill("[name=password1]", PASSWORD)
    page.click("main button[type=submit]")
    page.goto(_link_in(_mail(page, smtp, "confirm-email")))
    page.click("main button[type=submit]")
    if "/login/" in page.url:
        page.fill("[name=login]", ADDRESS)
        page.fill("[name=password]", PASSWORD)
        page.click("main button[type=submit]")
    page.goto("/dashboard/")
    expect(page.locator("h1")).to_be_visible()


def _mail(page: Page, smtp: Inbox, word: str) -> str:  # noqa: F811
    """The text of the first mail that says the word."""
    for _ in range(200):
        bodies = [mail.get_body(("plain",)) for mail in smtp.taken]
        texts = [body.get_content() for body in bodies if body is not None]
        if found := [text for text in texts if word in text]:
            return str(found[0])
        page.wait_for_timeout(300)
    raise AssertionError([str(mail["Subject"]) for mail in smtp.taken])


def _link_in(text: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+(/\S+)", text)
    assert found, text
    return found.group(1)


def _allow_only_openai(page: Page) -> None:
    page.goto("/router/policy/")
    page.fill("[name=providers]", "openai\nlocal")
    page.click("main form button[type=submit].btn-primary")
    expect(page.locator("main")).to_contain_text("openai")


def _quick_start(page: Page) -> None:
    page.goto("/portfolio/start/")
    page.fill("[name=product]", "Helpdesk")
    page.check("[name=template] >> nth=0")
    page.click("text=Next: the model")
    page.fill("[name=current_model]", OLD)
    page.fill("[name=calls_month]", "100000")
    page.click("text=Show the first insight")
    expect(page.locator("h1")).to_contain_text("a month")


def _alias(page: Page) -> str:
    page.click("text=Give it a gateway alias")
    page.click("#alias button[value=create]")
    name = page.locator("#alias a.mono").inner_text()
    assert name.startswith("uc/")
    return name


def _key(page: Page) -> str:
    page.goto("/keys/")
    page.click("[data-open=new-key]")
    page.fill("#new-key [name=name]", "Helpdesk")
    page.click("#new-key button[type=submit]")
    return page.locator("[data-token]").inner_text()


def _opportunity(page: Page) -> str:
    """Open the best one; the candidate as its provider calls it."""
    for _ in range(60):
        page.goto("/opportunities/")
        if page.locator(".opportunity").count():
            break
        page.wait_for_timeout(500)
    page.click(".opportunity-title a >> nth=0")
    page.click("text=Check on my prompts >> nth=0")
    return page.input_value("[name=model_2]").partition("/")[2]


def _check(page: Page) -> None:
    """On today's model, the candidate and the model of this machine."""
    expect(page.locator("[name=model_1]")).to_have_value(OLD)
    page.click("text=A third and a fourth model")
    page.fill("[name=model_3]", LOCAL)
    page.fill("[name=typed]", "\n".join(PROMPTS))
    page.click("text=System prompt and parameters")
    page.fill("[name=max_tokens]", "8")
    page.click("text=Checks that need no judge")
    page.fill("[name=contains]", "Hello")
    page.get_by_role("button", name="See what it costs").click()
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator("h1")).to_contain_text("done", timeout=180_000)
    expect(page.locator("main")).to_contain_text("ot worse")


def _begin_canary(page: Page) -> None:
    page.goto("/opportunities/")
    page.click(".opportunity a.btn-primary >> nth=0")
    page.check("[name=mode][value=canary]")
    page.fill("[name=share]", "50")
    page.fill("[name=min_requests]", "10")
    page.fill("[name=min_hours]", "0")
    page.fill("[name=max_p95_ratio]", "10")
    page.click("main form button[type=submit].btn-primary")
    expect(page.locator("h1")).to_contain_text("anary")


def _call(product: Product, token: str, alias: str, *, times: int) -> list[str]:
    """Requests of so many conversations; the models that answered."""
    models = []
    with httpx.Client(base_url=product.url, timeout=30) as client:
        for number in range(times):
            answer = client.post(
                "/v1/chat/completions",
                headers={"Authorization": f"Bearer {token}"},
                json={
                    "model": alias,
                    "messages": [{"role": "user", "content": f"Hello, {number}"}],
                    "user": f"customer-{number}",
                    "session_id": f"conversation-{number}",
                },
            )
            assert answer.status_code == 200, answer.text
            models.append(answer.headers["X-ModelOptix-Model"])
    return models


def _is_promoted(page: Page) -> None:
    page.reload()
    expect(page.locator("main")).to_contain_text("Within its guard rails")


def _dashboard_agrees(page: Page, product: Product) -> None:
    sums = "SELECT sum(savings_usd) FROM savings_saving WHERE basis = 'measured'"
    saved = Decimal(product.sql(sums))
    assert saved > 1
    page.goto("/dashboard/")
    tile = page.locator(".stat", has_text="Saved, measured").first
    expect(tile.locator(".stat-value")).to_contain_text(
        f"{saved.quantize(Decimal('0.01')):,}"
    )


def _undo(page: Page) -> None:
    page.goto("/savings/switches/")
    page.click("tbody a >> nth=0")
    page.get_by_role("button", name="Undo the switch").click()
    expect(page.locator("main")).to_contain_text("ndone")
