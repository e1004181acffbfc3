"""Whose word counts: editors, operators, sources, and the shipped seed."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from apps.catalog.editing import edit, release
from apps.catalog.models import AIModel, ModelAlias, ModelChange, Offer, Price
from apps.catalog.provenance import said_of
from apps.catalog.seeding import load_seed
from apps.catalog.services import OperatorOffer, add_offer
from apps.kit.clock import utc_now
from tests.catalog.openrouter import offer_of, prices_of, several, sync, writes
from tests.catalog.seeds import seed_model, seed_offer, write_seed

pytestmark = pytest.mark.django_db(transaction=True)
GLM = "z-ai/glm-5.2"
EDITOR = "ed@example.com"


def glm_seed(folder: Path, *, usd: str = "0.9268", on: date | None = None) -> None:
    day = on or date(2026, 11, 21)
    models = [seed_model(GLM, context_tokens=1_000, sourced_on=day)]
    offer = seed_offer(
        GLM,
        "openrouter",
        upstream_id=GLM,
        input_usd=usd,
        output_usd="2.9128",
        is_headline=True,
        sourced_on=day,
    )
    load_seed(write_seed(folder, models, [offer]))


def test_a_sync_of_what_the_seed_knows_is_no_news(tmp_path: Path) -> None:
    glm_seed(tmp_path)

    sync(tmp_path, several())

    of_glm = ModelChange.objects.filter(ai_model__slug=GLM)
    assert not of_glm.filter(what__in=("model_added", "offer_added", "price")).exists()
    assert Offer.objects.filter(ai_model__slug=GLM).count() == 1
    offer = offer_of(GLM)
    assert offer.origin == "openrouter"
    price = Price.objects.get(offer=offer, component="input")
    assert (price.origin, price.source) == (
        "openrouter",
        f"https://openrouter.ai/{GLM}",
    )


def test_a_newer_seed_never_overwrites_what_was_synced_since(tmp_path: Path) -> None:
    glm_seed(tmp_path)
    rows = several()
    rows[1]["pricing"]["prompt"] = "0.0000007686"
    sync(tmp_path, rows)

    with writes():
        glm_seed(tmp_path, usd="0.5", on=utc_now().date())

    assert prices_of(offer_of(GLM))["input", 0] == "0.7686"
    assert offer_of(GLM).origin == "openrouter"


def test_a_seed_younger_than_the_last_sync_is_believed(tmp_path: Path) -> None:
    glm_seed(tmp_path)
    sync(tmp_path, several())

    glm_seed(tmp_path, usd="0.5", on=utc_now().date() + timedelta(days=90))

    assert prices_of(offer_of(GLM))["input", 0] == "0.5"


def test_a_better_source_of_a_field_is_not_overwritten(tmp_path: Path) -> None:
    glm_seed(tmp_path)

    sync(tmp_path, several())

    model = AIModel.objects.get(slug=GLM)
    # The maker's limit stays, what nobody had said is filled in.
    assert model.context_tokens == 1_000
    assert model.description == "glm-5.2 is a model."
    assert said_of(model, "context_tokens").origin == "seed"
    filled = said_of(model, "description")
    assert (filled.origin, filled.source) == (
        "openrouter",
        f"https://openrouter.ai/{GLM}",
    )


def test_an_editors_value_outlives_syncs_and_seeds(tmp_path: Path) -> None:
    glm_seed(tmp_path)
    sync(tmp_path, several())
    model = AIModel.objects.get(slug=GLM)
    edit(model, {"description": "Better words."}, by=EDITOR, reason="clearer")

    rows = several()
    rows[1]["description"] = "Other words."
    sync(tmp_path, rows)
    with writes() as written:
        sync(tmp_path, rows)
    glm_seed(tmp_path, on=utc_now().date() + timedelta(days=90))

    model.refresh_from_db()
    assert model.description == "Better words."
    said = said_of(model, "description")
    assert (said.is_edited, said.by, said.reason) == (True, EDITOR, "clearer")
    assert written == []


def test_what_the_source_says_comes_back_when_the_editor_lets_go(
    tmp_path: Path,
) -> None:
    sync(tmp_path, several())
    model = AIModel.objects.get(slug=GLM)
    edit(model, {"context_tokens": 7}, by=EDITOR, reason="measured")
    rows = several()
    rows[1]["context_length"] = 99_000
    sync(tmp_path, rows)

    release(AIModel.objects.get(slug=GLM), "context_tokens", by=EDITOR)

    model.refresh_from_db()
    assert model.context_tokens == 99_000
    assert not said_of(model, "context_tokens").is_edited
    fields = ModelChange.objects.filter(field="context_tokens").order_by("at", "id")
    assert [(c.old, c.new, c.by) for c in fields] == [
        (262_144, 7, EDITOR),
        (7, 99_000, EDITOR),
    ]


def test_an_editors_field_of_an_offer_outlives_syncs_too(tmp_path: Path) -> None:
    sync(tmp_path, several())
    edit(offer_of(GLM), {"max_output_tokens": 5}, by=EDITOR, reason="tried")

    rows = several()
    rows[1]["top_provider"]["max_completion_tokens"] = 1_000
    sync(tmp_path, rows)

    assert offer_of(GLM).max_output_tokens == 5
    assert offer_of(GLM).provenance["max_output_tokens"]["stated"] == 1_000


def test_an_operators_offer_is_nobody_elses(tmp_path: Path) -> None:
    add_offer(
        OperatorOffer(
            "openrouter",
            GLM,
            base_url="http://127.0.0.1:9/v1",
            input_usd=Decimal(1),
            output_usd=Decimal(2),
        )
    )

    sync(tmp_path, several())
    glm_seed(tmp_path, on=utc_now().date() + timedelta(days=90))

    assert prices_of(offer_of(GLM)) == {("input", 0): "1", ("output", 0): "2"}
    assert offer_of(GLM).origin == "operator"


def test_an_editors_alias_decides_which_model_an_id_means(tmp_path: Path) -> None:
    load_seed(write_seed(tmp_path, [seed_model("z-ai/glm-5")], []))
    ModelAlias.objects.using("jobs").create(
        source="openrouter",
        external_id=GLM,
        ai_model=AIModel.objects.get(slug="z-ai/glm-5"),
        match="editor",
        decided_by=EDITOR,
    )

    sync(tmp_path, several())

    assert offer_of(GLM).ai_model.slug == "z-ai/glm-5"
    assert not AIModel.objects.filter(slug=GLM).exists()
    assert ModelAlias.objects.get(external_id=GLM).match == "editor"


def test_dots_and_hyphens_are_one_spelling(tmp_path: Path) -> None:
    load_seed(write_seed(tmp_path, [seed_model("z-ai/glm-5-2")], []))

    sync(tmp_path, several())

    assert offer_of(GLM).ai_model.slug == "z-ai/glm-5-2"
    alias = ModelAlias.objects.get(external_id=GLM)
    assert alias.match == "rule"
