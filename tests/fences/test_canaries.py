"""Secrets that go through the product turn up in no log, mail, page, answer or dump.

One day of an organization is lived with canaries: sign-in, a second factor, keys of
both kinds, single sign-on, requests that work and that fail, an error of our own. Then
everything that can be read is read.
"""

import base64
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from asgiref.sync import sync_to_async
from django.contrib import admin
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from apps.accounts.models import Membership, Organization, User
from apps.accounts.queries import memberships_of
from apps.catalog.models import Provider
from apps.kit.sealing import Secret
from apps.providers.fake import FakeProvider
from apps.router.runtime import Runtime
from apps.sso.services import Wanted, save_connection
from apps.tenancy.scope import scope, unscoped
from apps.vault import services
from tests.accounts.staff import staff_client
from tests.asgi import App
from tests.factories import make_member
from tests.fences.addresses import MEMBERS, RULES
from tests.fences.canaries import (
    ANSWER,
    OIDC_SECRET,
    PASSWORD,
    PROMPT,
    PROVIDER_KEY,
    SECOND_KEY,
    Records,
    Sweep,
    content_of,
    dump,
    files_below,
)
from tests.router.conftest import (  # noqa: F401  # fixtures
    DJANGO,
    Caller,
    fake,
    ledger,
    market,
    router,
)

pytestmark = pytest.mark.django_db(transaction=True)
HOUSE = "primary-house"


@pytest.fixture
def records(settings: Settings) -> Iterator[Records]:
    """All logs of the test, from DEBUG up where the product does not say otherwise."""
    root, handler = logging.getLogger(), Records()
    levels = {root: root.level}
    names = logging.root.manager.loggerDict.keys() - settings.LOGGING["loggers"].keys()
    for name in names:
        logger = logging.getLogger(name)
        levels[logger] = logger.level
        logger.setLevel(logging.DEBUG)
    root.setLevel(logging.DEBUG)
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)
    for logger, level in levels.items():
        logger.setLevel(level)


@pytest.fixture
def org(transactional_db: None, acme: Organization) -> Organization:
    return acme


@pytest.fixture
def olga(org: Organization) -> User:
    user = make_member(org, "olga", role="owner")
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return user


