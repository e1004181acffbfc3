"""The scheduled syncs, from a mirror on disk."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from apps.accounts.models import Organization
from apps.catalog import tasks
from apps.catalog.models import AIModel, Offer, UsedModel
from apps.catalog.services import note_used
from apps.catalog.sync.endpoints import listed_ids
from apps.catalog.tasks import SyncFailedError
from apps.jobs.models import Run
from apps.jobs.schedule import JOBS
from apps.kit.clock import utc_now
from apps.router.models import UsageDay
from apps.router.tasks import note_used as note_used_models
from apps.tenancy.scope import scope
from tests.catalog.openrouter import endpoint, several, sync, write
from tests.factories import make_org

pytestmark = pytest.mark.django_db(transaction=True)
GLM = "z-ai/glm-5.2"
ENTRY = {
    "litellm_provider": "openai",
    "mode": "chat",
    "input_cost_per_token": 1e-06,
    "output_cost_per_token": 4e-06,
    "max_input_tokens": 400_000,
    "supports_function_calling": True,
}
MODELS_DEV = {
    "zai": {
        "id": "zai",
        "models": {
            "glm-5.2": {
                "name": "GLM 5.2",
                "family": "glm",
                "release_date": "2026-06-01",
                "open_weights": True,
                "limit": {"context": 202_752, "output": 131_072},
                "modalities": {"input": ["text"], "output": ["text"]},
                "cost": {
                    "input": 1.4,
                    "output": 4.4,
                    "tiers": [{"input": 2.8, "tier": {"type": "context", "size": 9}}],
                },
            },
            "glm-latest": {"name": "A pointer", "cost": {"input": 1, "output": 1}},
        },
    },
    "other": {"id": "other", "models": {}},
}
ENDS = [
    {
        "provider": "OpenAI",
        "model_id": "gpt-oss-20b",
        "announcement_date": "2026-06-01",
        "shutdown_date": "2089-01-31",
        "replacement_model": "gpt-6-sol",
        "url": "https://platform.openai.com/docs/deprecations",
    },
    {"provider": "Azure", "model_id": "gpt-6-sol", "shutdown_date": "2089-01-31"},
    {"provider": "OpenAI", "model_id": "never-heard", "shutdown_date": "2089-01-31"},
]


@pytest.fixture
def mirror(tmp_path: Path, settings: Settings) -> Path:
    """A folder in the shape of each source's addresses."""
    folder = tmp_path / "mirror"
    (folder / "models" / "z-ai" / "glm-5.2").mkdir(parents=True)
    write(folder / "models.json", {"data": several(), "total_count": 10})
    rows = {"endpoints": [endpoint("deepinfra", "0.0000002", "0.0000007")]}
    write(folder / "models" / "z-ai" / "glm-5.2" / "endpoints.json", {"data": rows})
    policies = {"slug": "deepinfra", "dataPolicy": {"training": False}}
    write(folder / "providers.json", {"data": [{"slug": "deepinfra", "name": "DI"}]})
    (folder / "api" / "frontend" / "v1").mkdir(parents=True)
    write(folder / "api/frontend/v1/all-providers.json", {"data": [policies]})
    write(folder / "api.json", MODELS_DEV)
    write(folder / "prices.json", {"sample_spec": {}, "openai/gpt-6-sol": ENTRY})
    write(folder / "ends.json", ENDS)
    settings.OPENROUTER_URL = str(folder)
    settings.MODELS_DEV_URL = f"file://{folder}/api.json"
    settings.LITELLM_PRICES_URL = str(folder / "prices.json")
    settings.DEPRECATIONS_URL = str(folder / "ends.json")
    return folder


def status_of(name: str) -> str:
    return Run.objects.using("jobs").filter(name=name).latest("started_at").status


def test_the_nightly_jobs_are_on_the_timetable() -> None:
    assert str(JOBS["catalog.sync_catalog"].timing) == "daily at 02:00"
    assert str(JOBS["catalog.sync_prices"].timing) == "daily at 03:00"
    assert JOBS["catalog.refresh_used"].timing.period == timedelta(hours=1)


