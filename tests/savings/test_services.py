"""A switch's life: made, superseded, undone, resumed, refused; on a real alias."""

import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from apps.accounts.models import Organization, User
from apps.audit.models import AuditEntry
from apps.jobs.models import Message
from apps.kit.errors import ConflictError, NotFoundError, ValidationError
from apps.opportunities.finder import rescore
from apps.opportunities.models import Opportunity
from apps.portfolio.models import UseCase
from apps.portfolio.queries import get_use_case
from apps.router.alias_models import Alias
from apps.router.experiment_models import Experiment
from apps.savings import queries, services
from apps.savings.making import NewSwitch
from apps.savings.models import Switch
from apps.tenancy.scope import scope
from tests.savings.conftest import ALIAS, BIG, DEAR, SMALL, Make, set_price

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def in_scope(org: Organization) -> Iterator[None]:
    with scope(org.id):
        yield


def forced() -> str:
    return str(Alias.objects.get(name=ALIAS).rules.get("forced", ""))


def test_at_once_points_the_alias_and_keeps_what_was_before(
    use_case: UseCase, make: Make, adam: User
) -> None:
    made = make(use_case, reason="Cheaper")

    alias = Alias.objects.get(name=ALIAS)
    assert alias.rules == {"forced": SMALL, "fallbacks": [BIG]}
    assert alias.baseline_model == BIG
    assert get_use_case(use_case.id).current_model.slug == SMALL
    assert (made.state, made.from_model.slug) == ("live", BIG)
    assert made.evidence["savings_usd_month"] == "822.500000000"
    assert made.evidence["prices"]["before"]["input"] == "2.500000000"
    assert made.migration["changes"][0]["parameter"] == "model"
    actions = AuditEntry.objects.values_list("action", flat=True)
    assert {"switch.made", "alias.changed"} <= set(actions)


def test_undo_is_one_click_and_exact(use_case: UseCase, make: Make) -> None:
    before = Alias.objects.get(name=ALIAS).rules

    undone = services.undo(make(use_case).id)

    alias = Alias.objects.get(name=ALIAS)
    assert (alias.rules, alias.baseline_model) == (before, "")
    assert get_use_case(use_case.id).current_model.slug == BIG
    assert undone.state == "undone"
    with pytest.raises(ConflictError, match="undone"):
        services.undo(undone.id)


def test_undo_says_so_when_somebody_changed_the_alias_since(
    use_case: UseCase, make: Make
) -> None:
    made = make(use_case)
    Alias.objects.update(rules={"forced": DEAR})

    with pytest.raises(ConflictError, match="changed by hand"):
        services.undo(made.id)

    assert forced() == DEAR
    assert queries.get_switch(made.id).state == "live"


def test_a_second_switch_supersedes_the_first_and_undo_resumes_it(
    use_case: UseCase, make: Make
) -> None:
    first = make(use_case)
    second = make(use_case, to_model=DEAR)
    superseded = queries.get_switch(first.id)

    services.undo(second.id)

    assert (superseded.state, superseded.ended_at) == ("superseded", second.live_at)
    resumed = queries.switch_of(use_case.id)
    assert resumed is not None
    assert (resumed.state, resumed.to_model.slug) == ("live", SMALL)
    services.undo(resumed.id)
    assert forced() == BIG


def test_without_traffic_the_decision_is_recorded(typed: UseCase, make: Make) -> None:
    with pytest.raises(ValidationError) as refused:
        make(typed)
    made = make(typed, mode="recorded")

    assert refused.value.param == "mode"
    assert (made.state, made.is_measured) == ("recorded", False)
    assert get_use_case(typed.id).current_model.slug == SMALL
    assert made.migration["snippets"]


WRONG: list[tuple[dict[str, Any], type[Exception]]] = [
    ({"to_model": "nobody/nothing"}, ValidationError),
    ({"to_model": BIG}, ConflictError),
    ({"to_provider": "nobody"}, ValidationError),
    ({"mode": "sideways"}, ValidationError),
    ({"share": 0.51}, ValidationError),
    ({"seen_model": DEAR}, ConflictError),
    ({"use_case_id": UUID(int=4)}, NotFoundError),
    ({"opportunity_id": UUID(int=4)}, NotFoundError),
]


