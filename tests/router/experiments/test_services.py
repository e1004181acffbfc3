"""An experiment's life: draft, running, ended by a rule, promoted, undone."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from apps.accounts.models import Organization
from apps.audit.models import AuditEntry
from apps.kit.clock import utc_now
from apps.kit.errors import ConflictError, NotFoundError, ValidationError
from apps.kit.ids import uuid7
from apps.router import experiment_services as services
from apps.router.alias_models import Alias
from apps.router.experiment_models import Experiment, ExperimentHold, Judgement
from apps.router.experiment_queries import get_experiment, results
from apps.router.experiment_services import NewExperiment
from apps.router.outcome_models import Outcome
from apps.tenancy.scope import scope
from tests.factories import make_routed_request

pytestmark = pytest.mark.django_db(transaction=True)

BACKUP, THIRD = "backup-house/backup", "third-house/third"


@pytest.fixture(autouse=True)
def in_scope(org: Organization) -> Any:
    with scope(org.id):
        yield


def wanted(alias: Alias, **fields: Any) -> NewExperiment:
    usual = {"name": "One", "alias_id": alias.id, "kind": "ab", "model": BACKUP}
    return NewExperiment(**{**usual, **fields})


def rows_of(experiment: Experiment, arm: str, count: int, **fields: Any) -> None:
    purpose = "shadow" if experiment.kind == "shadow" and arm != "control" else "call"
    for number in range(count):
        make_routed_request(
            Organization(id=experiment.org_id),
            experiment_id=experiment.id,
            arm=arm,
            purpose=purpose,
            alias="uc/triage",
            **{"latency_ms": 100 + number, "cost_usd": Decimal("0.01"), **fields},
        )


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"model": "nobody/nothing"}, "model"),
    ({"model": "primary-house/primary"}, "model"),
    ({"alias_id": UUID(int=9)}, "alias_id"),
    ({"kind": "shadow"}, "budget_usd"),
    ({"quality": "judge", "judge_model": THIRD}, "quality"),
]
JUDGED = {"kind": "shadow", "budget_usd": Decimal(1), "quality": "judge"}


def test_what_cannot_be_compared_is_refused(market: None, alias: Alias) -> None:
    judges = [
        ({**JUDGED, "judge_model": judge}, "judge_model")
        for judge in ("nobody/nothing", BACKUP)
    ]
    for fields, param in [*WRONG, *judges]:
        with pytest.raises(ValidationError) as refused:
            services.create_experiment(wanted(alias, **fields))
        assert refused.value.param == param


def test_an_alias_that_bars_the_candidate_has_no_experiment_with_it(
    market: None, alias: Alias
) -> None:
    Alias.objects.update(rules={"models": ["primary-house/*"]})

    with pytest.raises(ValidationError, match="does not allow"):
        services.create_experiment(wanted(alias))


def test_an_alias_has_one_running_at_a_time(
    running: Callable[..., Experiment], alias: Alias
) -> None:
    running()
    other = services.create_experiment(wanted(alias, name="Two"))

    with pytest.raises(ConflictError):
        services.start_experiment(other.id)


def test_a_state_is_left_once(ab: Experiment) -> None:
    services.stop_experiment(ab.id)

    with pytest.raises(ConflictError):
        services.stop_experiment(ab.id)
    with pytest.raises(ConflictError):
        services.start_experiment(ab.id)


def test_a_running_one_is_not_deleted_and_nobody_elses_is_seen(
    ab: Experiment,
) -> None:
    with pytest.raises(ConflictError):
        services.delete_experiment(ab.id)
    with pytest.raises(NotFoundError):
        get_experiment(UUID(int=5))

    services.stop_experiment(ab.id)
    services.delete_experiment(ab.id)

    assert not Experiment.objects.exists()


def test_a_promotion_is_undone_exactly_and_not_over_anothers_change(
    ab: Experiment, alias: Alias
) -> None:
    before = dict(alias.rules)
    with pytest.raises(ConflictError):
        services.promote(ab.id)
    services.stop_experiment(ab.id)

    services.promote(ab.id)
    promoted = Alias.objects.get(id=alias.id)
    services.undo_promotion(ab.id)
    undone = Alias.objects.get(id=alias.id)
    services.promote(ab.id)
    Alias.objects.filter(id=alias.id).update(rules={"cache_ttl_s": 5})

    assert promoted.rules["forced"] == BACKUP
    assert undone.rules == before
    assert undone.version == alias.version + 2
    with pytest.raises(ConflictError):
        services.undo_promotion(ab.id)
    actions = AuditEntry.objects.values_list("action", flat=True)
    assert {"experiment.promoted", "experiment.promotion_undone"} <= set(actions)


def test_results_have_each_arms_figures_with_intervals(ab: Experiment) -> None:
    rows_of(ab, "control", 40, model="primary-house/primary")
    rows_of(ab, "candidate", 30, model=BACKUP, cost_usd=Decimal("0.004"))
    rows_of(ab, "candidate", 5, model=BACKUP, status="failed", cost_usd=None)
    rows_of(ab, "candidate", 3, model="primary-house/primary", cost_usd=None)
    rows_of(ab, "candidate", 4, model=BACKUP, status="cancelled")
    rows_of(ab, "control", 9, cache="exact", cost_usd=Decimal(0))
    rows_of(ab, "control", 2, is_test=True)

    said = results(get_experiment(ab.id))

    control, candidate = said.arms
    assert (control.requests, candidate.requests) == (40, 38)
    assert (candidate.failed, candidate.stood_in, candidate.unpriced) == (5, 3, 4)
    assert candidate.errors.middle == pytest.approx(5 / 38)
    assert control.cost.middle == pytest.approx(0.01)
    assert control.p50.low < control.p50.middle == pytest.approx(119.5)
    assert control.p50.high < control.p95.high
    assert control.cost_usd == Decimal("0.4")
    assert said.verdict == ""


def _judged(experiment: Experiment, outcomes: str, inconsistent: int = 0) -> None:
    names = {"w": "win", "l": "loss", "t": "tie"}
    Judgement.objects.bulk_create(
        Judgement(
            experiment=experiment,
            request_id=uuid7(),
            outcome=names[letter],
            is_consistent=number >= inconsistent,
            judge=THIRD,
        )
        for number, letter in enumerate(outcomes)
    )


@pytest.mark.parametrize(
    ("outcomes", "inconsistent", "state", "verdict"),
    [
        ("wltt" * 75, 0, "concluded", "not_worse"),
        ("wwwt" * 75, 0, "concluded", "better"),
        ("lllt" * 75, 0, "concluded", "worse"),
        ("wltt" * 10, 0, "running", ""),
        ("wltt" * 75, 100, "running", ""),
    ],
    ids=["equal", "better", "worse", "few", "unsure"],
)
def test_a_certain_verdict_ends_it(
    judged: Experiment, outcomes: str, inconsistent: int, state: str, verdict: str
) -> None:
    _judged(judged, outcomes, inconsistent)

    ended = services.watch(judged.id)

    found = get_experiment(judged.id)
    assert (found.state, found.verdict) == (state, verdict)
    assert ended == (state != "running")


def test_a_candidate_that_fails_far_more_often_is_stopped(ab: Experiment) -> None:
    rows_of(ab, "control", 60)
    rows_of(ab, "candidate", 60, status="failed", cost_usd=None)

    services.watch(ab.id)

    found = get_experiment(ab.id)
    assert (found.state, found.verdict) == ("stopped", "worse")


def test_days_requests_and_budget_end_it(
    running: Callable[..., Experiment], shadow: Experiment
) -> None:
    assert services.watch(shadow.id) is False
    Experiment.objects.update(started_at=utc_now() - timedelta(days=15))
    assert services.watch(shadow.id) is True
    by_requests = running(name="Two", max_requests=100)
    rows_of(by_requests, "control", 101)
    assert services.watch(by_requests.id) is True
    by_budget = running(
        name="Three", kind="shadow", budget_usd=Decimal("0.05"), quality="none"
    )
    rows_of(by_budget, "candidate", 5)
    assert services.watch(by_budget.id) is True

    reasons = Experiment.objects.order_by("created_at").values_list("end_reason")
    assert [reason for (reason,) in reasons] == [
        "14 days are over.",
        "100 requests have taken part.",
        "Its budget is used up.",
    ]


def test_feedback_decides_an_ab_test(ab: Experiment) -> None:
    """The newest mark of a request counts, and marks of shadows or hits do not."""
    for arm, mark in (("control", 0.9), ("candidate", 0.2)):
        for _ in range(120):
            request_id = uuid7()
            rows_of(ab, arm, 1, id=request_id)
            for quality in (0.5, mark):
                Outcome.objects.create(
                    request_id=request_id,
                    source="feedback",
                    grader=str(quality),
                    quality=quality,
                )

    said = results(get_experiment(ab.id))

    assert (said.control.quality.count, said.candidate.quality.count) == (120, 120)
    assert said.gain is not None
    assert said.gain.middle == pytest.approx(-0.7)
    assert said.verdict == "worse"


def test_what_a_dead_process_spent_is_booked_from_the_ledger(
    shadow: Experiment,
) -> None:
    rows_of(shadow, "candidate", 3)
    ExperimentHold.objects.create(
        experiment=shadow,
        amount_usd=Decimal("0.5"),
        expires_at=utc_now() - timedelta(seconds=1),
    )

    services.watch(shadow.id)
    services.watch(shadow.id)

    assert get_experiment(shadow.id).spent_usd == Decimal("0.03")
    assert not ExperimentHold.objects.exists()
