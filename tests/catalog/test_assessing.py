"""Facts of the catalog, of files and of our own traffic become trust, with evidence."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError
from pytest_django import Settings

from apps.audit.models import OperatorEntry
from apps.catalog import measurements, trust_edits
from apps.catalog.assessing import assess_all
from apps.catalog.measurements import Measured
from apps.catalog.models import (
    ModelChange,
    Offer,
    OfferHealth,
    Price,
    Provider,
    TrustFact,
    TrustOverride,
    TrustScore,
)
from apps.catalog.queries.trust import (
    combined,
    tier_of,
    trust_of_model,
    trust_of_provider,
    waiting,
)
from apps.catalog.trust_edits import NewFact, NewTrust
from apps.kit.clock import utc_now
from apps.kit.errors import PermissionDeniedError, ValidationError
from tests.catalog.editing import (
    ED,
    EVA,
    ON,
    make_model,
    make_offer,
    make_provider,
    soon,
)

pytestmark = pytest.mark.django_db(transaction=True)

GOOD: dict[str, Any] = {
    "trains_on_prompts": False,
    "retains_prompts": False,
    "may_publish_prompts": False,
    "headquarters": "US",
    "datacenters": ["US", "IE"],
    "privacy_url": "https://a.example/privacy",
    "terms_url": "https://a.example/terms",
    "status_url": "https://a.example/status",
}


def assess() -> int:
    return assess_all(using="jobs", on=utc_now().date())


def scores(provider: Provider) -> dict[str, int | None]:
    return {one.slug: one.score for one in trust_of_provider(provider)}


def test_what_a_provider_states_becomes_scores_and_a_tier() -> None:
    provider = make_provider(**GOOD)

    assess()

    provider.refresh_from_db()
    assert provider.tier == "A"
    found = scores(provider)
    assert (found["data_use"], found["jurisdiction"]) == (100, 67)
    assert found["reliability"] is None
    first = TrustScore.objects.get(dimension="data_use").evidence[0]
    assert first["url"] == "https://a.example/privacy"


def test_assessing_again_writes_nothing() -> None:
    make_provider(**GOOD)

    assert assess() > 0
    assert assess() == 0


def test_a_changed_policy_changes_the_tier_and_is_news() -> None:
    provider = make_provider(**GOOD)
    assess()
    Provider.objects.using("jobs").update(trains_on_prompts=True)

    assess()

    first, change = ModelChange.objects.filter(field="tier").order_by("at")
    assert (first.new, first.is_first_look) == ("A", True)
    assert (change.old, change.new, change.is_first_look) == ("A", "C", False)
    assert scores(provider)["data_use"] == 0


def test_facts_that_vanish_take_their_score_along() -> None:
    provider = make_provider(**GOOD)
    assess()
    Provider.objects.using("jobs").update(trains_on_prompts=None)

    assess()

    assert scores(provider)["data_use"] is None
    provider.refresh_from_db()
    assert provider.tier == ""


def test_a_provider_nobody_speaks_of_is_not_assessed() -> None:
    provider = make_provider()

    assess()

    assert set(scores(provider).values()) == {None}
    assert tier_of(provider).reasons == ("nobody says whether it trains on prompts",)


def fact(company: str, key: str, value: Any) -> None:
    TrustFact.objects.using("jobs").create(
        company=company, key=key, value=value, source="x", url="https://x", stated_on=ON
    )


def test_published_facts_are_of_providers_and_of_authors() -> None:
    provider, model = make_provider("openai"), make_model()
    fact("openai", "fmti", 35)
    fact("openai", "notices", [90, 180, 365])

    assess()

    assert scores(provider)["transparency"] == 35
    assert scores(provider)["lifecycle"] == 100
    of_model = {one.slug: one.score for one in trust_of_model(model)}
    assert of_model["transparency"] == 35
    assert of_model["lifecycle"] is None
    at_home = {one.slug: one.score for one in trust_of_model(model, provider=provider)}
    assert at_home["lifecycle"] == 100


def test_openness_counts_who_serves_a_model_brokers_aside() -> None:
    model = make_model(
        is_open_weights=True, hugging_face_id="openai/sol", licence="MIT"
    )
    broker = make_provider("broker", is_broker=True)
    hosts = [make_provider(f"host-{n}") for n in range(4)]
    make_offer(model, broker, is_headline=True)
    for number, host in enumerate(hosts):
        behind = {"served_by": host, "endpoint_tag": host.slug}
        make_offer(model, broker, **behind) if number else make_offer(model, host)

    assess()

    row = TrustScore.objects.get(dimension="openness")
    assert row.score == 87
    assert [e["text"] for e in row.evidence] == [
        "open weights under MIT",
        "served by 4 providers",
    ]


def watched(offer: Offer, *prices: str, days: int = 365) -> None:
    now = utc_now()
    Offer.objects.using("jobs").filter(pk=offer.pk).update(
        listed_at=now - timedelta(days=days)
    )
    for number, usd in enumerate(prices):
        Price.objects.using("jobs").create(
            offer=offer,
            component="input",
            usd=Decimal(usd),
            valid_from=now - timedelta(days=days - 10 * number),
            source="x",
            sourced_on=ON,
        )


def test_price_stability_comes_from_our_own_history() -> None:
    model, provider = make_model(), make_provider()
    watched(make_offer(model, provider), "1", "2", "1")

    assess()

    assert scores(provider)["price"] == round(100 * 0.5**1.25)
    text = TrustScore.objects.get(provider=provider, dimension="price").evidence[0][
        "text"
    ]
    assert text == "1 increases and 1 cuts of 1 list prices in 365 days"


def test_a_price_watched_for_too_short_says_nothing() -> None:
    provider = make_provider()
    watched(make_offer(make_model(), provider), "1", days=30)

    assess()

    assert scores(provider)["price"] is None


def test_a_sources_measurements_count_where_we_have_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    provider = make_provider()
    OfferHealth.objects.using("jobs").create(
        offer=make_offer(make_model(), provider),
        uptime_1d=0.99,
        latency_ms={"p50": 500, "p90": 1000},
        origin="openrouter",
        measured_at=utc_now(),
    )
    # Nobody measures here, whatever the router would say.
    monkeypatch.setattr(measurements, "_measures", [])

    assess()
    assert (scores(provider)["reliability"], scores(provider)["speed"]) == (67, 50)

    own = Measured("acme-ai", attempts=100, failed=10, p50_ms=100, p90_ms=100)
    measurements.register(lambda since: [own])
    assess()
    assert (scores(provider)["reliability"], scores(provider)["speed"]) == (33, 100)


def new(**fields: Any) -> NewTrust:
    plain: dict[str, Any] = {
        "reason": "Their new terms, read by us.",
        "evidence_url": "https://a.example/terms",
        "evidence_on": date(2026, 11, 1),
        "expires_at": soon(),
    }
    return NewTrust(**plain | fields)


def test_an_editor_sets_a_tier_until_a_day() -> None:
    provider = make_provider(**GOOD)
    override = trust_edits.propose(provider, new(tier="C"), by=EVA)

    shown = tier_of(provider)
    assert (shown.tier, shown.computed, shown.override) == ("C", "A", override)
    provider.refresh_from_db()
    assert provider.tier == "C"

    past = utc_now() - timedelta(days=1)
    TrustOverride.objects.using("jobs").update(
        proposed_at=past - timedelta(days=1), expires_at=past
    )
    assess()
    provider.refresh_from_db()
    assert provider.tier == "A"


def test_an_editor_sets_a_dimension_beside_what_is_computed() -> None:
    provider = make_provider(**GOOD)
    trust_edits.propose(provider, new(dimension="jurisdiction", score=95), by=EVA)

    (found,) = [t for t in trust_of_provider(provider) if t.slug == "jurisdiction"]

    assert (found.score, found.computed) == (95, 67)
    assert found.override is not None
    assert found.override.reason == "Their new terms, read by us."


def test_trust_needs_two_people_when_the_setting_asks(
    settings: Settings,
) -> None:
    settings.TRUST_TWO_PERSON_APPROVAL = True
    provider = make_provider(**GOOD)
    override = trust_edits.propose(provider, new(tier="C"), by=EVA)
    assert waiting() == [override]

    with pytest.raises(PermissionDeniedError):
        trust_edits.approve(override, by=EVA)
    with pytest.raises(IntegrityError):
        TrustOverride.objects.using("jobs").update(state="approved", decided_by=EVA)
    trust_edits.approve(override, by=ED)

    assert tier_of(provider).tier == "C"
    assert waiting() == []
    trust_edits.withdraw(override, by=EVA)
    assert tier_of(provider).tier == "A"


def test_a_refused_proposal_changes_nothing(settings: Settings) -> None:
    settings.TRUST_TWO_PERSON_APPROVAL = True
    provider = make_provider(**GOOD)
    trust_edits.refuse(trust_edits.propose(provider, new(tier="C"), by=EVA), by=ED)

    assert tier_of(provider).tier == "A"


@pytest.mark.parametrize(
    "wrong",
    [
        {"tier": "D"},
        {"tier": "A", "score": 3},
        {"dimension": "luck", "score": 3},
        {"dimension": "price"},
        {"dimension": "price", "score": 101},
        {"tier": "A", "reason": " "},
        {"tier": "A", "evidence_url": ""},
        {"tier": "A", "expires_at": utc_now() - timedelta(days=1)},
    ],
)
def test_a_senseless_override_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        trust_edits.propose(make_provider(), new(**wrong), by=EVA)


def test_a_model_has_no_tier() -> None:
    with pytest.raises(ValidationError):
        trust_edits.propose(make_model(), new(tier="A"), by=EVA)


def test_an_editor_adds_a_fact_with_its_link() -> None:
    provider = make_provider(**GOOD)
    certificate = NewFact(
        "acme-ai",
        "certification",
        "SOC 2 Type II",
        "trust page",
        "https://a.example",
        ON,
    )

    trust_edits.state_fact(certificate, by=EVA)

    assert scores(provider)["jurisdiction"] == 83
    entry = OperatorEntry.objects.get(action="trust_fact.stated")
    assert (entry.after or {})["value"] == "SOC 2 Type II"
    with pytest.raises(ValidationError):
        trust_edits.state_fact(NewFact("a", "luck", 1, "x", "https://x", ON), by=EVA)


def test_one_figure_needs_three_dimensions() -> None:
    provider = make_provider(**GOOD)
    assess()
    assert combined(trust_of_provider(provider)) is None

    fact("acme-ai", "fmti", 43)
    assess()
    assert combined(trust_of_provider(provider)) == pytest.approx((100 + 67 + 43) / 3)
