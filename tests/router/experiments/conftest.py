"""An alias of Acme with two models behind it, and experiments on it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from apps.accounts.models import Organization
from apps.router import experiment_services
from apps.router.alias_models import Alias
from apps.router.experiment_models import Experiment
from apps.router.experiment_services import NewExperiment
from apps.router.front import Front
from apps.tenancy.scope import scope
from tests.asgi import App
from tests.factories import make_key
from tests.router.conftest import DJANGO, Caller

ALIAS = "uc/triage"


@pytest.fixture
def app() -> App:
    """One front is enough: what is tested here lies behind both."""
    return Front(DJANGO)


@pytest.fixture
def alias(org: Organization) -> Alias:
    with scope(org.id):
        rules = {"forced": "primary-house/primary"}
        return Alias.objects.create(name=ALIAS, rules=rules)


@pytest.fixture
def running(market: None, alias: Alias, org: Organization) -> Callable[..., Experiment]:
    """Makes and starts an experiment; ask for it before `router`."""

    def start(**fields: Any) -> Experiment:
        wanted = {
            "name": "Cheaper triage",
            "alias_id": alias.id,
            "kind": "ab",
            "model": "backup-house/backup",
            **fields,
        }
        with scope(org.id):
            made = experiment_services.create_experiment(NewExperiment(**wanted))
            return experiment_services.start_experiment(made.id)

    return start


@pytest.fixture
def ab(running: Callable[..., Experiment]) -> Experiment:
    return running(sticky="session")


@pytest.fixture
def shadow(running: Callable[..., Experiment]) -> Experiment:
    return running(kind="shadow", budget_usd=Decimal(1), quality="none")


@pytest.fixture
def judged(running: Callable[..., Experiment]) -> Experiment:
    return running(
        kind="shadow",
        budget_usd=Decimal(1),
        quality="judge",
        judge_model="third-house/third",
    )


@pytest.fixture
def poor(running: Callable[..., Experiment]) -> Experiment:
    """A shadow with a budget for two or three calls."""
    return running(
        kind="shadow", budget_usd=Decimal("0.01"), quality="none", name="Poor"
    )


@pytest.fixture
def member(app: App, org: Organization) -> Caller:
    return Caller(app, make_key(org)[1])
