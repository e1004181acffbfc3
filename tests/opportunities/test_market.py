"""The market as it is read from the catalog."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from apps.accounts.models import Organization
from apps.catalog.models import (
    Offer,
    OfferHealth,
    OfferParameter,
    Price,
    Provider,
    TrustScore,
)
from apps.jobs.models import Run, Status
from apps.kit.clock import utc_now
from apps.opportunities.engine.candidates import Candidate
from apps.opportunities.market import market
from apps.opportunities.speeds import MEASURED, STATED
from apps.router.health_models import OfferSpan
from apps.router.models import Policy, UsageHour
from apps.tenancy.scope import scope, unscoped
from tests.opportunities.conftest import model, rate, set_price
from tests.opportunities.test_finder import override

MINI = "mini/gpt-4o-mini"


def of(slug: str, **asked: Any) -> Candidate:
    found = market(**asked).of(model(slug).id)
    assert found is not None
    return found


def add_price(usd: str, **fields: Any) -> None:
    """Another input price of the small model's offer."""
    now = utc_now()
    Price.objects.using("owner").create(
        offer=Offer.objects.using("owner").get(ai_model__slug=MINI),
        usd=Decimal(usd),
        source="test",
        sourced_on=now.date(),
        **{"component": "input", "valid_from": now - timedelta(days=1), **fields},
    )


def second_offer(**fields: Any) -> Offer:
    """The small model at another provider, at half its price."""
    provider = Provider.objects.using("owner").create(slug="half", name="Half")
    values = {
        "upstream_id": "mini",
        "context_tokens": 8000,
        "source": "test",
        "sourced_on": utc_now().date(),
        **fields,
    }
    offer = Offer.objects.using("owner").create(
        ai_model=model(MINI), provider=provider, **values
    )
    for component, usd in (("input", "0.075"), ("output", "0.3")):
        Price.objects.using("owner").create(
            offer=offer,
            component=component,
            usd=Decimal(usd),
            valid_from=utc_now(),
            source="test",
            sourced_on=utc_now().date(),
        )
    return offer


def test_a_model_is_read_with_its_price_and_quality(catalog: None) -> None:
    found = of(MINI)

    assert found.price_at(1500).input == Decimal("0.15")
    assert found.price_source == "test"
    assert found.qualities["chat"].independent == 3
    assert [one.model for one in market().candidates()] == [
        "dear/o1-pro",
        MINI,
        "openai/gpt-4o",
        "third/peer",
    ]


def test_the_picture_is_kept_until_the_catalog_changes(catalog: None) -> None:
    first = market().picture
    assert market().picture is first

    set_price(MINI, "0.2", "0.8")

    assert of(MINI).price_at(0).input == Decimal("0.2")


def test_large_prompts_and_discounts_are_kept_apart(catalog: None) -> None:
    add_price("0.3", above_prompt_tokens=32_000)
    add_price("0.05", is_discount=True, valid_until=utc_now() + timedelta(hours=1))
    add_price("0.01", utc_weekdays="56")

    found = of(MINI)

    assert found.price_at(1000).input == Decimal("0.15")
    assert found.price_at(40_000).input == Decimal("0.3")
    assert found.price_at(1000, discounted=True).input == Decimal("0.05")
    assert market().picture.holds_until is not None


def test_the_cheapest_offer_counts_and_the_makers_own_is_the_present_one(
    catalog: None,
) -> None:
    second_offer()

    assert of(MINI).provider == "half"
    current = market().current(model(MINI).id)
    assert current is not None
    assert current.provider == "mini"