@pytest.mark.parametrize(("fields", "kind"), WRONG, ids=str)
def test_what_cannot_be_switched_is_refused_and_changes_nothing(
    use_case: UseCase, make: Make, fields: dict[str, Any], kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        make(use_case, **fields)

    assert forced() == BIG
    assert not Switch.objects.exists()


def test_a_model_that_the_alias_bars_is_refused(use_case: UseCase, make: Make) -> None:
    Alias.objects.update(rules={"forced": BIG, "barred_models": ["small-house/*"]})

    with pytest.raises(ConflictError, match="barred by your rules"):
        make(use_case)


def test_an_opportunity_is_validated_at_that_moment(
    use_case: UseCase, make: Make
) -> None:
    UseCase.objects.update(needs=["cost"])
    rescore()
    found = Opportunity.objects.get(candidate_model__slug=SMALL)
    set_price(SMALL, "input", "2.40", found.found_at)
    set_price(SMALL, "output", "9.90", found.found_at)

    with pytest.raises(ConflictError):
        make(use_case, opportunity_id=found.id)

    assert forced() == BIG


def test_an_opportunity_is_accepted_and_opened_again(
    use_case: UseCase, make: Make
) -> None:
    UseCase.objects.update(needs=["cost"])
    rescore()
    found = Opportunity.objects.get(candidate_model__slug=SMALL)

    made = make(use_case, opportunity_id=found.id)
    accepted = Opportunity.objects.get(id=found.id)
    services.undo(made.id)

    assert (accepted.state, accepted.switch_id) == ("accepted", made.id)
    assert made.evidence["opportunity"]["confidence"] == found.confidence
    assert Opportunity.objects.get(id=found.id).state == "active"
    topics = [row.topic for row in Message.objects.using("owner").all()]
    assert "opportunities.rescore" in topics


def in_threads(*acts: Callable[[], object], org: Organization) -> list[object]:
    """Run them at once, each with connections of its own; errors are results."""
    results: list[object] = []
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> None:
        try:
            with scope(org.id):
                barrier.wait()
                results.append(act())
        except Exception as problem:  # noqa: BLE001  # the thread's result
            results.append(problem)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_of_two_who_switch_at_once_one_wins(
    use_case: UseCase, org: Organization
) -> None:
    def to(model: str) -> Callable[[], object]:
        wanted = NewSwitch(use_case.id, model, "at_once", seen_model=BIG)
        return lambda: services.switch(wanted, by=None)

    results = in_threads(to(SMALL), to(DEAR), org=org)

    won = [one for one in results if isinstance(one, Switch)]
    lost = [one for one in results if isinstance(one, ConflictError)]
    assert (len(won), len(lost)) == (1, 1), results
    assert forced() == won[0].to_model.slug
    assert Switch.objects.count() == 1


def test_a_canary_promoted_while_it_is_rolled_back_does_one_of_the_two(
    use_case: UseCase, make: Make, org: Organization
) -> None:
    made = make(use_case, mode="canary")

    results = in_threads(
        lambda: services.promote(made.id), lambda: services.roll_back(made.id), org=org
    )

    states = {one.state for one in results if isinstance(one, Switch)}
    assert len(states) == 1, results
    assert sum(isinstance(one, ConflictError) for one in results) == 1
    assert forced() == (SMALL if states == {"live"} else BIG)
    assert not Experiment.objects.filter(state="running").exists()


def test_a_switch_that_dies_half_way_leaves_nothing(
    use_case: UseCase, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    # The alias is changed by then; the record is not written yet.
    monkeypatch.setattr(Switch, "save", die)
    with pytest.raises(KeyboardInterrupt):
        make(use_case)

    assert forced() == BIG
    assert get_use_case(use_case.id).current_model.slug == BIG
    assert not Switch.objects.exists()


def test_beside_another_experiment_no_canary_begins(
    use_case: UseCase, make: Make
) -> None:
    made = make(use_case, mode="canary")

    with pytest.raises(ConflictError, match="under way"):
        make(use_case, to_model=DEAR)

    services.roll_back(made.id)
    assert queries.switch_of(use_case.id) is None
