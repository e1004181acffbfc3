"""An editor's hand: reasons, provenance, the change log, and giving back."""

from pathlib import Path

import pytest

from apps.audit.models import OperatorEntry
from apps.catalog.editing import edit, release, set_parameter
from apps.catalog.models import AIModel, ModelChange, Offer, OfferParameter
from apps.catalog.seeding import load_seed
from apps.kit.clock import utc_now
from apps.kit.errors import ValidationError
from tests.catalog.seeds import seed_model, seed_offer, write_seed

pytestmark = pytest.mark.django_db(transaction=True)
BY = "eddi@example.com"


@pytest.fixture
def model(tmp_path: Path) -> AIModel:
    models = [
        seed_model("openai/gpt-6-sol", context_tokens=900_000),
        seed_model("openai/gpt-7"),
    ]
    load_seed(write_seed(tmp_path, models, [seed_offer("openai/gpt-6-sol")]))
    return AIModel.objects.using("jobs").get(slug="openai/gpt-6-sol")


def again(model: AIModel) -> AIModel:
    return AIModel.objects.using("jobs").select_related("successor").get(pk=model.pk)


def test_an_edit_keeps_who_and_why_and_what_was(model: AIModel) -> None:
    changed = edit(model, {"context_tokens": 1_000_000}, by=BY, reason="the docs")

    held = again(model)
    assert changed == ["context_tokens"]
    assert held.context_tokens == 1_000_000
    assert held.provenance["context_tokens"]["by"] == BY
    assert held.provenance["context_tokens"]["reason"] == "the docs"
    assert held.provenance["context_tokens"]["stated"] == 900_000


def test_an_edit_is_in_the_change_log_and_in_the_operators_log(model: AIModel) -> None:
    edit(model, {"context_tokens": 1_000_000}, by=BY, reason="the docs")

    change = ModelChange.objects.using("jobs").get(field="context_tokens")
    entry = OperatorEntry.objects.using("jobs").get(action="aimodel.edited")
    assert (change.old, change.new, change.by) == (900_000, 1_000_000, BY)
    assert entry.before == {"context_tokens": 900_000}


def test_without_a_reason_nothing_is_written(model: AIModel) -> None:
    with pytest.raises(ValidationError, match="reason"):
        edit(model, {"context_tokens": 1}, by=BY, reason=" ")

    assert again(model).context_tokens == 900_000


def test_the_same_value_is_no_edit(model: AIModel) -> None:
    assert edit(model, {"context_tokens": 900_000}, by=BY, reason="as is") == []
    assert not ModelChange.objects.using("jobs").filter(field="context_tokens").exists()


def test_a_successor_is_kept_by_its_name(model: AIModel) -> None:
    other = AIModel.objects.using("jobs").get(slug="openai/gpt-7")

    edit(model, {"successor": other}, by=BY, reason="announced")

    assert again(model).successor == other
    assert (
        ModelChange.objects.using("jobs").get(field="successor").new == "openai/gpt-7"
    )
    release(model, "successor", by=BY)
    assert again(model).successor is None


def test_a_field_given_back_has_what_the_sources_say(model: AIModel) -> None:
    edit(model, {"context_tokens": 1_000_000}, by=BY, reason="the docs")
    edit(model, {"context_tokens": 2_000_000}, by=BY, reason="again")

    release(model, "context_tokens", by=BY)

    held = again(model)
    assert held.context_tokens == 900_000
    assert held.provenance.get("context_tokens", {}).get("origin") != "editor"


def test_a_date_comes_back_as_a_date(model: AIModel) -> None:
    day = utc_now().date()
    AIModel.objects.using("jobs").filter(pk=model.pk).update(released_on=day)

    edit(model, {"released_on": None}, by=BY, reason="wrong")
    release(model, "released_on", by=BY)

    assert again(model).released_on == day


def test_what_nobody_edited_cannot_be_given_back(model: AIModel) -> None:
    with pytest.raises(ValidationError, match="not edited"):
        release(model, "context_tokens", by=BY)


def test_a_parameter_set_by_hand_belongs_to_the_editor(model: AIModel) -> None:
    offer = Offer.objects.using("jobs").get()
    row = OfferParameter.objects.using("jobs").create(
        offer=offer,
        name="seed",
        origin="openrouter",
        source="a list",
        sourced_on=utc_now().date(),
    )

    set_parameter(row, {"is_supported": False}, by=BY)

    held = OfferParameter.objects.using("jobs").get()
    assert (held.is_supported, held.origin) == (False, "editor")
    assert ModelChange.objects.using("jobs").get(field="seed").by == BY
