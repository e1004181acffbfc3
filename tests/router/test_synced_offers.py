"""Of what a sync brings, the router is offered what takes live calls at its price."""

from pathlib import Path

import pytest

from apps.router import snapshot
from tests.catalog.openrouter import endpoint, several, sync, sync_endpoints

pytestmark = pytest.mark.django_db(transaction=True)


def test_endpoints_batch_free_and_unpriced_ids_are_left_out(tmp_path: Path) -> None:
    sync(tmp_path, several())
    sync_endpoints(
        tmp_path, {"z-ai/glm-5.2": [endpoint("deepinfra", "0.0000002", "0.0000007")]}
    )

    picture = snapshot.load()

    offers = [*picture.pool, *(excluded.candidate for excluded in picture.closed)]
    assert {offer.upstream_id for offer in offers} == {
        "anthropic/claude-opus-5",
        "meta-llama/llama-4-scout",
        "meta/muse-spark-1.1",
        "openai/gpt-oss-20b",
        "qwen/qwen-plus-2025-07-28:thinking",
        "qwen/qwen3.7-flash",
        "z-ai/glm-5.2",
    }
