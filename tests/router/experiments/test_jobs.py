"""What the clock does with experiments and kept answers."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from apps.jobs.lock import hold
from apps.kit.clock import utc_now
from apps.router.experiment_models import Experiment, ExperimentHold
from apps.router.experiment_queries import running_experiments
from apps.router.forgetting import drop_expired_answers
from apps.tenancy.scope import scope, unscoped

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_jobs_find_what_runs_and_drop_what_is_over(
    running: Callable[..., Experiment],
) -> None:
    shadow = running(kind="shadow", budget_usd=Decimal(1))
    ends = [utc_now() + timedelta(seconds=seconds) for seconds in (-1, 60)]
    with scope(shadow.org_id):
        for end in ends:
            ExperimentHold.objects.create(
                experiment=shadow, amount_usd=Decimal(1), expires_at=end
            )

    with unscoped("the experiments that run are every organization's"):
        found = running_experiments()
    with hold("test.answers", trigger="manual") as held:
        dropped = drop_expired_answers(held)

    assert found == [(shadow.org_id, shadow.id)]
    assert dropped == 1