@pytest.mark.parametrize(
    "fields",
    [
        {"is_headline": True},
        {"variant": "free"},
        {"service_tier": "batch"},
        {"is_stand_in": True},
        {"endpoint_tag": "half/fp8"},
        {"is_price_variable": True},
        {"is_available": False},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_what_nobody_would_pay_is_no_price(
    catalog: None, fields: dict[str, Any]
) -> None:
    second_offer(**fields)

    assert of(MINI).provider == "mini"


def test_an_offers_own_list_says_what_it_takes(catalog: None) -> None:
    offer = second_offer(has_parameter_list=True)
    OfferParameter.objects.using("owner").create(
        offer=offer,
        name="temperature",
        origin="seed",
        source="test",
        sourced_on=utc_now().date(),
    )

    found = of(MINI)

    assert (found.has_tools, found.has_json_schema) == (False, False)
    assert found.matrix is not None
    assert found.matrix.takes("temperature")


def test_the_policy_of_the_organization_holds(
    catalog: None, acme: Organization
) -> None:
    second_offer()
    with scope(acme.id):
        Policy.objects.create(rules={"ignored": ["half"]})
        assert of(MINI, org_id=acme.id).provider == "mini"
        assert of(MINI).provider == "half"


def test_a_provider_that_is_named_is_the_present_one(catalog: None) -> None:
    offer = second_offer()

    current = market().current(model(MINI).id, offer.provider_id)

    assert current is not None
    assert current.provider == "half"
    assert market().current(offer.id) is None


def test_overrides_are_on_the_offers(catalog: None) -> None:
    override(MINI, "downrank", factor=0.5)
    override(MINI, "flag")

    found = of(MINI)

    assert found.downrank == 0.5
    assert found.flags[0].startswith("outage")


def test_trust_is_the_models_own_first(catalog: None) -> None:
    provider = Provider.objects.get(slug="mini")
    rows = [
        TrustScore(provider=provider, dimension=name, score=score)
        for name, score in (("data_use", 90), ("reliability", 80), ("price", 10))
    ]
    rows.append(TrustScore(ai_model=model(MINI), dimension="price", score=70))
    rows.append(TrustScore(ai_model=model(MINI), dimension="openness", score=None))
    for row in rows:
        row.evidence, row.computed_at = [{"text": "a fact"}], utc_now()
        row.save(using="owner")

    assert of(MINI).trust.points == 80


def test_stated_speeds_stand_in_until_ours_are_measured(
    catalog: None, acme: Organization
) -> None:
    offer = Offer.objects.get(ai_model__slug=MINI)
    OfferHealth.objects.using("owner").create(
        offer=offer,
        latency_ms={"p50": 300},
        throughput={"p50": 80},
        origin="openrouter",
        measured_at=utc_now(),
    )
    assert of(MINI).speed.source == STATED

    _answers(acme, offer)
    fresh = market().picture.version
    OfferHealth.objects.using("owner").update(measured_at=utc_now())

    speed = of(MINI).speed
    assert market().picture.version != fresh
    assert (speed.source, speed.requests) == (MEASURED, 40)
    assert speed.seconds(100) is not None


def _answers(org: Organization, offer: Offer) -> None:
    """Forty of a second each, a quarter of it until the first token."""
    now = utc_now().replace(minute=0, second=0, microsecond=0)
    with unscoped("a test writes what the roll-up would"):
        UsageHour.objects.bulk_create(
            [
                UsageHour(
                    org_id=org.id,
                    provider="mini",
                    model=MINI,
                    task="chat",
                    is_test=False,
                    requests=40,
                    failed=0,
                    input_tokens=1,
                    cached_tokens=0,
                    output_tokens=4000,
                    reasoning_tokens=0,
                    cost_usd=0,
                    baseline_usd=0,
                    savings_usd=0,
                    unpriced=0,
                    latency_ms_total=40_000,
                    starts_at=now,
                )
            ]
        )
    firsts = [0] * 80
    firsts[32] = 40
    OfferSpan.objects.using("owner").create(
        offer_id=offer.id,
        starts_at=now,
        provider="mini",
        model=MINI,
        outcomes=[40],
        latencies=[0] * 80,
        first_tokens=firsts,
    )


def test_another_price_is_read_alone(catalog: None) -> None:
    before = {MINI: of(MINI), "openai/gpt-4o": of("openai/gpt-4o")}
    set_price(MINI, "0.30", "1.20")

    assert of(MINI).price_at(1500).input == Decimal("0.30")
    assert of(MINI) is not before[MINI]
    assert of("openai/gpt-4o") is before["openai/gpt-4o"]


def test_a_sync_of_prices_dates_all_of_them_anew(catalog: None) -> None:
    before = of("openai/gpt-4o")
    set_price(MINI, "0.30", "1.20")
    now = utc_now()
    Run.objects.using("jobs").create(
        name="catalog.sync_prices",
        status=Status.COMPLETED,
        token=1,
        started_at=now,
        finished_at=now,
        data_at=now,
    )

    assert of(MINI).price_at(1500).input == Decimal("0.30")
    assert of("openai/gpt-4o") is not before


def test_more_than_a_price_is_all_read_anew(catalog: None) -> None:
    before = of("openai/gpt-4o")
    set_price(MINI, "0.30", "1.20")
    rate(MINI, 0.9)

    assert of(MINI).qualities["chat"].score == 0.9
    assert of("openai/gpt-4o") is not before
