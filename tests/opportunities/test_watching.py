"""Custom rules: what fits, what is told, how often, and what would have been."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from apps.accounts.models import Organization, User
from apps.alerts import rule_services
from apps.alerts.models import Alert
from apps.alerts.rule_models import Rule
from apps.alerts.rule_services import NewRule
from apps.alerts.tasks import watch_rules
from apps.kit.clock import utc_now
from apps.kit.errors import PermissionDeniedError, ValidationError
from apps.router.alias_services import NewAlias, create_alias, delete_alias
from apps.tenancy.scope import scope
from tests.opportunities.conftest import make_use_case, rate
from tests.opportunities.test_market_alerts import change
from tests.web.usage import make_usage

pytestmark = pytest.mark.django_db(transaction=True)


def make_rule(org: Organization, about: str, **params: Any) -> Rule:
    with scope(org.id):
        return rule_services.create_rule(NewRule(about, params))


def titles(org: Organization) -> list[str]:
    with scope(org.id):
        return [alert.title for alert in Alert.objects.filter(kind="custom_rule")]


def test_a_price_that_moves_far_fires_once_a_cool_down(
    catalog: None, acme: Organization, olga: User
) -> None:
    make_use_case(acme)
    rule = make_rule(acme, "price_move", percent="15")
    change(change_share=-0.12)
    change(change_share=-0.2)
    change(change_share=0.3)
    watch_rules()
    watch_rules()

    assert titles(acme) == ["gpt-4o: the price moved by -20% at openai"]
    with scope(acme.id):
        rule.refresh_from_db()
        assert rule.fired_at is not None
        body = Alert.objects.get(kind="custom_rule").body
    assert "Rule: The price of any model we use moves by more than 15 %" in body


def test_a_preview_counts_what_would_have_fired_in_thirty_days(
    catalog: None, acme: Organization, olga: User
) -> None:
    make_use_case(acme)
    for days in (1, 5, 5, 29, 40):
        change(at=utc_now() - timedelta(days=days), change_share=0.5)
    wanted = NewRule("price_move", {"percent": "10"})
    with scope(acme.id):
        found = rule_services.preview(wanted)

    assert (found.times, found.days) == (3, 30)


def test_a_better_model_at_half_the_price_fires_and_says_what_it_rests_on(
    catalog: None, acme: Organization, olga: User
) -> None:
    make_use_case(acme)
    rate("mini/gpt-4o-mini", 0.65)
    make_rule(acme, "better_model", points="5", price_percent="50")
    watch_rules()

    assert titles(acme) == [
        "Support triage: gpt-4o-mini beats gpt-4o by 10 points at 6% of its price"
    ]
    with scope(acme.id):
        wanted = NewRule("better_model", {"points": "5", "price_percent": "50"})
        found = rule_services.preview(wanted)
    assert found.times is None
    assert "It would fire now for 1 use case." in found.note


@pytest.mark.parametrize(
    ("score", "share"), [(0.57, "50"), (0.65, "5")], ids=["points", "price"]
)
def test_a_model_that_is_not_good_or_cheap_enough_does_not_fire(
    catalog: None, acme: Organization, olga: User, score: float, share: str
) -> None:
    make_use_case(acme)
    rate("mini/gpt-4o-mini", score)
    make_rule(acme, "better_model", points="5", price_percent=share)
    watch_rules()

    assert titles(acme) == []


def test_the_spend_of_an_alias_fires_once_a_day(acme: Organization, olga: User) -> None:
    with scope(acme.id):
        alias = create_alias(NewAlias("uc/triage"))
    rule = make_rule(acme, "spend", alias="uc/triage", usd="5")
    make_usage(acme, cost_usd=Decimal("5"), alias="uc/triage")

    watch_rules()
    assert titles(acme) == []
    make_usage(acme, cost_usd=Decimal("0.01"), alias="uc/triage")
    make_usage(acme, cost_usd=Decimal("99"), alias="uc/other")

    watch_rules()
    watch_rules()

    (title,) = titles(acme)
    assert title.startswith("uc/triage has spent $5.01 on ")
    with scope(acme.id):
        found = rule_services.preview(NewRule("spend", rule.params))
        assert found.times == 1
        delete_alias(alias.id)
    watch_rules()
    with scope(acme.id):
        rule.refresh_from_db()
    assert "is no more" in rule.error


def test_a_plan_without_rules_has_none_and_looks_at_none(
    catalog: None, acme: Organization, olga: User, settings: Any
) -> None:
    make_use_case(acme)
    make_rule(acme, "price_move", percent="10")
    settings.STRIPE_SECRET_KEY = "sk_test_of_the_tests"
    change(change_share=0.5)
    watch_rules()

    assert titles(acme) == []
    with pytest.raises(PermissionDeniedError):
        make_rule(acme, "price_move", percent="10")


@pytest.mark.parametrize(
    ("about", "params"),
    [
        ("price_move", {"percent": "NaN"}),
        ("price_move", {"percent": "-5"}),
        ("price_move", {"percent": "1e9"}),
        ("better_model", {"points": "5"}),
        ("spend", {"alias": "uc/none", "usd": "5"}),
        ("other", {}),
    ],
)
def test_a_rule_that_means_nothing_is_refused(
    acme: Organization, olga: User, about: str, params: dict[str, str]
) -> None:
    with pytest.raises(ValidationError):
        make_rule(acme, about, **params)
