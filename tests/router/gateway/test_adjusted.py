"""Parameters that an offer does not take: left out, moved into range, or required."""

import pytest
from asgiref.sync import sync_to_async

from apps.catalog.models import Offer, OfferParameter, Origin
from apps.kit.clock import utc_now
from apps.providers.fake import FakeProvider
from apps.router.front import Front
from apps.router.runtime import Runtime
from tests.asgi import App
from tests.router.conftest import DJANGO, Caller, ledger

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def app() -> App:
    """The raw front; both call the same gateway."""
    return Front(DJANGO)


@pytest.fixture
async def matrix(market: None) -> None:
    """`primary` takes temperature up to 1 and nothing else; of the rest none knows."""
    await sync_to_async(_make_matrix)()


def _make_matrix() -> None:
    offers = Offer.objects.using("owner")
    offers.filter(upstream_id="primary").update(has_parameter_list=True)
    OfferParameter.objects.using("owner").create(
        offer=offers.get(upstream_id="primary"),
        name="temperature",
        minimum=0,
        maximum=1,
        origin=Origin.SEED,
        source="test",
        sourced_on=utc_now().date(),
    )


async def test_what_is_not_taken_is_left_out_and_told(
    matrix: None, router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    reply = await live.complete(
        "Hi", model="primary", temperature=1.5, top_k=40, made_up=1
    )

    sent = fake.requests[0].body
    assert (sent["temperature"], sent["made_up"]) == (1, 1)
    assert "top_k" not in sent
    assert reply.headers["x-modeloptix-adjusted"] == (
        "dropped:top_k adjusted:temperature"
    )
    [row] = await ledger()
    assert row["adjusted"] == "dropped:top_k adjusted:temperature"


async def test_the_next_offer_gets_what_it_takes(
    matrix: None, router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    fake.script("primary", status=503)

    reply = await live.complete("Hi", models=["primary", "backup"], top_k=40)

    assert fake.requests[-1].body["top_k"] == 40
    assert "x-modeloptix-adjusted" not in reply.headers
    assert (await ledger())[0]["adjusted"] == ""


async def test_a_stream_tells_it_as_well(
    matrix: None, router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    reply = await live.complete("Hi", model="primary", stream=True, top_k=40)

    assert reply.headers["x-modeloptix-adjusted"] == "dropped:top_k"


async def test_require_parameters_refuses_instead(
    matrix: None, router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    required = {"require_parameters": True}

    told = await live.complete("Hi", model="primary", top_k=40, provider=required)
    served = await live.complete("Hi", temperature=0.5, provider=required)

    assert told.status == 503
    assert "top_k" in told.json()["error"]["message"]
    assert served.headers["x-modeloptix-model"] == "primary-house/primary"
    assert len(fake.requests) == 1
