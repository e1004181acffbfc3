"""A catalog for the public pages: known prices and ratings, nothing else."""

from collections.abc import Iterable

from apps.catalog.models import AIModel, ModelQuality
from apps.kit.clock import utc_now
from apps.opportunities import market as market_module
from tests.factories import Listed, make_offers

NOWHERE = "http://127.0.0.1:9/v1"
# Each house lists one model here; its rating, and on how many benchmarks it rests.
type Row = tuple[str, str, str, float, int]
ROWS: tuple[Row, ...] = (
    ("openai/gpt-4.1", "2", "8", 0.45, 20),
    ("anthropic/claude-sonnet-4-5", "3", "15", 0.56, 15),
    ("google/gemini-2.5-pro", "1.25", "10", 0.55, 14),
    ("good/cheap", "0.15", "0.60", 0.60, 9),
    ("weak/cheaper", "0.05", "0.10", 0.20, 9),
    ("new/unrated", "0.01", "0.02", 0.90, 1),
)


def make_market(rows: Iterable[Row] = ROWS) -> None:
    """The models can all do what the six kinds of use case ask."""
    market_module.forget()
    rows = list(rows)
    make_offers(*(Listed(slug, NOWHERE, a, b, 1_000_000) for slug, a, b, _, _ in rows))
    AIModel.objects.using("owner").update(
        has_tools=True, has_json_schema=True, has_vision=True
    )
    ids = dict(AIModel.objects.values_list("slug", "id"))
    now = utc_now()
    ModelQuality.objects.using("owner").bulk_create(
        ModelQuality(
            ai_model_id=ids[slug],
            domain="general",
            score=score,
            low=max(score - 0.05, 0),
            high=min(score + 0.05, 1),
            benchmarks=count,
            results=count,
            independent=count,
            newest=now.date(),
            updated_at=now,
        )
        for slug, _, _, score, count in rows
    )
