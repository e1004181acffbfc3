"""A real browser against a real server, both started once for all browser tests.

Skips where no browser is found. Every page collects what the console complains
about, so a break of the content security policy fails the test that caused it.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, Page, sync_playwright

from apps.accounts.models import Organization, User
from tests.factories import make_member, make_org, make_stand_in

ROOT: Final = Path(__file__).resolve().parents[2]
NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
READY_WITHIN_S: Final = 30


@dataclass
class Visit:
    """A page of the browser, the server it talks to, and what went wrong on it."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page

    def sign_in(self, user: User) -> Page:
        """Be signed in, without the form: what it does is one test of its own."""
        client = Client()
        client.force_login(user)
        session = client.cookies["sessionid"].value
        self.page.context.add_cookies(
            [{"name": "sessionid", "value": session, "url": self.url}]
        )
        return self.open("/dashboard/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a page one more try: a starved machine can keep a browser waiting.

    A page that is wrong is wrong twice; the report counts what was run again.
    """
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=1))


# Not for the session: while Playwright runs its loop in this thread, no async test of
# another module could run.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = os.environ.get("CHROME") or next(filter(None, map(shutil.which, NAMES)), "")
    if not path:
        pytest.skip("no Chromium or Chrome is installed")
    # Playwright keeps a loop running in this thread, which Django would object to.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=[*FLAGS])
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def server(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The web process on the test database, as `./run` starts it."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    folder = tmp_path_factory.mktemp("server")
    process = subprocess.Popen(
        _command(port), cwd=ROOT, env=_environment(url, folder), start_new_session=True
    )
    try:
        _wait_until_ready(url, process)
        yield url
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _command(port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "granian", "--interface", "asgi", "--no-ws"),
        *("--workers", "1", "--workers-kill-timeout", "5", "--log-level", "warning"),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--static-path-route", "/static", "--static-path-mount", "static"),
        "config.asgi:application",
    ]


def _environment(url: str, folder: Path) -> dict[str, str]:
    """The tests' own settings, with every login pointed at the test database."""
    names = ("DATABASE", "DATABASE_OWNER", "DATABASE_JOBS", "DATABASE_LEDGER")
    configured = (
        settings.DATABASE_URL,
        settings.OWNER_URL,
        settings.JOBS_URL,
        settings.LEDGER_URL,
    )
    database = str(connections["default"].settings_dict["NAME"])
    urls = {
        f"{name}_URL": urlunsplit(urlsplit(one)._replace(path=f"/{database}"))
        for name, one in zip(names, configured, strict=True)
    }
    return {
        **os.environ,
        **urls,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "SITE_URL": url,
        # The identity provider of a test is on loopback.
        "PRIVATE_ADDRESSES_ALLOWED": "true",
        "MODELOPTIX_DATA_DIR": str(folder),
        "DEBUG": "false",
    }


def _wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until:
        assert process.poll() is None, "The web process ended."
        try:
            with urlopen(f"{url}/health", timeout=1):  # noqa: S310  # our own server
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("The web process is not ready.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(params=[(1440, "light"), (390, "dark")], ids=["wide", "narrow"])
def screen(request: pytest.FixtureRequest) -> tuple[int, str]:
    """A width and a theme."""
    width, theme = request.param
    return width, theme


@pytest.fixture
def visit(
    transactional_db: None, browser: Browser, server: str, screen: tuple[int, str]
) -> Iterator[Visit]:
    width, theme = screen
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if theme == "dark" else "light",
    )
    context.set_default_timeout(30_000)
    page = context.new_page()
    visit = Visit(page, server)
    page.on("console", lambda message: _note(visit, message.type, message.text))
    page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    yield visit
    context.close()
    assert visit.complaints == []


def _note(visit: Visit, kind: str, text: str) -> None:
    # A 404 or a 422 that a test asks for is logged by the browser itself.
    expected = ("Failed to load resource", "Response Status Error Code 422")
    if kind in {"error", "warning"} and not text.startswith(expected):
        visit.complaints.append(text)


@pytest.fixture
def org(transactional_db: None) -> Organization:
    make_stand_in()
    return make_org("Acme")


@pytest.fixture
def owner(org: Organization) -> User:
    return make_member(org, "olga", role="owner")


@pytest.fixture
def axe() -> Callable[[Page], list[str]]:
    """The accessibility rules that a page breaks; skips without the npm packages."""
    source = ROOT / "node_modules/axe-core/axe.min.js"
    if not source.is_file():
        pytest.skip("axe-core is not installed: npm ci")

    def broken(page: Page) -> list[str]:
        page.evaluate(source.read_text())
        result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{rule['id']}: {node['html'][:160]}"
            for rule in result["violations"]
            for node in rule["nodes"]
        ]

    return broken
