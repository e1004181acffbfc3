"""Answers to questions like one another, where the database has vectors."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
import redis
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connections

from apps.accounts.models import Organization
from apps.providers.fake import FakeProvider
from apps.router import semantic_schema
from apps.router.alias_models import Alias
from apps.router.cache_models import SemanticAnswer
from apps.router.front import Front
from apps.router.runtime import Runtime
from apps.tenancy.scope import scope
from tests.asgi import App
from tests.router.conftest import DJANGO, Caller, ledger

pytestmark = pytest.mark.django_db(transaction=True)

HIT = "x-modeloptix-cache"
QUESTION = "How do I reset the password of my account when I lost the phone?"
ALIKE = "How do I reset the password of my account if I lost my phone?"
OTHER = "Write a poem about the sea and three ships."


@pytest.fixture
def app() -> App:
    return Front(DJANGO)


@pytest.fixture
def vectors(transactional_db: None) -> None:
    """The column, where a superuser can be had or the extension is there."""
    owner = connections["owner"]
    if not semantic_schema.prepare(owner):
        _install(owner.settings_dict)
    if not semantic_schema.prepare(owner):
        pytest.skip("the database has no extension for vectors")


def _install(config: dict[str, Any]) -> None:
    try:
        with psycopg.connect(
            dbname=config["NAME"],
            user="postgres",
            host=config["HOST"] or None,
            port=config["PORT"] or None,
            autocommit=True,
        ) as superuser:
            superuser.execute("CREATE EXTENSION IF NOT EXISTS vector")
    except psycopg.Error as problem:
        pytest.skip(f"no superuser to install the extension: {problem}")


@pytest.fixture
def alias(vectors: None, org: Organization) -> Alias:
    with scope(org.id):
        rules = {"cache_ttl_s": 60, "semantic_from": 0.85}
        return Alias.objects.create(name="uc/help", rules=rules)


@pytest.fixture
async def ask(alias: Alias, router: Runtime, live: Caller) -> Callable[..., Any]:
    async def one(text: str, **options: Any) -> Any:
        answer = await live.chat(text, alias=alias.name, **options)
        await router.semantic.close()
        return answer

    return one


async def test_a_question_like_another_gets_its_answer(
    ask: Callable[..., Any], fake: FakeProvider
) -> None:
    fake.script("primary", text="Like this")
    first = await ask(QUESTION)

    again = await ask(ALIKE)

    assert (first.headers[HIT], again.headers[HIT]) == ("miss", "hit")
    assert 0.85 <= float(again.headers["x-modeloptix-cache-similarity"]) < 1
    assert int(again.headers["age"]) >= 0
    assert again.json()["output"] == "Like this"
    assert len(fake.requests) == 1
    paid, free = await ledger(2)
    assert (free["cache"], free["cost_usd"]) == ("semantic", 0)
    assert free["cache_saved_usd"] == paid["cost_usd"]
    assert free["adjusted"].startswith("similarity:0.")


@pytest.mark.parametrize(
    "change",
    [
        {"text": OTHER},
        {"text": QUESTION.replace("account", "account 17")},
        {"temperature": 0.9},
        {
            "messages": [
                {"role": "system", "content": "Be rude."},
                {"role": "user", "content": ALIKE},
            ]
        },
    ],
    ids=["other", "number", "parameter", "system"],
)
async def test_all_else_must_be_the_same(
    ask: Callable[..., Any], fake: FakeProvider, change: dict[str, Any]
) -> None:
    await ask(QUESTION)

    other = await ask(change.pop("text", ALIKE), **change)

    assert other.headers[HIT] == "miss"
    assert len(fake.requests) == 2


async def test_numbers_that_differ_are_never_alike(
    ask: Callable[..., Any], fake: FakeProvider
) -> None:
    await ask("Where is my order 17 of this week?")

    other = await ask("Where is my order 71 of this week?")

    assert other.headers[HIT] == "miss"


async def test_what_is_stored_is_sealed_and_the_organizations_own(
    ask: Callable[..., Any], fake: FakeProvider, org: Organization
) -> None:
    fake.script("primary", text="Very secret words")
    await ask(QUESTION)

    @sync_to_async
    def rows() -> list[SemanticAnswer]:
        with scope(org.id):
            return list(SemanticAnswer.objects.all())

    [row] = await rows()

    assert row.alias == "uc/help"
    assert b"secret" not in bytes(row.sealed)


async def test_without_the_column_every_question_is_new(
    org: Organization, router: Runtime
) -> None:
    router.semantic._is_there, router.semantic._looked_at = False, 1e18

    assert await router.semantic._is_available(org.id) is False


@pytest.fixture(autouse=True)
def clean_valkey() -> Any:
    yield
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        for name in client.scan_iter("mx:answer:*"):
            client.delete(name)
