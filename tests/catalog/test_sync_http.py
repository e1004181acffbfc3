"""Syncs over HTTP: pages, conditional requests, models that are gone, failures."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pytest_django import Settings

from apps.catalog.models import AIModel, ModelChange, Offer, Provider, SourceFetch
from apps.catalog.sources.base import BrokenPayloadError
from apps.catalog.sources.registry import SOURCES, endpoints_of
from apps.catalog.sync.endpoints import listed_ids
from apps.catalog.sync.running import Outcome, Request, sync_source
from apps.kit.http import FetchError
from tests.catalog.openrouter import endpoint, offer_of, several, writes

pytestmark = pytest.mark.django_db(transaction=True)
GLM = "z-ai/glm-5.2"
type Answer = Callable[[BaseHTTPRequestHandler], tuple[int, dict[str, str], bytes]]


class Upstream:
    """A source on loopback: paths to what is answered there."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.url = ""

    def json(self, path: str, body: object, *, etag: str = "") -> None:
        data = json.dumps(body).encode()

        def answer(
            request: BaseHTTPRequestHandler,
        ) -> tuple[int, dict[str, str], bytes]:
            if etag and request.headers.get("If-None-Match") == etag:
                return 304, {}, b""
            return 200, {"ETag": etag} if etag else {}, data

        self.answers[path] = answer

    def fail(self, path: str, status: int) -> None:
        self.answers[path] = lambda request: (status, {}, b"{}")


@pytest.fixture
def upstream(settings: Settings) -> Iterator[Upstream]:
    source = Upstream()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            source.asked.append(self.path)
            missing: Answer = lambda request: (404, {}, b"{}")  # noqa: E731  # a default
            status, headers, data = source.answers.get(self.path, missing)(self)
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    source.url = settings.OPENROUTER_URL = f"http://127.0.0.1:{server.server_port}/v1"
    yield source
    server.shutdown()
    server.server_close()
    thread.join()


LIST = "/v1/models?output_modalities=all"


def sync(**options: Any) -> Outcome:
    return sync_source(Request(SOURCES["openrouter"], trigger="command", **options))


def test_all_pages_of_the_list_are_read(upstream: Upstream) -> None:
    rows = several()
    more = "/v1/models?output_modalities=all&offset=6"
    first = {"data": rows[:6], "total_count": 10, "links": {"next": more}}
    upstream.json(LIST, first)
    upstream.json(more, {"data": rows[6:], "total_count": 10, "links": {"next": None}})
    upstream.json("/v1/providers", {"data": [{"slug": "z-ai", "name": "Z.AI"}]})

    outcome = sync()

    assert outcome.rows == 10
    assert AIModel.objects.count() == 8
    assert Provider.objects.get(slug="zai").name == "Z.AI"


def test_a_providers_policy_that_changes_is_noted(upstream: Upstream) -> None:
    def policy(*, training: bool) -> dict[str, Any]:
        terms = {"training": training, "retentionDays": 30}
        return {"data": [{"slug": "deepseek", "name": "DeepSeek", "dataPolicy": terms}]}

    upstream.json(LIST, {"data": several()})
    site = "/v1/api/frontend/v1/all-providers"
    upstream.json(site, policy(training=False))
    sync()

    upstream.json(site, policy(training=True))
    sync()

    provider = Provider.objects.get(slug="deepseek")
    assert (provider.trains_on_prompts, provider.retention_days) == (True, 30)
    change = ModelChange.objects.get(what="provider_changed")
    assert (change.field, change.old, change.new) == ("trains_on_prompts", False, True)
    assert provider.provenance["trains_on_prompts"]["origin"] == "openrouter"


def test_a_page_that_is_missing_fails_the_whole(upstream: Upstream) -> None:
    first = {"data": several()[:6], "total_count": 10, "links": {"next": "/v1/gone"}}
    upstream.json(LIST, first)

    with pytest.raises(FetchError, match="404"):
        sync()

    assert not AIModel.objects.exists()


def test_pages_that_do_not_end_are_refused(upstream: Upstream) -> None:
    upstream.json(LIST, {"data": several(), "links": {"next": LIST}})

    with pytest.raises(BrokenPayloadError, match="do not end"):
        sync()


def test_what_has_not_changed_is_not_sent_again(upstream: Upstream) -> None:
    upstream.json(LIST, {"data": several()}, etag='"1"')
    sync()
    assert SourceFetch.objects.get(source="openrouter").etag == '"1"'

    with writes() as written:
        outcome = sync()

    assert outcome.is_unchanged
    assert outcome.summary == "0 rows: not changed at the source"
    assert written == []


def test_misses_are_counted_also_while_nothing_changes(upstream: Upstream) -> None:
    upstream.json(LIST, {"data": several()}, etag='"1"')
    sync()
    upstream.json(LIST, {"data": several()[1:]}, etag='"2"')

    seen = []
    for _ in range(3):
        sync()
        seen.append(offer_of("qwen/qwen3.7-flash").is_available)

    assert seen == [True, True, False]


def test_a_new_reading_asks_for_the_whole_answer(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream.json(LIST, {"data": several()}, etag='"1"')
    sync()
    SourceFetch.objects.using("jobs").update(reader="0")

    assert not sync().is_unchanged


def test_a_model_that_is_gone_is_no_fault_of_the_others(upstream: Upstream) -> None:
    upstream.json(LIST, {"data": several()})
    sync()
    rows = [endpoint("deepinfra", "0.0000002", "0.0000007")]
    upstream.json(f"/v1/models/{GLM}/endpoints", {"data": {"endpoints": rows}})

    ids = listed_ids()
    outcome = sync_source(Request(endpoints_of(ids), trigger="command"))

    assert len(ids) == 9
    assert outcome.rows == 1
    assert Offer.objects.exclude(endpoint_tag="").count() == 1


def test_too_many_failing_models_fail_the_run(upstream: Upstream) -> None:
    upstream.json(LIST, {"data": several()})
    sync()
    ids = listed_ids()
    for model_id in ids[:3]:
        upstream.fail(f"/v1/models/{model_id}/endpoints", 503)

    with pytest.raises(BrokenPayloadError, match="3 of 9 models did not answer"):
        sync_source(Request(endpoints_of(ids), trigger="command"))
