"""The finder: what it keeps, what it takes away, and what people's decisions hold."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from apps.accounts.models import Organization
from apps.alerts.models import Alert
from apps.catalog.models import AIModel, EditorialOverride
from apps.kit.clock import utc_now
from apps.opportunities import services
from apps.opportunities.finder import rescore
from apps.opportunities.models import Opportunity, OpportunityEvent
from apps.portfolio.models import UseCase
from apps.tenancy.scope import scope
from tests.opportunities.conftest import (
    kept,
    look,
    make_use_case,
    model,
    rate,
    set_price,
)

DAY = timedelta(days=1)
type Read = Callable[[], Opportunity]


def test_the_golden_case_is_found_and_kept(the_one: Read) -> None:
    found = the_one()

    assert found.candidate_model.slug == "mini/gpt-4o-mini"
    assert found.kind == "cost_saving"
    assert found.savings_month_usd == Decimal("822.50")
    assert found.details["savings"]["share"] == pytest.approx(0.94)
    assert found.is_estimate


def test_a_second_look_keeps_the_row_and_its_history(
    the_one: Read, acme: Organization
) -> None:
    before = the_one()

    look(acme, now=utc_now() + DAY)

    after = the_one()
    assert (after.id, after.found_at) == (before.id, before.found_at)
    assert after.validated_at > before.validated_at
    with scope(acme.id):
        assert OpportunityEvent.objects.count() == 1


def test_without_a_volume_nothing_is_said_to_be_saved(
    catalog: None, acme: Organization
) -> None:
    make_use_case(acme, calls_month=None)

    look(acme)

    assert all(one.kind != "cost_saving" for one in kept(acme))


def test_a_dismissal_holds_over_thirty_nights_and_ends_after(
    the_one: Read, acme: Organization
) -> None:
    first = the_one().id
    with scope(acme.id):
        services.dismiss(first, "quality", "tried it")

    for night in range(1, 31):
        look(acme, now=utc_now() + night * DAY - timedelta(minutes=1))
        assert the_one().state == "dismissed"

    look(acme, now=utc_now() + 31 * DAY)
    assert (the_one().id, the_one().state) == (first, "active")


@pytest.mark.parametrize(
    ("price", "state"),
    [(("0.135", "0.54"), "active"), (("0.14", "0.56"), "dismissed")],
    ids=["by a tenth", "by less"],
)
def test_what_was_dismissed_comes_back_when_its_price_moves(
    the_one: Read, acme: Organization, price: tuple[str, str], state: str
) -> None:
    with scope(acme.id):
        services.dismiss(the_one().id, "saving")

    set_price("mini/gpt-4o-mini", *price)
    look(acme, now=utc_now() + DAY)

    assert the_one().state == state


def test_what_was_dismissed_comes_back_when_its_quality_moves(
    the_one: Read, acme: Organization
) -> None:
    with scope(acme.id):
        services.dismiss(the_one().id, "quality")

    rate("mini/gpt-4o-mini", 0.53)
    look(acme, now=utc_now() + DAY)

    assert the_one().state == "active"
    with scope(acme.id):
        newest = OpportunityEvent.objects.order_by("-at").first()
    assert newest is not None
    assert newest.text == "The quality of the new model moved by +13 %."


def override(slug: str, effect: str, **fields: object) -> EditorialOverride:
    now = utc_now()
    return EditorialOverride.objects.using("owner").create(
        ai_model=model(slug),
        effect=effect,
        reason="outage",
        state="approved",
        needs_two=False,
        proposed_by="eda@example.com",
        **{"expires_at": now + 2 * DAY, "proposed_at": now - DAY, **fields},
    )


def test_an_excluded_model_is_taken_away(the_one: Read, acme: Organization) -> None:
    override("mini/gpt-4o-mini", "exclude")

    look(acme)

    assert the_one().state == "invalidated"
    assert "excluded by our editors: outage" in the_one().state_reason


def test_a_downrank_ends_at_its_expiry(catalog: None, acme: Organization) -> None:
    make_use_case(acme)
    until = utc_now() + timedelta(seconds=0.4)
    override("mini/gpt-4o-mini", "downrank", factor=0.1, expires_at=until)
    look(acme)
    assert kept(acme) == []

    while utc_now() <= until:
        pass
    look(acme)

    assert [one.state for one in kept(acme)] == ["active"]


def test_a_use_case_that_switched_by_itself_is_noticed(
    the_one: Read, acme: Organization
) -> None:
    with scope(acme.id):
        UseCase.objects.update(
            current_model=AIModel.objects.get(slug="mini/gpt-4o-mini")
        )

    look(acme)

    [found] = [one for one in kept(acme) if one.state == "accepted"]
    assert found.state_reason == "Your use case runs on it already."


def test_what_is_no_longer_better_expires_and_comes_back(
    the_one: Read, acme: Organization
) -> None:
    first = the_one().id
    set_price("mini/gpt-4o-mini", "2.4", "9.8")
    look(acme)
    assert (the_one().id, the_one().state) == (first, "expired")

    set_price("mini/gpt-4o-mini", "0.15", "0.6")
    look(acme)

    assert (the_one().id, the_one().state) == (first, "active")


def test_new_ones_are_told_once(the_one: Read, acme: Organization) -> None:
    look(acme, now=utc_now() + DAY)

    with scope(acme.id):
        [alert] = Alert.objects.all()
    assert alert.title == "Support triage: gpt-4o-mini would save about $822.50 a month"
    assert alert.url == f"/opportunities/{the_one().id}/"


def test_only_the_named_models_are_looked_at(the_one: Read, acme: Organization) -> None:
    before = the_one().validated_at
    with scope(acme.id):
        rescore(only=frozenset({model("dear/o1-pro").id}))

    assert the_one().validated_at == before
    assert the_one().state == "active"


def test_an_id_of_another_organization_is_looked_at_by_nobody(
    the_one: Read, acme: Organization, globex: Organization
) -> None:
    ids: list[UUID] = [the_one().use_case_id]
    with scope(globex.id):
        assert rescore(ids).use_cases == 0
