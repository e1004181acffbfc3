"""What the alias's rules and its experiments mean for a use case's options."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from apps.accounts.models import Organization
from apps.kit.clock import utc_now
from apps.opportunities.models import Opportunity
from apps.portfolio.models import UseCase
from apps.router.alias_models import Alias
from apps.router.alias_services import NewAlias, create_alias
from apps.router.engine.rules import Rules
from apps.router.experiment_models import Experiment
from apps.tenancy.scope import scope
from tests.opportunities.conftest import look

type Read = Callable[[], Opportunity]


def attach(org: Organization, rules: Rules) -> None:
    """Give the organization's use case an alias with these rules."""
    with scope(org.id):
        alias = create_alias(NewAlias("uc/triage", "", rules))
        UseCase.objects.update(alias=alias)


def test_a_forced_model_bars_no_other_and_a_barred_one_is_out(
    the_one: Read, acme: Organization
) -> None:
    attach(acme, Rules(forced="openai/gpt-4o", barred_models=("nobody/*",)))
    look(acme)
    assert (the_one().state, the_one().effort) == ("active", "very_low")

    with scope(acme.id):
        UseCase.objects.update(alias=None)
    look(acme)
    assert the_one().effort == "low"


def test_what_the_aliass_rules_bar_is_out(the_one: Read, acme: Organization) -> None:
    attach(acme, Rules(barred_models=("mini/*",)))

    look(acme)

    assert the_one().state == "invalidated"
    assert the_one().state_reason == "barred by your rules"


@pytest.mark.parametrize(
    ("verdict", "state", "basis"),
    [("not_worse", "active", "experiment"), ("worse", "invalidated", "task_benchmark")],
)
def test_an_experiment_on_live_traffic_says_the_most(
    the_one: Read, acme: Organization, verdict: str, state: str, basis: str
) -> None:
    attach(acme, Rules())
    with scope(acme.id):
        Experiment.objects.create(
            name="Try it",
            alias=Alias.objects.get(),
            kind="ab",
            arms=[
                {"name": "control", "weight": 0.5, "model": ""},
                {"name": "candidate", "weight": 0.5, "model": "mini/gpt-4o-mini"},
            ],
            state="concluded",
            verdict=verdict,
            started_at=utc_now(),
            ended_at=utc_now() + timedelta(hours=1),
        )

    look(acme)

    assert the_one().state == state
    assert the_one().details["basis"] == basis
