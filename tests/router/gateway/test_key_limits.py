"""What a key may use, and from where, at both fronts."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from pytest_django.fixtures import Settings

from apps.accounts.models import Organization
from apps.providers.fake import FakeProvider
from apps.router.runtime import Runtime
from tests.asgi import App
from tests.factories import make_key
from tests.router.conftest import Caller

pytestmark = pytest.mark.django_db(transaction=True)
type Make = Callable[..., Awaitable[Caller]]


@pytest.fixture
def key_with(app: App, org: Organization) -> Make:
    async def make(**fields: Any) -> Caller:
        _, token = await sync_to_async(make_key)(org, **fields)
        return Caller(app, token)

    return make


@pytest.mark.parametrize(
    ("allowed", "model", "status"),
    [
        (("backup-house/*",), "backup", 200),
        (("backup-house/*",), "primary", 403),
    ],
)
async def test_a_named_model_must_be_among_the_key_s(
    router: Runtime, key_with: Make, allowed: tuple[str, ...], model: str, status: int
) -> None:
    caller = await key_with(allowed_models=allowed)

    reply = await caller.complete("Hi", model=model)

    assert reply.status == status
    if status == 403:
        error = reply.json()["error"]
        assert (error["code"], error["param"]) == ("permission_denied", "model")


async def test_the_choice_and_its_fallbacks_stay_within(
    router: Runtime, key_with: Make, fake: FakeProvider
) -> None:
    fake.script("backup", status=503)
    caller = await key_with(allowed_models=("backup-house/*", "third-house/*"))

    answer = (await caller.chat("Hi")).json()

    assert answer["model_used"] == "third-house/third"
    assert {request.body["model"] for request in fake.requests} == {"backup", "third"}


async def test_a_request_s_own_list_cannot_widen_the_key_s(
    router: Runtime, key_with: Make
) -> None:
    caller = await key_with(allowed_models=("backup-house/*",))

    both = await caller.chat("Hi", models=["primary", "backup"])
    other = await caller.chat("Hi", models=["primary"])

    assert both.json()["model_used"] == "backup-house/backup"
    assert (other.status, other.json()["error"]["param"]) == (403, "models")


async def test_the_list_shows_what_the_key_may_use(
    router: Runtime, key_with: Make
) -> None:
    caller = await key_with(allowed_models=("backup-house/*",))

    models = (await caller.get("/v1/models")).json()["data"]

    assert [model["id"] for model in models] == ["backup-house/backup"]


@pytest.mark.parametrize(
    ("allowed", "status"),
    [
        (("127.0.0.0/8", "2001:db8::/32"), 200),
        (("203.0.113.0/24",), 403),
    ],
)
async def test_a_key_works_from_its_addresses_only(
    router: Runtime, key_with: Make, allowed: tuple[str, ...], status: int
) -> None:
    caller = await key_with(allowed_ips=allowed)

    replies = [await caller.chat("Hi"), await caller.get("/v1/models")]

    assert [reply.status for reply in replies] == [status, status]
    if status == 403:
        assert "from the address 127.0.0.1" in replies[0].json()["error"]["message"]


@pytest.mark.parametrize(
    ("proxies", "status"), [(["127.0.0.1"], 200), (["10.0.0.0/8"], 403)]
)
async def test_a_forwarded_address_counts_behind_a_trusted_proxy_only(
    router: Runtime,
    key_with: Make,
    settings: Settings,
    proxies: list[str],
    status: int,
) -> None:
    settings.TRUSTED_PROXIES = proxies
    caller = await key_with(allowed_ips=("203.0.113.0/24",))
    caller.headers["X-Forwarded-For"] = "198.51.100.1, 203.0.113.9"

    assert (await caller.chat("Hi")).status == status