def test_the_catalog_comes_from_all_its_sources(mirror: Path) -> None:
    tasks.sync_catalog()

    glm = AIModel.objects.get(slug=GLM)
    assert (glm.name, glm.family, glm.is_open_weights) == ("GLM 5.2", "glm", True)
    assert glm.context_tokens == 202_752
    ended = AIModel.objects.get(slug="openai/gpt-oss-20b")
    assert str(ended.sunset_on) == "2089-01-31"
    assert str(ended.deprecated_on) == "2026-06-01"
    assert not AIModel.objects.filter(slug="openai/never-heard").exists()
    assert Offer.objects.filter(ai_model=glm, provider__slug="zai").count() == 1
    assert not Offer.objects.filter(upstream_id="glm-latest").exists()
    assert status_of("catalog.sync_catalog") == "completed"


def test_a_source_that_fails_keeps_no_other_from_its_turn(mirror: Path) -> None:
    write(mirror / "models.json", "<html>")

    with pytest.raises(SyncFailedError, match=r"openrouter failed: .*no JSON"):
        tasks.sync_catalog()

    assert status_of("catalog.sync:openrouter") == "failed"
    assert status_of("catalog.sync:models_dev") == "completed"
    assert status_of("catalog.sync_catalog") == "failed"
    assert AIModel.objects.filter(slug=GLM, origin="models_dev").exists()


def test_prices_come_from_makers_and_endpoints(
    mirror: Path, settings: Settings
) -> None:
    tasks.sync_catalog()
    only_glm = Offer.objects.using("jobs").exclude(upstream_id=GLM)
    only_glm.filter(provider__slug="openrouter").update(delisted_at=utc_now())

    tasks.sync_prices()

    sol = Offer.objects.get(provider__slug="openai", upstream_id="gpt-6-sol")
    assert sol.origin == "litellm"
    assert Offer.objects.get(endpoint_tag="deepinfra").upstream_id == GLM


def test_a_source_that_is_off_is_passed_by(mirror: Path, settings: Settings) -> None:
    settings.OPENROUTER_URL = settings.DEPRECATIONS_URL = "off"

    tasks.sync_catalog()

    summary = Run.objects.using("jobs").get(name="catalog.sync_catalog").summary
    assert "openrouter: off" in summary
    assert AIModel.objects.filter(slug=GLM).exists()


def test_only_models_in_use_are_refreshed_by_the_hour(
    mirror: Path, tmp_path: Path
) -> None:
    sync(tmp_path, several())
    assert listed_ids(only_used=True) == []
    note_used([AIModel.objects.get(slug=GLM).pk], on=utc_now().date())

    tasks.refresh_used()

    assert Offer.objects.exclude(endpoint_tag="").count() == 1
    assert status_of("catalog.refresh_used") == "completed"


def day_of(org: Organization, model: str, **fields: Any) -> None:
    sums = dict.fromkeys(
        (
            *("requests", "failed", "input_tokens", "cached_tokens"),
            *("output_tokens", "reasoning_tokens", "cost_usd", "baseline_usd"),
            *("savings_usd", "unpriced", "latency_ms_total"),
        ),
        0,
    )
    UsageDay(
        org_id=org.pk,
        day=utc_now().date(),
        provider="openrouter",
        model=model,
        task="chat",
        is_test=False,
        **{**sums, **fields},
    ).save(using="owner")


def test_what_the_ledger_has_is_in_use(tmp_path: Path) -> None:
    sync(tmp_path, several())
    acme = make_org("Acme")
    with scope(acme.pk):
        day_of(acme, GLM)
        day_of(acme, "a/model-that-is-gone")

    note_used_models()

    used = UsedModel.objects.values_list("ai_model__slug", flat=True)
    assert list(used) == [GLM]
