"""Two real answers of OpenRouter, eleven days apart, synced in turn.

What the sync says must be what a plain comparison of the two files says. The recordings
lie beside the repository; without them there is nothing to compare.
"""

import gzip
import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from apps.catalog.models import AIModel, ModelChange, Offer, PendingChange
from tests.catalog.openrouter import sync_file, writes

FOLDER: Final = Path(__file__).parents[3] / "shared" / "data" / "catalog"
FIRST, SECOND = (
    FOLDER / f"openrouter_models_2026-07-{day}.json.gz" for day in (17, 28)
)
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not SECOND.exists(), reason="the recordings are not here"),
]
COMPONENTS: Final = {
    "prompt": "input",
    "completion": "output",
    "input_cache_read": "cache_read",
    "input_cache_write": "cache_write_5m",
    "input_cache_write_1h": "cache_write_1h",
    "internal_reasoning": "reasoning",
    "audio": "audio_input",
    "audio_output": "audio_output",
    "input_audio_cache": "audio_cache_read",
    "image": "image",
    "image_output": "image_output",
    "web_search": "search",
}
type Rows = dict[str, dict[str, Any]]
type Move = tuple[str, str, int, Decimal | None, Decimal | None]


def rows_of(path: Path) -> Rows:
    with gzip.open(path) as file:
        rows = json.load(file)["data"]
    # A pointer is a name, and these name no target.
    return {r["id"]: r for r in rows if not r["id"].endswith("-latest")}


def plain(pricing: dict[str, Any]) -> dict[tuple[str, int], Decimal]:
    """Every stated price, by component and step; a price per million tokens."""
    found = dict(_stated(pricing, 0))
    for override in pricing.get("overrides") or ():
        found |= dict(_stated(override, int(override["min_prompt_tokens"])))
    return found


def _stated(
    pricing: dict[str, Any], above: int
) -> Iterator[tuple[tuple[str, int], Decimal]]:
    for key, component in COMPONENTS.items():
        if key in pricing and Decimal(pricing[key]) >= 0:
            factor = 1 if key == "web_search" else 1_000_000
            usd = Decimal(pricing[key]) * factor
            yield (component, above), round(usd, 9).normalize()


def moves(before: Rows, after: Rows) -> set[Move]:
    found = set()
    for model_id in before.keys() & after.keys():
        old, new = (plain(rows[model_id]["pricing"]) for rows in (before, after))
        for key in old.keys() | new.keys():
            if old.get(key) != new.get(key):
                found.add((model_id, *key, old.get(key), new.get(key)))
    return found


def noted_moves() -> set[Move]:
    kinds = ("price", "price_added", "price_removed")
    changes = ModelChange.objects.filter(what__in=kinds, is_first_look=False)
    return {
        (
            change.offer.upstream_id if change.offer else "",
            change.field,
            _above(change.condition),
            None if change.old is None else Decimal(change.old),
            None if change.new is None else Decimal(change.new),
        )
        for change in changes.select_related("offer")
    }


def _above(condition: str) -> int:
    digits = "".join(filter(str.isdigit, condition.partition("above")[2]))
    return int(digits or 0)


def listed(*, missing: bool = False) -> set[str]:
    offers = Offer.objects.filter(missing_since__isnull=not missing)
    return set(offers.values_list("upstream_id", flat=True))


@pytest.fixture
def synced(transactional_db: None) -> tuple[Rows, Rows]:
    for path, on in ((FIRST, date(2026, 7, 17)), (SECOND, date(2026, 7, 28))):
        sync_file(str(path), on=on)
    return rows_of(FIRST), rows_of(SECOND)


def test_the_sync_says_what_a_plain_comparison_says(synced: tuple[Rows, Rows]) -> None:
    before, after = synced

    assert noted_moves() == moves(before, after)
    assert len(moves(before, after)) > 60
    assert listed() == set(after)
    assert listed(missing=True) == before.keys() - after.keys()
    added = ModelChange.objects.filter(what="offer_added", is_first_look=False)
    added_ids = {c.offer.upstream_id for c in added.select_related("offer") if c.offer}
    assert added_ids == after.keys() - before.keys()
    # None of these moves was five-fold, so nobody had to be asked.
    assert not PendingChange.objects.exists()


def test_the_same_recording_again_writes_nothing(synced: tuple[Rows, Rows]) -> None:
    with writes() as written:
        outcome = sync_file(str(SECOND), on=date(2026, 7, 28))

    assert written == []
    assert outcome.rows == 367


def test_each_trap_of_the_recording_is_handled(synced: tuple[Rows, Rows]) -> None:
    _, after = synced
    offers = {offer.upstream_id: offer for offer in Offer.objects.all()}

    variable = {i for i, row in after.items() if row["pricing"]["prompt"] == "-1"}
    assert {i for i, o in offers.items() if o.is_price_variable} == variable
    assert len(variable) == 5
    free = {i for i, row in after.items() if row["pricing"]["prompt"] == "0"}
    priced = Offer.objects.filter(prices__component="input", prices__usd=0)
    assert set(priced.values_list("upstream_id", flat=True)) >= free
    assert offers["z-ai/glm-5-turbo"].sunset_on is None
    assert offers["openai/gpt-5.3-chat"].sunset_on == date(2026, 8, 10)
    for variant in ("free", "batch", "thinking"):
        ids = [i for i in after if i.endswith(f":{variant}")]
        assert ids
        for model_id in ids:
            base = offers.get(model_id.partition(":")[0])
            assert offers[model_id].variant == variant
            assert base is None or base.ai_model_id == offers[model_id].ai_model_id
    assert not AIModel.objects.filter(slug__contains=":").exists()
    assert not AIModel.objects.filter(slug__contains="latest").exists()
    vendors = AIModel.objects.filter(author__startswith="meta").values_list("vendor")
    assert set(vendors) == {("meta",)}


def test_endpoints_of_the_recording_twice(synced: tuple[Rows, Rows]) -> None:
    path = str(FOLDER / "openrouter_endpoints_derived_2026-07-28.json.gz")
    with gzip.open(path) as file:
        recorded = json.load(file)
    expected = sum(len(body["data"]["endpoints"]) for body in recorded.values())

    first = sync_file(path, source="openrouter_endpoints", on=date(2026, 7, 28))
    with writes() as written:
        sync_file(path, source="openrouter_endpoints", on=date(2026, 7, 28))

    assert written == []
    assert first.rows == expected
    known = Offer.objects.exclude(endpoint_tag="")
    assert known.count() == expected
    assert known.filter(prices__is_discount=True).distinct().count() == 53


def test_the_other_sources_twice(synced: tuple[Rows, Rows]) -> None:
    for source, name in (
        ("litellm", "litellm_model_prices_1.109.1.json.gz"),
        ("models_dev", "models_dev_api_2026-05.json.gz"),
        ("deprecations", "deprecations_info_2025-11-23.json"),
    ):
        first = sync_file(str(FOLDER / name), source=source)
        with writes() as written:
            sync_file(str(FOLDER / name), source=source)

        assert first.rows > 100
        assert written == [], source
    # What several sources say of one model, is one model.
    assert Offer.objects.filter(ai_model__slug="anthropic/claude-opus-4.5").count() > 1
    models = AIModel.objects.select_related("successor")
    ended = models.get(slug="openai/gpt-4o-realtime-preview-2024-12-17")
    assert (ended.sunset_on, ended.status) == (date(2026, 2, 27), "retired")
    assert ended.successor
    assert ended.successor.slug == "openai/gpt-realtime"