def _sign_in(user: User) -> Client:
    """By the form, wrongly first."""
    client = Client(raise_request_exception=False)
    url = reverse("account_login")
    client.post(url, {"login": user.email, "password": PASSWORD + "x"})
    answer = client.post(url, {"login": user.email, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def _add_factor(client: Client) -> str:
    """Activate a second factor by its form; the page that shows the secret is the
    one place where it may be seen.
    """
    user = User.objects.get(id=client.session["_auth_user_id"])
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert client.get(reverse("mfa_activate_totp")).status_code == 200
    secret: str = client.session["mfa.totp.secret"]
    TOTP.activate(user, secret)
    session = client.session
    del session["mfa.totp.secret"]
    session.save()
    return secret


def _make_api_key(client: Client) -> str:
    form = {"name": "CI", "kind": "live", "expires_in": "", "scopes": ["chat"]}
    page = client.post("/keys/", form).content.decode()
    found = re.search(r"mx_live_\w{38}", page)
    assert found is not None
    return found.group()


def _bring_provider_keys(client: Client) -> None:
    new = {"provider": HOUSE, "name": "Mine"}
    assert client.post("/provider-keys/", {**new, "key": "x y"}).status_code == 422
    for key in (PROVIDER_KEY, SECOND_KEY):
        # Once with what is wrong elsewhere: the form that comes back holds no key.
        client.post("/provider-keys/", {**new, "name": "", "key": key})
        assert client.post("/provider-keys/", {**new, "key": key}).status_code == 302
    body = {"provider": HOUSE, "name": "", "key": PROVIDER_KEY}
    client.post("/api/v1/provider-keys", body, content_type="application/json")


def _connect_single_sign_on(client: Client, user: User) -> None:
    """By the form, which refuses an issuer that is not there, and then below it."""
    form = {
        "issuer": "https://idp.example.com",
        "client_id": "modeloptix",
        "client_secret": OIDC_SECRET,
        "default_role": "member",
    }
    page = client.post(reverse("sso:save-oidc"), form)
    assert OIDC_SECRET.encode() not in page.content
    with scope(memberships_of(user)[0].org_id):
        member = Membership.objects.get(user=user)
        secret = Secret(form.pop("client_secret"))
        wanted = Wanted(kind="oidc", client_secret=secret, **form)
        save_connection(wanted, by=member)


def _fail_of_our_own(client: Client, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """An error page, out of a function whose variables hold a key."""

    def broken(*args: Any, **options: Any) -> None:
        raise RuntimeError("the audit log is on fire")

    with monkeypatch.context() as patch:
        patch.setattr(services, "record", broken)
        form = {"provider": HOUSE, "name": "Mine", "key": PROVIDER_KEY}
        answer = client.post("/provider-keys/", form)
    assert answer.status_code == 500
    return content_of(answer)


def _prepare(settings: Settings, olga: User) -> tuple[Client, dict[str, str]]:
    Provider.objects.using("owner").update(api_key_env="SOME_KEY")
    settings.PROVIDER_KEY = lambda name: "sk-canary-managed-000111222"
    client = _sign_in(olga)
    secrets = {
        "password": PASSWORD,
        "provider key": PROVIDER_KEY,
        "second provider key": SECOND_KEY,
        "managed key": "sk-canary-managed-000111222",
        "OIDC secret": OIDC_SECRET,
        "prompt": PROMPT,
        "answer": ANSWER,
        "second factor": _add_factor(client),
        "API key": _make_api_key(client),
    }
    _bring_provider_keys(client)
    _connect_single_sign_on(client, olga)
    return client, secrets


async def _send_requests(
    running: Runtime, house: FakeProvider, app: App, token: str, sweep: Sweep
) -> None:
    """Whole, streamed, refused with the key quoted back, broken, and explained."""
    await running._refresh(is_forced=True)
    caller = Caller(app, token)
    house.script("primary", text=ANSWER)
    for body in ({}, {"stream": True}):
        reply = await caller.chat(PROMPT, **body)
        assert ANSWER.split()[1].encode() in reply.body
    quoted = f"Incorrect API key provided: {PROVIDER_KEY}. You said {PROMPT}"
    house.script_key(PROVIDER_KEY, status=401, message=quoted)
    house.script_key(SECOND_KEY, status=401, message=f"no such key {SECOND_KEY}")
    named = {"model": "primary-house/primary"}
    assert (await caller.chat(PROMPT)).status == 200  # with the managed key
    answers = {
        "debug": await caller.post(
            "/v1/router/debug", {"messages": [{"role": "user", "content": PROMPT}]}
        ),
        "models": await caller.get("/v1/models"),
    }
    house.script_key("sk-canary-managed-000111222", status=400, message="bad request")
    answers["a refusal"] = await caller.chat("Hi", **named)
    house.forget()
    house.script("primary", fault="garbage")
    answers["garbage"] = await caller.chat("Hi", **named)
    for place, answer in answers.items():
        sweep.look(f"the answer: {place}", answer.body + repr(answer.headers).encode())


def _pages(client: Client) -> dict[str, bytes]:
    """Every page and list that an owner can open without naming anything."""
    found = {}
    for route, rules in RULES.items():
        rule = rules[0]
        if rule.method == "get" and not rule.names and rule.allowed & MEMBERS:
            found[f"/{route}"] = content_of(client.get(f"/{route}"))
    return found


def _admin_pages() -> dict[str, bytes]:
    client = staff_client()
    found: dict[str, bytes] = {}
    for model, page in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        urls = [reverse(f"{name}_changelist")]
        with unscoped("a test"):
            rows = list(page.get_queryset(None)[:20])  # type: ignore[arg-type]  # no request is needed
        for row in rows:
            urls += [
                reverse(f"{name}_{what}", args=[row.pk])
                for what in ("change", "history")
            ]
        found |= {url: content_of(client.get(url)) for url in urls}
    return found


def _requests_of(client: Client) -> dict[str, bytes]:
    """The detail of each request that was made."""
    page = client.get("/requests/").content.decode()
    urls = sorted(set(re.findall(r"/requests/[0-9a-f-]{36}/", page)))
    return {url: content_of(client.get(url)) for url in urls}


def _test_provider_keys(client: Client) -> dict[str, bytes]:
    page = client.get("/provider-keys/").content.decode()
    urls = sorted(set(re.findall(r"/provider-keys/[0-9a-f-]{36}/test/", page)))
    htmx = {"HX-Request": "true"}
    return {url: content_of(client.post(url, headers=htmx)) for url in urls}


async def test_no_secret_turns_up_anywhere(
    org: Organization,
    olga: User,
    records: Records,
    router: Runtime,  # noqa: F811  # the fixture
    fake: FakeProvider,  # noqa: F811  # the fixture
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    client, secrets = await sync_to_async(_prepare)(settings, olga)
    sweep = Sweep(secrets)
    await _send_requests(router, fake, DJANGO, secrets["API key"], sweep)
    rows = await ledger(5, within_s=30)

    quoted = f"no such key: {PROVIDER_KEY} or {SECOND_KEY}"
    fake.script("", status=401, message=quoted)
    for read in (_test_provider_keys, _pages, _requests_of):
        places = await sync_to_async(read)(client)
        assert places
        sweep.look_at_all(places)
    sweep.look_at_all(await sync_to_async(_admin_pages)())
    error = await sync_to_async(_fail_of_our_own)(client, monkeypatch)
    sweep.look("the error page", error)
    tables = await sync_to_async(dump)()
    sweep.look_at_all(tables)
    sweep.look_at_all(files_below(Path(settings.JOURNAL_DIR), Path(settings.DATA_DIR)))
    sweep.look("the logs", "\n".join(records.lines))
    sweep.look("the output", "".join(capfd.readouterr()))
    for number, message in enumerate(mail.outbox):
        sweep.look(f"mail {number}", message.message().as_bytes())
    sweep.look("the cache", repr(getattr(cache, "_cache", {})))

    assert not sorted(set(sweep.found)), " | ".join(sorted(set(sweep.found)))
    _was_thorough(sweep, tables, records, len(rows))


def _was_thorough(
    sweep: Sweep, tables: dict[str, str], records: Records, requests: int
) -> None:
    """The sweep saw what it should have: the same places hold what is no secret."""
    assert requests >= 5
    assert sweep.looked_at > 80
    assert PROVIDER_KEY[-4:] in tables["table vault_providerkey"]
    assert "refused_key" in tables["table router_attempt"]
    assert "on fire" in "\n".join(records.lines)
    assert "provider_key.added" in tables["table audit_auditentry"]
    assert "totp" in tables["table mfa_authenticator"]
    assert "idp.example.com" in tables["table sso_connection"]


def test_the_sweep_finds_what_it_looks_for() -> None:
    for text in (
        PASSWORD,
        f"before {PASSWORD} after",
        PASSWORD.encode().hex(),
        base64.b64encode(b"x" + PASSWORD.encode() + b"y").decode(),
    ):
        sweep = Sweep({"password": PASSWORD})
        sweep.look("a text", text)
        assert sweep.found == ["password in a text"]
