"""What a sync of OpenRouter's list writes, and what it never does."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from apps.catalog.models import (
    AIModel,
    ModelAlias,
    ModelChange,
    Offer,
    OfferParameter,
    PendingChange,
    Price,
    SourceFetch,
)
from apps.catalog.sources.base import BrokenPayloadError
from apps.jobs.models import Run
from tests.catalog.openrouter import (
    flash,
    offer_of,
    prices_of,
    row,
    several,
    sync,
    sync_file,
    write,
    writes,
)

pytestmark = pytest.mark.django_db(transaction=True)
What = ModelChange.What


def changes(*what: str) -> set[tuple[str, str, object, object]]:
    rows = ModelChange.objects.filter(what__in=what)
    return {(c.what, c.field, c.old, c.new) for c in rows}


def test_a_first_sync_brings_models_offers_and_names(tmp_path: Path) -> None:
    outcome = sync(tmp_path, several())

    assert AIModel.objects.count() == 8
    assert outcome.applied.offers == Offer.objects.count() == 10
    assert prices_of(offer_of("qwen/qwen3.7-flash"))["input", 32_000] == "0.1"
    assert offer_of("openrouter/auto").is_price_variable
    assert not Price.objects.filter(offer=offer_of("openrouter/auto")).exists()
    assert AIModel.objects.get(author="meta-llama").vendor == "meta"
    alias = ModelAlias.objects.get(external_id="openai/gpt-oss-20b:free")
    assert (alias.ai_model and alias.ai_model.slug, alias.match, alias.rule) == (
        "openai/gpt-oss-20b",
        "variant",
        "free",
    )
    added = ModelChange.objects.filter(what=What.MODEL_ADDED)
    assert added.count() == 8
    assert all(change.is_first_look for change in added)


def test_the_same_payload_twice_writes_nothing(tmp_path: Path) -> None:
    sync(tmp_path, several())

    with writes() as written:
        outcome = sync(tmp_path, several())

    assert written == []
    assert outcome.summary == "10 rows: nothing to write"
    runs = Run.objects.using("jobs").filter(name="catalog.sync:openrouter")
    assert [run.status for run in runs] == ["completed", "completed"]


def test_a_missing_row_is_noted_once_and_then_writes_nothing(tmp_path: Path) -> None:
    sync(tmp_path, several())
    sync(tmp_path, several()[1:])

    with writes() as written:
        sync(tmp_path, several()[1:])

    assert written == []


def test_a_changed_price_closes_the_old_row_and_opens_one(tmp_path: Path) -> None:
    sync(tmp_path, several())
    rows = several()
    rows[1]["pricing"]["prompt"] = "0.0000007686"

    sync(tmp_path, rows)

    offer = offer_of("z-ai/glm-5.2")
    old, new = Price.objects.filter(offer=offer, component="input").order_by(
        "valid_from"
    )
    assert (old.usd, new.usd) == (Decimal("0.9268"), Decimal("0.7686"))
    assert old.valid_until == new.valid_from
    change = ModelChange.objects.get(what=What.PRICE)
    assert (change.field, change.old, change.new) == ("input", "0.9268", "0.7686")
    assert change.change_share == pytest.approx(-0.1707, abs=1e-4)
    assert change.offer == offer
    assert not change.is_first_look
    assert change.source == "https://openrouter.ai/z-ai/glm-5.2"


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        ("0.0000047", "rises 5.1-fold"),
        ("0.00000018", "falls 5.1-fold"),
        ("0", "becomes free"),
        ("-1", "is no longer stated"),
    ],
)
def test_a_price_that_jumps_waits_for_an_editor(
    tmp_path: Path, prompt: str, reason: str
) -> None:
    sync(tmp_path, several())
    rows = several()
    rows[1]["pricing"] = {"prompt": prompt, "completion": "0.000003"}

    sync(tmp_path, rows)
    with writes() as written:
        sync(tmp_path, rows)

    pending = PendingChange.objects.get()
    assert pending.state == "waiting"
    assert reason in {jump["reason"] for jump in pending.jumps}
    # The whole list waits: half of it would be nobody's price.
    assert prices_of(offer_of("z-ai/glm-5.2")) == {
        ("input", 0): "0.9268",
        ("output", 0): "2.9128",
    }
    assert changes(What.PRICE) == set()
    assert len(changes(What.PRICE_HELD)) == 1
    assert written == []


def test_a_price_that_was_free_waits_too(tmp_path: Path) -> None:
    sync(tmp_path, several())
    rows = several()
    rows[5]["pricing"] = {"prompt": "0.00000001", "completion": "0"}

    sync(tmp_path, rows)

    assert PendingChange.objects.get().jumps[0]["reason"] == "was free"
    assert prices_of(offer_of("openai/gpt-oss-20b:free"))["input", 0] == "0"


def test_a_five_fold_move_does_not_wait(tmp_path: Path) -> None:
    sync(tmp_path, several())
    rows = several()
    rows[1]["pricing"]["prompt"] = "0.000004634"

    sync(tmp_path, rows)

    assert not PendingChange.objects.exists()
    assert prices_of(offer_of("z-ai/glm-5.2"))["input", 0] == "4.634"


def test_what_its_source_takes_back_waits_no_longer(tmp_path: Path) -> None:
    sync(tmp_path, several())
    rows = several()
    rows[1]["pricing"]["prompt"] = "0.0001"
    sync(tmp_path, rows)
    rows[1]["pricing"]["prompt"] = "0.0002"
    sync(tmp_path, rows)

    sync(tmp_path, several())

    states = PendingChange.objects.order_by("found_at").values_list("state", flat=True)
    assert list(states) == ["withdrawn", "withdrawn"]


def test_a_vanished_offer_is_delisted_after_three_misses(tmp_path: Path) -> None:
    sync(tmp_path, several())
    without = several()[1:]

    seen = []
    for _ in range(3):
        sync(tmp_path, without)
        seen.append(offer_of("qwen/qwen3.7-flash").is_available)

    offer = offer_of("qwen/qwen3.7-flash")
    assert seen == [True, True, False]
    assert offer.delisted_at
    assert Price.objects.filter(offer=offer, valid_until=None).exists()
    assert AIModel.objects.get(slug="qwen/qwen3.7-flash").status == "delisted"
    assert len(changes(What.OFFER_DELISTED)) == 1
    assert len(changes(What.MODEL_DELISTED)) == 1
    with writes() as written:
        sync(tmp_path, without)
    assert written == []


def test_what_comes_back_is_listed_again(tmp_path: Path) -> None:
    sync(tmp_path, several())
    for _ in range(3):
        sync(tmp_path, several()[1:])

    sync(tmp_path, several())

    offer = offer_of("qwen/qwen3.7-flash")
    assert offer.is_available
    assert (offer.delisted_at, offer.missing_since) == (None, None)
    assert AIModel.objects.get(slug="qwen/qwen3.7-flash").status == "active"
    assert len(changes(What.OFFER_RETURNED)) == 1
    assert len(changes(What.MODEL_RETURNED)) == 1


def test_misses_in_between_do_not_add_up(tmp_path: Path) -> None:
    sync(tmp_path, several())
    for rows in (several()[1:], several()[1:], several(), several()[1:], several()[1:]):
        sync(tmp_path, rows)

    assert offer_of("qwen/qwen3.7-flash").is_available


TRUNCATED = '{"data": [{"id": "qwen/qwen3.7-flash", "pri'
HTML = "<!doctype html><title>Sign in</title>"


@pytest.mark.parametrize(
    "body", [TRUNCATED, HTML, "", "{}", '{"data": []}', "null", '{"data": "\\u0000"}']
)
def test_a_broken_payload_fails_the_run_and_changes_nothing(
    tmp_path: Path, body: str
) -> None:
    sync(tmp_path, several())

    with writes() as written, pytest.raises(BrokenPayloadError):
        sync_file(write(tmp_path / "broken.json", body))

    assert written == []
    run = Run.objects.using("jobs").latest("started_at")
    assert (run.name, run.status) == ("catalog.sync:openrouter", "failed")
    assert run.error


def test_a_payload_with_too_few_rows_is_not_believed(tmp_path: Path) -> None:
    sync(tmp_path, several())

    with writes() as written, pytest.raises(BrokenPayloadError, match="7 rows where"):
        sync(tmp_path, several()[3:])

    assert written == []
    assert sync(tmp_path, several()[2:]).rows == 8
    # Somebody has looked, and it is right.
    assert sync(tmp_path, several()[6:], allows_fewer=True).rows == 4


def test_one_unreadable_row_spoils_the_whole_payload(tmp_path: Path) -> None:
    sync(tmp_path, several())
    rows = several()
    rows[3]["pricing"]["prompt"] = "a lot"
    rows[1]["pricing"]["prompt"] = "0.0000009"

    with writes() as written, pytest.raises(BrokenPayloadError, match="a lot"):
        sync(tmp_path, rows)

    assert written == []


def test_the_sentinel_is_no_end_and_a_real_day_is_one(tmp_path: Path) -> None:
    rows = several()
    rows[1]["expiration_date"] = "2098-12-31"
    sync(tmp_path, rows)
    assert offer_of("z-ai/glm-5.2").sunset_on is None

    rows[1]["expiration_date"] = "2126-12-31"
    rows[2]["expiration_date"] = "2089-08-10"
    sync(tmp_path, rows)
    model = AIModel.objects.get(slug="meta/muse-spark-1.1")
    assert (model.sunset_on, model.status) == (date(2089, 8, 10), "deprecated")

    rows[2]["expiration_date"] = None
    sync(tmp_path, rows)
    model.refresh_from_db()
    assert (model.sunset_on, model.status) == (None, "active")
    ends = changes(What.DEPRECATION)
    assert ("deprecation", "sunset_on", None, "2089-08-10") in ends
    assert ("deprecation", "sunset_on", "2089-08-10", None) in ends


def test_what_is_past_its_last_day_is_not_available(tmp_path: Path) -> None:
    rows = several()
    rows[2]["expiration_date"] = "2026-01-31"

    sync(tmp_path, rows)
    with writes() as written:
        sync(tmp_path, rows)

    assert not offer_of("meta/muse-spark-1.1").is_available
    assert AIModel.objects.get(slug="meta/muse-spark-1.1").status == "retired"
    assert written == []


def test_parameters_follow_their_source(tmp_path: Path) -> None:
    rows = several()
    rows[1]["reasoning"] = {"mandatory": False, "supported_efforts": ["high", "low"]}
    rows[1]["supported_parameters"] = ["tools", "reasoning_effort", "temperature"]
    rows[1]["default_parameters"] = {"temperature": 0.7}
    sync(tmp_path, rows)
    offer = offer_of("z-ai/glm-5.2")

    rows[1]["supported_parameters"] = ["tools", "seed", "reasoning_effort"]
    sync(tmp_path, rows)

    matrix = {p.name: p for p in OfferParameter.objects.filter(offer=offer)}
    assert offer.has_parameter_list
    assert set(matrix) == {"tools", "seed", "reasoning_effort"}
    assert matrix["reasoning_effort"].choices == ["high", "low"]
    change = ModelChange.objects.get(what=What.PARAMETERS)
    assert (change.old, change.new) == (["temperature"], ["seed"])


def test_an_editors_parameter_outlives_syncs(tmp_path: Path) -> None:
    sync(tmp_path, several())
    offer = offer_of("z-ai/glm-5.2")
    OfferParameter.objects.using("jobs").filter(offer=offer, name="tools").update(
        is_supported=False, origin="editor"
    )
    rows = several()
    rows[1]["supported_parameters"] = ["tools", "seed"]

    sync(tmp_path, rows)
    rows[1]["supported_parameters"] = ["seed"]
    sync(tmp_path, rows)

    tools = OfferParameter.objects.get(offer=offer, name="tools")
    assert (tools.is_supported, tools.origin) == (False, "editor")


def test_what_was_fetched_is_kept_for_the_next_time(tmp_path: Path) -> None:
    sync(tmp_path, several())

    fetch = SourceFetch.objects.get(source="openrouter")
    assert (fetch.resource, fetch.row_count) == ("models", 10)
    assert len(fetch.sha256) == 64


def test_a_new_model_later_is_news(tmp_path: Path) -> None:
    sync(tmp_path, several())
    rows = [*several(), row("moonshotai/kimi-k3", "0.000001", "0.000003")]

    sync(tmp_path, rows)

    (change,) = ModelChange.objects.filter(what=What.MODEL_ADDED, is_first_look=False)
    assert change.new == "moonshotai/kimi-k3"
    assert flash()["id"] != change.new
