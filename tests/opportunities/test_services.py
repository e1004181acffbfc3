"""Re-validation, switches, and what is kept with them."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from apps.accounts.models import Organization
from apps.kit.clock import utc_now
from apps.kit.errors import ConflictError, NotFoundError, ValidationError
from apps.kit.ids import uuid7
from apps.opportunities import services
from apps.opportunities.models import Opportunity
from apps.opportunities.queries import (
    get_opportunity,
    open_opportunities,
    open_value,
    opportunities_of,
)
from apps.portfolio.models import Product, UseCase
from apps.tenancy.scope import scope
from tests.opportunities.conftest import look, model, set_price
from tests.opportunities.test_finder import override

type Read = Callable[[], Opportunity]


def test_what_still_holds_is_valid(the_one: Read, acme: Organization) -> None:
    before = the_one()

    with scope(acme.id):
        after = services.revalidate(before.id)

    assert after.validated_at > before.validated_at


@pytest.mark.parametrize(
    ("price", "words"),
    [
        (("2.4", "9.8"), "no longer possible"),
        (("0.6", "2.4"), "The price changed: $665.00 a month, and not $822.50"),
    ],
)
def test_a_price_that_moved_stops_a_switch(
    the_one: Read, acme: Organization, price: tuple[str, str], words: str
) -> None:
    set_price("mini/gpt-4o-mini", *price)

    with scope(acme.id), pytest.raises(ConflictError, match=words.replace("$", r"\$")):
        services.revalidate(the_one().id)


def test_a_volume_that_is_gone_stops_a_switch(
    the_one: Read, acme: Organization
) -> None:
    with scope(acme.id):
        UseCase.objects.update(calls_month=None)
        with pytest.raises(ConflictError):
            services.revalidate(the_one().id)


def test_an_archived_use_case_stops_a_switch(the_one: Read, acme: Organization) -> None:
    with scope(acme.id):
        Product.objects.update(status="archived")
        with pytest.raises(ConflictError):
            services.revalidate(the_one().id)
        assert open_opportunities() == []


def test_another_current_model_stops_a_switch(
    the_one: Read, acme: Organization
) -> None:
    with scope(acme.id):
        UseCase.objects.update(current_model=model("third/peer"))
        with pytest.raises(ConflictError, match="another model by now"):
            services.revalidate(the_one().id)


def test_a_switch_is_noted_and_its_undoing_opens_it_again(
    the_one: Read, acme: Organization
) -> None:
    switch_id = uuid7()
    with scope(acme.id):
        services.mark_accepted(the_one().id, switch_id)
    look(acme)  # a canary runs: the use case still names the old model
    assert (the_one().state, the_one().switch_id) == ("accepted", switch_id)

    with scope(acme.id):
        services.mark_undone(the_one().id)

    assert (the_one().state, the_one().switch_id) == ("active", None)


def test_an_accepted_one_opens_again_when_the_use_case_runs_on_a_third_model(
    the_one: Read, acme: Organization
) -> None:
    with scope(acme.id):
        services.mark_accepted(the_one().id, None)
        UseCase.objects.update(current_model=model("third/peer"))
    look(acme)

    with scope(acme.id):
        states = set(Opportunity.objects.values_list("state", flat=True))
    assert "active" in states
    assert "accepted" not in states


def test_the_evidence_is_kept_as_it_was(the_one: Read) -> None:
    kept = services.evidence_snapshot(the_one())

    assert kept["savings_month_usd"] == "822.500000"
    assert kept["details"]["basis"] == "task_benchmark"


def test_open_ones_are_read_by_value_and_by_use_case(
    the_one: Read, acme: Organization
) -> None:
    one = the_one()
    with scope(acme.id):
        assert [row.id for row in open_opportunities()] == [one.id]
        assert [row.id for row in opportunities_of(one.use_case_id)] == [one.id]
        assert open_value().usd == one.savings_month_usd
        assert open_value([]).use_cases == 0


def test_an_excluded_model_is_out_at_once(the_one: Read, acme: Organization) -> None:
    override("mini/gpt-4o-mini", "exclude")

    with scope(acme.id):
        assert open_opportunities() == []


def test_nonsense_is_refused(the_one: Read, acme: Organization) -> None:
    one = the_one().id
    with scope(acme.id):
        with pytest.raises(ValidationError):
            services.dismiss(one, "mood")
        with pytest.raises(ValidationError):
            services.snooze(one, utc_now() - timedelta(days=1))
        with pytest.raises(NotFoundError):
            get_opportunity(uuid7())
