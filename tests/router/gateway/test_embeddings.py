"""`/v1/embeddings` on both fronts: one model, any of its providers, metered."""

import base64
import struct
from decimal import Decimal

import pytest
from asgiref.sync import sync_to_async

from apps.catalog.models import AIModel, Offer
from apps.catalog.services import OperatorOffer, add_offer
from apps.providers.fake import FakeProvider
from apps.router.runtime import Runtime
from tests.router.conftest import Caller, attempts, ledger

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def embedders(market: None, fake: FakeProvider) -> None:
    """One embedding model at two providers, and another one beside it."""
    await sync_to_async(_make)(fake.base_url)


def _make(base_url: str) -> None:
    for provider, model in (("near", "maker/small"), ("far", "maker/large")):
        add_offer(_offer(provider, model, base_url, "0.02"))
    add_offer(_offer("far", "maker/small", base_url, "0.04"))
    models = AIModel.objects.using("owner").filter(author="maker")
    models.update(kind=AIModel.Kind.EMBEDDING)
    far = Offer.objects.using("owner").filter(provider__slug="far")
    far.filter(ai_model__slug="maker/small").update(upstream_id="maker/small-far")


def _offer(provider: str, model: str, base_url: str, usd: str) -> OperatorOffer:
    return OperatorOffer(
        provider=provider,
        model=model,
        base_url=base_url,
        input_usd=Decimal(usd),
        context_tokens=8191,
    )


async def test_vectors_of_the_named_model_and_what_they_cost(
    embedders: None, router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    usage = {"prompt_tokens": 1000, "total_tokens": 1000}
    fake.script("maker/small", usage=usage)
    body = {"model": "small", "input": ["Hi", "Ho"], "dimensions": 8, "user": "u"}

    reply = await live.post("/v1/embeddings", body)

    answer = reply.json()
    assert reply.status == 200
    assert [row["index"] for row in answer["data"]] == [0, 1]
    assert len(answer["data"][0]["embedding"]) == 8
    assert answer["usage"] == {**usage, "cost": pytest.approx(0.00002)}
    assert reply.headers["x-modeloptix-provider"] == "near"
    sent = fake.requests[0]
    assert sent.path.endswith("/embeddings")
    assert sent.body == {**body, "model": "maker/small"}
    [row] = await ledger()
    assert (row["task"], row["endpoint"]) == ("embedding", "/v1/embeddings")
    assert (row["input_tokens"], row["output_tokens"]) == (1000, 0)
    assert Decimal(str(row["cost_usd"])) == Decimal("0.00002")
    assert row["baseline_usd"] is None


async def test_another_provider_of_the_same_model_stands_in(
    embedders: None, router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    fake.script("maker/small", status=503)

    body = {"model": "maker/small", "input": "Hi"}
    reply = await live.post("/v1/embeddings", body)

    assert reply.status == 200
    assert reply.headers["x-modeloptix-provider"] == "far"
    assert [a["provider"] for a in await attempts(2)] == ["near", "far"]


async def test_another_model_never_stands_in(
    embedders: None, router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    fake.script("maker/small", status=503)
    fake.script("maker/small-far", status=503)

    reply = await live.post("/v1/embeddings", {"model": "small", "input": "Hi"})

    assert reply.status == 502
    assert {received.model for received in fake.requests} == {
        "maker/small",
        "maker/small-far",
    }


async def test_base64_is_what_openai_s_clients_read(
    embedders: None, router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    body = {"model": "small", "input": "Hi", "dimensions": 4}

    plain = (await live.post("/v1/embeddings", body)).json()
    packed = (
        await live.post("/v1/embeddings", {**body, "encoding_format": "base64"})
    ).json()

    vector = struct.unpack("<4f", base64.b64decode(packed["data"][0]["embedding"]))
    assert vector == pytest.approx(plain["data"][0]["embedding"], abs=1e-6)


async def test_a_test_key_gets_vectors_from_nobody(
    embedders: None, router: Runtime, test: Caller, fake: FakeProvider
) -> None:
    body = {"model": "small", "input": ["Hi", "Ho", "Hi"]}

    answer = (await test.post("/v1/embeddings", body)).json()
    again = (await test.post("/v1/embeddings", body)).json()

    first, other, same = (row["embedding"] for row in answer["data"])
    assert first == same != other
    assert sum(value * value for value in first) == pytest.approx(1)
    assert again["data"] == answer["data"]
    assert answer["usage"]["cost"] == 0
    assert fake.requests == []
    assert (await ledger(2))[0]["is_test"] is True


REFUSED: list[tuple[dict[str, object], int, str]] = [
    ({"model": "primary", "input": "Hi"}, 400, "model"),
    ({"model": "nope", "input": "Hi"}, 404, "model"),
    ({"model": "auto", "input": "Hi"}, 400, "model"),
    ({"model": "small", "input": []}, 400, "input"),
    ({"model": "small"}, 400, "input"),
    ({"input": "Hi"}, 400, "model"),
    ({"model": "small", "input": "Hi", "models": ["large"]}, 400, "models"),
]


async def test_what_cannot_be_embedded_is_refused(
    embedders: None, router: Runtime, live: Caller
) -> None:
    for body, status, param in REFUSED:
        reply = await live.post("/v1/embeddings", body)

        told = (reply.status, reply.json()["error"]["param"])
        assert told == (status, param), body


async def test_what_else_holds_for_embeddings(
    embedders: None, router: Runtime, live: Caller
) -> None:
    wish = {"model": "small", "input": "Hi", "provider": {"order": ["far"]}}

    preferred = await live.post("/v1/embeddings", wish)
    chat = await live.complete("Hi", model="small")

    assert preferred.headers["x-modeloptix-provider"] == "far"
    assert chat.status == 400
    assert "/v1/embeddings" in chat.json()["error"]["message"]


async def test_embedding_models_are_in_the_list(
    embedders: None, router: Runtime, live: Caller
) -> None:
    models = (await live.get("/v1/models")).json()["data"]
    one = (await live.get("/v1/models/maker/small")).json()

    kinds = {model["id"]: model["kind"] for model in models}
    assert kinds["maker/small"] == "embedding"
    assert kinds["primary-house/primary"] == "chat"
    assert one in models
    assert [offer["provider"] for offer in one["offers"]] == ["near", "far"]
