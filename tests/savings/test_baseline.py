"""The router's premium baseline of an alias after a switch."""

import pytest

from apps.accounts.models import Organization
from apps.catalog.models import AIModel
from apps.portfolio.models import UseCase
from apps.router.models import Policy
from apps.router.plan import Planner
from apps.router.snapshot import load
from apps.router.steering import Course
from apps.tenancy.scope import scope
from tests.savings.conftest import BIG, DEAR, Make

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_is_the_model_before_unless_the_organization_chose_one(
    use_case: UseCase, make: Make, org: Organization
) -> None:
    make(use_case)
    shot = load()
    policy = shot.policy(org.id)
    [entry] = policy.aliases.values()

    assert entry.baseline_model == BIG
    assert BIG in shot.baselines

    with scope(org.id):
        Policy.objects.create(premium_model=AIModel.objects.get(slug=DEAR))
    assert load().policy(org.id).premium_model == DEAR


def test_a_request_is_measured_against_it(
    use_case: UseCase, make: Make, org: Organization
) -> None:
    make(use_case)
    shot = load()
    planner = Planner(shot, premium_model=DEAR)
    [entry] = shot.policy(org.id).aliases.values()

    assert planner._baseline_of(shot.policy(org.id), Course(alias=entry)) == BIG
    assert planner._baseline_of(shot.policy(org.id), Course()) == DEAR
