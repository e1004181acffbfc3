"""Editors keep out, rank down or flag: for a reason, for a time, perhaps by two."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from pytest_django import DjangoAssertNumQueries, Settings

from apps.audit.models import OperatorEntry
from apps.catalog import overrides
from apps.catalog.models import AIModel, EditorialOverride, Offer, Provider
from apps.catalog.overrides import NOTHING, InForce, NewOverride
from apps.kit.clock import utc_now
from apps.kit.errors import PermissionDeniedError, ValidationError
from tests.catalog.editing import ED, EVA, make_model, make_offer, make_provider, soon

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def offer() -> Offer:
    return make_offer(make_model(), make_provider())


def new(effect: str = "exclude", **fields: Any) -> NewOverride:
    plain: dict[str, Any] = {"reason": "Recalled by its maker.", "expires_at": soon()}
    return NewOverride(effect=effect, **plain | fields)


def judged(offer: Offer, *, at: datetime | None = None) -> overrides.Judged:
    return InForce.read(at or utc_now(), using="default").of(
        model_id=offer.ai_model_id, provider_id=offer.provider_id, offer_id=offer.pk
    )


def test_an_exclusion_holds_with_its_reason_until_its_day(offer: Offer) -> None:
    overrides.propose(offer.ai_model, new(), by=EVA)

    assert judged(offer).exclusion.startswith("Recalled by its maker. (until ")
    assert judged(offer, at=soon(31)) == NOTHING


def test_a_provider_and_one_offer_can_be_judged_too(offer: Offer) -> None:
    overrides.propose(offer.provider, new("downrank", factor=0.5), by=EVA)
    overrides.propose(offer, new("downrank", factor=0.5), by=EVA)
    overrides.propose(offer, new("flag"), by=EVA)

    found = judged(offer)

    assert found.factor == 0.25
    assert not found.exclusion
    assert len(found.flags) == 1


def test_another_model_is_not_judged(offer: Offer) -> None:
    overrides.propose(make_model("openai/gpt-6-luna"), new(), by=EVA)

    assert judged(offer) == NOTHING


def test_what_is_withdrawn_ends_at_once(offer: Offer) -> None:
    override = overrides.propose(offer.ai_model, new(), by=EVA)

    overrides.withdraw(override, by=ED)

    assert judged(offer) == NOTHING
    with pytest.raises(ValidationError):
        overrides.withdraw(override, by=ED)


def test_two_people_are_needed_when_the_setting_asks(
    offer: Offer, settings: Settings
) -> None:
    settings.TRUST_TWO_PERSON_APPROVAL = True
    override = overrides.propose(offer.ai_model, new(), by=EVA)
    assert judged(offer) == NOTHING

    with pytest.raises(PermissionDeniedError):
        overrides.approve(override, by=f" {EVA.upper()}")
    overrides.approve(override, by=ED)

    assert judged(offer).exclusion
    assert override.decided_by == ED


def test_the_database_itself_refuses_a_proposers_own_approval(
    offer: Offer, settings: Settings
) -> None:
    settings.TRUST_TWO_PERSON_APPROVAL = True
    override = overrides.propose(offer.ai_model, new(), by=EVA)

    for person in (EVA, ""):
        with pytest.raises(IntegrityError):
            EditorialOverride.objects.using("jobs").filter(pk=override.pk).update(
                state="approved", decided_by=person
            )


def test_a_proposal_is_decided_once(offer: Offer, settings: Settings) -> None:
    settings.TRUST_TWO_PERSON_APPROVAL = True
    override = overrides.propose(offer.ai_model, new(), by=EVA)
    overrides.refuse(override, by=ED)

    with pytest.raises(ValidationError):
        overrides.approve(override, by=ED)
    assert judged(offer) == NOTHING


def test_an_expired_proposal_cannot_be_approved(
    offer: Offer, settings: Settings
) -> None:
    settings.TRUST_TWO_PERSON_APPROVAL = True
    override = overrides.propose(offer.ai_model, new(), by=EVA)
    past = utc_now() - timedelta(days=1)
    EditorialOverride.objects.using("jobs").update(
        proposed_at=past - timedelta(days=1), expires_at=past
    )

    with pytest.raises(ValidationError):
        overrides.approve(override, by=ED)


def test_every_step_is_in_the_operators_log(offer: Offer, settings: Settings) -> None:
    settings.TRUST_TWO_PERSON_APPROVAL = True
    override = overrides.propose(offer.ai_model, new(), by=EVA)
    overrides.approve(override, by=ED)
    overrides.withdraw(override, by=ED)

    entries = OperatorEntry.objects.order_by("created_at", "id")
    assert [entry.action for entry in entries] == [
        "override.proposed",
        "override.approved",
        "override.withdrawn",
    ]
    assert entries[0].label == "openai/gpt-6-sol"
    assert (entries[0].after or {})["reason"] == "Recalled by its maker."


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": " "},
        {"effect": "forget"},
        {"effect": "downrank"},
        {"effect": "downrank", "factor": 1.5},
        {"factor": 0.5},
        {"expires_at": utc_now() - timedelta(days=1)},
    ],
)
def test_what_makes_no_sense_is_refused(offer: Offer, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        overrides.propose(offer.ai_model, new(**wrong), by=EVA)

    assert not EditorialOverride.objects.exists()


def test_an_override_is_of_exactly_one_thing(offer: Offer) -> None:
    plain = {
        "effect": "flag",
        "reason": "x",
        "expires_at": soon(),
        "state": "approved",
        "needs_two": False,
        "proposed_by": EVA,
    }
    for subjects in ({}, {"ai_model": offer.ai_model, "offer": offer}):
        with pytest.raises(IntegrityError):
            EditorialOverride.objects.using("jobs").create(**plain, **subjects)


def test_without_overrides_nothing_is_looked_up(
    offer: Offer, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    in_force = InForce.read(utc_now(), using="default")

    with django_assert_num_queries(0):
        assert in_force.ends_at is None
        assert (
            in_force.of(model_id=offer.pk, provider_id=offer.pk, offer_id=offer.pk)
            is NOTHING
        )


def test_subjects_are_models_providers_and_offers() -> None:
    assert set(overrides.Subject.__value__.__args__) == {AIModel, Provider, Offer}
