"""Who serves a model behind OpenRouter: offers of their own, with discounts apart."""

from pathlib import Path

import pytest

from apps.catalog.models import ModelChange, Offer, OfferHealth, PendingChange, Provider
from apps.catalog.sources.base import BrokenPayloadError
from tests.catalog.openrouter import (
    endpoint,
    offer_of,
    prices_of,
    several,
    sync,
    sync_endpoints,
    sync_file,
    write,
    writes,
)

pytestmark = pytest.mark.django_db(transaction=True)
GLM = "z-ai/glm-5.2"


def glm(*endpoints: dict[str, object]) -> dict[str, list[dict[str, object]]]:
    return {GLM: list(endpoints)}


def discounted(share: float, prompt: str, completion: str) -> dict[str, object]:
    return endpoint("gmicloud/fp8", prompt, completion, pricing={"discount": share})


def test_endpoints_are_offers_beside_the_headline(tmp_path: Path) -> None:
    sync(tmp_path, several())

    sync_endpoints(
        tmp_path,
        glm(
            endpoint("deepinfra/fp4", "0.0000002", "0.0000007", quantization="fp4"),
            endpoint("z-ai/fp8", "0.0000014", "0.0000044"),
        ),
    )

    headline, cheap = offer_of(GLM), offer_of(GLM, "deepinfra/fp4")
    assert (headline.is_headline, cheap.is_headline) == (True, False)
    assert cheap.ai_model == headline.ai_model
    assert cheap.served_by == Provider.objects.get(slug="deepinfra")
    assert offer_of(GLM, "z-ai/fp8").served_by == Provider.objects.get(slug="zai")
    assert cheap.provider == Provider.objects.get(slug="openrouter", is_broker=True)
    assert OfferHealth.objects.get(offer=cheap).uptime_1d == 0.999


def test_a_discount_is_kept_apart_and_its_coming_and_going_noted(
    tmp_path: Path,
) -> None:
    sync(tmp_path, several())
    sync_endpoints(tmp_path, glm(discounted(0, "0.0000014", "0.0000044")))

    sync_endpoints(tmp_path, glm(discounted(0.9, "0.00000014", "0.00000044")))

    offer = offer_of(GLM, "gmicloud/fp8")
    assert prices_of(offer, is_discount=False)["input", 0] == "1.4"
    assert prices_of(offer, is_discount=True)["input", 0] == "0.14"
    # Nine tenths off is no jump of the list price.
    assert not PendingChange.objects.exists()
    sync_endpoints(tmp_path, glm(discounted(0, "0.0000014", "0.0000044")))
    assert prices_of(offer, is_discount=True) == {}
    moves = ModelChange.objects.filter(what="discount", field="input").order_by("at")
    assert [(m.old, m.new) for m in moves] == [(None, "0.14"), ("0.14", None)]
    assert not ModelChange.objects.filter(what="price").exists()


def test_the_same_endpoints_twice_write_nothing(tmp_path: Path) -> None:
    sync(tmp_path, several())
    rows = glm(
        discounted(0.35, "0.00000091", "0.00000286"),
        endpoint("google-vertex/us-south1", "0.00000025", "0.000001"),
        endpoint("google-vertex/us-south1", "0.0000003", "0.0000012"),
    )
    sync_endpoints(tmp_path, rows)

    with writes() as written:
        sync_endpoints(tmp_path, rows)

    assert written == []
    assert Offer.objects.exclude(endpoint_tag="").count() == 3


def test_a_measurement_is_no_change_of_the_catalog(tmp_path: Path) -> None:
    sync(tmp_path, several())
    sync_endpoints(tmp_path, glm(endpoint("deepinfra", "0.0000002", "0.0000007")))
    before = ModelChange.objects.count()

    slow = endpoint("deepinfra", "0.0000002", "0.0000007", uptime_last_1d=50)
    sync_endpoints(tmp_path, glm(slow))

    assert OfferHealth.objects.get().uptime_1d == 0.5
    assert ModelChange.objects.count() == before


def test_only_the_endpoints_of_models_asked_for_can_be_missed(tmp_path: Path) -> None:
    sync(tmp_path, several())
    one = endpoint("deepinfra", "0.0000002", "0.0000007")
    both = {GLM: [one], "qwen/qwen3.7-flash": [one]}
    sync_endpoints(tmp_path, both)

    for _ in range(3):
        sync_endpoints(tmp_path, {GLM: [one, endpoint("z-ai", "0.1", "0.1")]})

    assert offer_of("qwen/qwen3.7-flash", "deepinfra").missing_since is None


def test_an_endpoint_that_is_gone_is_delisted_after_three_misses(
    tmp_path: Path,
) -> None:
    sync(tmp_path, several())
    stays = [endpoint(f"p{number}", "0.0000002", "0.0000007") for number in range(9)]
    sync_endpoints(tmp_path, glm(*stays, endpoint("gone", "0.0000002", "0.0000007")))

    for _ in range(3):
        sync_endpoints(tmp_path, glm(*stays))

    assert offer_of(GLM, "gone").delisted_at
    assert offer_of(GLM, "p1").delisted_at is None


def test_endpoints_of_unknown_models_are_passed_by(tmp_path: Path) -> None:
    sync(tmp_path, several())

    sync_endpoints(tmp_path, {"a/unknown": [endpoint("deepinfra", "0.1", "0.1")]})

    assert not Offer.objects.exclude(endpoint_tag="").exists()


@pytest.mark.parametrize(
    "body", [{}, {GLM: {}}, {GLM: {"data": {"endpoints": {}}}}, {GLM: None}]
)
def test_broken_endpoints_change_nothing(tmp_path: Path, body: object) -> None:
    sync(tmp_path, several())

    with writes() as written, pytest.raises(BrokenPayloadError):
        sync_file(write(tmp_path / "e.json", body), source="openrouter_endpoints")

    assert written == []
