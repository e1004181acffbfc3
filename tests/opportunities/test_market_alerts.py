"""What the market does is told to those who use it, once."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from apps.accounts.models import Organization, User
from apps.alerts.models import Alert
from apps.alerts.rule_models import Watermark
from apps.alerts.services import Kind, Severity
from apps.catalog.models import AIModel, ModelChange, Offer, Provider
from apps.kit.clock import utc_now
from apps.kit.ids import uuid7
from apps.opportunities.in_use import InUse
from apps.opportunities.market_alerts import News, tell_market
from apps.opportunities.tasks import tell_market as job
from apps.portfolio.models import UseCase
from apps.router.health import OUTCOMES
from apps.router.health_models import OfferSpan
from apps.tenancy.scope import scope
from tests.opportunities.conftest import make_use_case, model

pytestmark = pytest.mark.django_db(transaction=True)
What = ModelChange.What


def change(what: str = What.PRICE, slug: str = "openai/gpt-4o", **fields: Any) -> None:
    values: dict[str, Any] = {
        "at": utc_now(),
        "what": what,
        "ai_model": model(slug) if slug else None,
        "origin": "editor",
        "source": "test",
    }
    if what == What.PRICE:
        offer = Offer.objects.using("owner").get(ai_model__slug=slug)
        values |= {
            "offer": offer,
            "field": "input",
            "old": "2.5",
            "new": "2",
            "change_share": -0.2,
        }
    ModelChange.objects.using("owner").create(**{**values, **fields})


def told(org: Organization) -> list[tuple[str, str]]:
    with scope(org.id):
        rows = Alert.objects.order_by("created_at")
        return [(row.kind, row.title) for row in rows]


@pytest.fixture
def uses(catalog: None, acme: Organization, olga: User) -> Organization:
    """Acme runs on GPT-4o, and the first look is over."""
    make_use_case(acme)
    tell_market()
    return acme


def test_a_price_that_moves_is_told_once_to_who_uses_it(
    uses: Organization, globex: Organization, gil: User
) -> None:
    at = utc_now()
    change(at=at)
    change(at=at, field="output", old="10", new="8")
    change(field="input", condition="above 200000 tokens", change_share=-0.5)
    job()
    job()

    assert told(uses) == [("price_change", "gpt-4o costs 20% less at openai")]
    with scope(uses.id):
        body = Alert.objects.get().body
    assert "Input: $2.5 → $2 / M (-20%)" in body
    assert "source test" in body
    assert told(globex) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"change_share": 0.09},
        {"change_share": None},
        {"field": "cache_read"},
        {"is_first_look": True},
        {"slug": "dear/o1-pro"},
        {"at": utc_now() - timedelta(days=3)},
    ],
)
def test_what_is_no_news_is_not_told(
    uses: Organization, fields: dict[str, Any]
) -> None:
    change(**fields)
    tell_market()

    assert told(uses) == []


def test_a_change_that_is_committed_late_is_told_all_the_same(
    uses: Organization,
) -> None:
    tell_market()
    change(at=utc_now() - timedelta(minutes=30))
    tell_market()

    assert len(told(uses)) == 1
    assert Watermark.objects.using("jobs").count() == 1


def test_a_new_model_of_a_family_and_a_providers_tier_are_told(
    uses: Organization,
) -> None:
    models = AIModel.objects.using("owner")
    models.filter(slug__in=["openai/gpt-4o", "dear/o1-pro"]).update(
        family="gpt", author="openai"
    )
    provider = Provider.objects.using("owner").get(slug="openai")
    with scope(uses.id):
        UseCase.objects.update(current_provider=provider)
    change(What.MODEL_ADDED, "dear/o1-pro")
    change(What.MODEL_ADDED, "mini/gpt-4o-mini")
    tier = {"provider": provider, "field": "tier", "old": "A", "new": "B"}
    change(What.PROVIDER_CHANGED, "", **tier)
    change(What.PROVIDER_CHANGED, "", provider=provider, field="website")
    tell_market()

    assert told(uses) == [
        ("new_model", "o1-pro is new in a family you use"),
        ("trust_change", "openai: Trust tier: A → B"),
    ]


def test_an_end_is_told_at_ninety_sixty_and_thirty_days(uses: Organization) -> None:
    today = utc_now().date()
    models = AIModel.objects.using("owner").filter(slug="openai/gpt-4o")
    for days in (120, 90, 89, 60, 45, 30, 1, -1):
        # The day stays; the calendar goes on.
        models.update(sunset_on=today + timedelta(days=days))
        tell_market()

    with scope(uses.id):
        keys = [alert.key.rpartition(":")[2] for alert in Alert.objects.all()]
        severities = {alert.severity for alert in Alert.objects.all()}
    assert set(keys) == {"90", "60", "30"}
    assert severities == {0, 1, 2}


def test_a_provider_at_which_requests_fail_is_told_with_its_share_alone(
    uses: Organization,
) -> None:
    provider = Provider.objects.using("owner").get(slug="openai")
    offer = Offer.objects.using("owner").get(ai_model__slug="openai/gpt-4o")
    with scope(uses.id):
        UseCase.objects.update(current_provider=provider)
    _span(offer.id, failed=30, fine=70)
    tell_market()
    tell_market()

    assert told(uses) == [("provider_incident", "openai fails 30% of requests")]
    with scope(uses.id):
        assert "100" not in Alert.objects.get().body


def _span(offer_id: UUID, *, failed: int, fine: int) -> None:
    outcomes = [0] * len(OUTCOMES)
    outcomes[OUTCOMES.index("ok")] = fine
    bad = next(i for i, name in enumerate(OUTCOMES) if "over" in name or "5" in name)
    outcomes[bad] = failed
    OfferSpan.objects.using("owner").create(
        offer_id=offer_id,
        starts_at=utc_now() - timedelta(minutes=5),
        provider="openai",
        model="openai/gpt-4o",
        outcomes=outcomes,
        latencies=[],
        first_tokens=[],
    )


def test_whom_a_piece_of_news_concerns() -> None:
    mine, other = uuid7(), uuid7()
    use = InUse()
    use.models[mine].add("openai")
    use.families = {("openai", "gpt")}

    def news(**fields: Any) -> News:
        return News(Kind.PRICE_CHANGE, Severity.INFO, "t", "k", **fields)

    cases: list[tuple[News, bool]] = [
        (news(model_id=mine), True),
        (news(model_id=mine, provider="openai"), True),
        (news(model_id=mine, provider="azure"), False),
        (news(model_id=other), False),
        (news(model_id=other, family=("openai", "gpt")), True),
        (news(model_id=mine, family=("openai", "gpt")), False),
        (news(provider="openai"), True),
        (news(provider="azure"), False),
    ]
    assert [one.concerns(use) for one, _ in cases] == [is_so for _, is_so in cases]
