"""What a plan allows; an installation that sells none allows everything."""

from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from pytest_django.fixtures import Settings

from apps.accounts import entitlements
from apps.accounts.models import (
    Organization,
    OrganizationPlan,
    Plan,
    Staff,
    User,
)
from apps.tenancy.scope import scope

FIRST = {"free": 1, "solo": 3, "growth": 10, "pro": 25, "enterprise": None}


def _put(org: Organization, code: str) -> None:
    plan = Plan.objects.get(code=code)
    OrganizationPlan.objects.using("owner").bulk_create(
        [OrganizationPlan(org_id=org.id, plan=plan)]
    )


def test_without_stripe_everything_is_allowed(acme: Organization) -> None:
    assert entitlements.limit(acme.id, "products") is None
    assert all(entitlements.allows(acme.id, name) for name in entitlements.FEATURES)


@pytest.mark.parametrize("name", ["producs", ""])
def test_a_misspelled_name_is_a_mistake_of_ours(acme: Organization, name: str) -> None:
    with pytest.raises(KeyError):
        entitlements.limit(acme.id, name)
    with pytest.raises(KeyError):
        entitlements.allows(acme.id, name)


@pytest.mark.parametrize("code", FIRST)
def test_a_plan_decides(
    transactional_db: None, acme: Organization, settings: Settings, code: str
) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_x"
    with scope(acme.id):
        _put(acme, code)

    assert entitlements.limit(acme.id, "products") == FIRST[code]
    assert entitlements.allows(acme.id, "sso") is (code == "enterprise")
    assert entitlements.allows(acme.id, "alerts.slack") is (code != "free")
    assert entitlements.allows(acme.id, "github_app") is (code != "free")


def test_without_a_plan_it_is_the_free_one(
    acme: Organization, settings: Settings
) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_x"

    assert entitlements.plan_of(acme.id).code == "free"
    assert entitlements.limit(acme.id, "members") == 1
    assert not entitlements.allows(acme.id, "alerts.webhook")


@pytest.mark.usefixtures("db")
def test_the_plans_are_those_that_are_sold() -> None:
    prices = {
        plan.code: (plan.usd_billed_yearly, plan.usd_billed_monthly)
        for plan in Plan.objects.all()
    }

    assert prices == {
        "free": (Decimal(0), Decimal(0)),
        "solo": (Decimal("9.95"), Decimal("13.45")),
        "growth": (Decimal("19.95"), Decimal("26.95")),
        "pro": (Decimal("29.95"), Decimal("40.45")),
        "enterprise": (None, None),
    }


def test_the_web_can_neither_change_a_plan_nor_choose_one(
    acme: Organization, olga: User
) -> None:
    plan = Plan.objects.get(code="pro")
    deeds = (
        lambda: Plan.objects.filter(code="free").update(members=999),
        lambda: Plan.objects.create(code="x", name="X", position=9, alerts="all"),
        lambda: OrganizationPlan.objects.create(plan=plan),
        lambda: OrganizationPlan.objects.update(plan=plan),
    )

    for deed in deeds:
        with (
            scope(acme.id),
            pytest.raises(DatabaseError, match="denied"),
            transaction.atomic(),
        ):
            deed()


def test_the_web_makes_nobody_staff(olga: User) -> None:
    with pytest.raises(DatabaseError, match="denied"), transaction.atomic():
        Staff.objects.create(user=olga)
    assert not olga.is_staff
