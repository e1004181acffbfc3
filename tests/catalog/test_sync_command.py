"""`manage sync_catalog`: what it prints, and that a dry run writes nothing."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from apps.catalog.models import AIModel
from apps.jobs.models import Run
from tests.catalog.openrouter import several, write, writes

pytestmark = pytest.mark.django_db(transaction=True)


def run(folder: Path, body: object, *options: str, **more: Any) -> str:
    said = StringIO()
    file = write(folder / "models.json", body)
    arguments = ("--source", "openrouter", "--file", file, *options)
    call_command("sync_catalog", *arguments, stdout=said, **more)
    return said.getvalue()


def test_a_dry_run_shows_the_diff_and_writes_nothing(tmp_path: Path) -> None:
    run(tmp_path, {"data": several()})
    rows = several()[1:]
    rows[0]["pricing"] = {"prompt": "0.0000007686", "completion": "0.0000029128"}
    rows[2]["pricing"] = {"prompt": "0", "completion": "0.0000003"}
    rows[1]["supported_parameters"] = ["seed"]
    rows[3]["expiration_date"] = "2089-01-31"

    with writes() as written:
        said = run(tmp_path, {"data": rows}, "--dry-run")

    assert written == []
    assert "Prices (1)" in said
    assert "z-ai/glm-5.2: input 0.9268 → 0.7686, -17.1%" in said
    assert "Held for an editor (1)" in said
    assert "meta-llama/llama-4-scout: input 0.1 → 0, becomes free" in said
    assert "+seed −max_tokens −temperature −tools" in said
    assert "openai/gpt-oss-20b: sunset_on not known → 2089-01-31" in said
    assert "No longer listed (1)\n  qwen/qwen3.7-flash" in said
    assert Run.objects.using("jobs").count() == 1


def test_a_dry_run_of_what_is_known_says_so(tmp_path: Path) -> None:
    run(tmp_path, {"data": several()})

    said = run(tmp_path, {"data": several()}, "--dry-run")

    assert "Nothing to write." in said


def test_long_lists_are_cut_unless_all_is_asked_for(tmp_path: Path) -> None:
    rows = [{**several()[1], "id": f"z-ai/glm-{n}"} for n in range(30)]

    assert "… and 10 more" in run(tmp_path, {"data": rows}, "--dry-run")
    assert "more (--all" not in run(tmp_path, {"data": rows}, "--dry-run", "--all")


def test_a_sync_says_in_a_line_what_it_did(tmp_path: Path) -> None:
    said = run(tmp_path, {"data": several()}, "--on", "2026-07-28")

    assert said.startswith("10 rows: 1 providers, 8 models, 10 offers")
    assert AIModel.objects.filter(sourced_on="2026-07-28").count() == 8


@pytest.mark.parametrize("option", [(), ("--dry-run",)])
def test_a_broken_file_is_an_error_that_says_why(
    tmp_path: Path, option: tuple[str, ...]
) -> None:
    with pytest.raises(CommandError, match=r"Nothing was written: .*no JSON"):
        run(tmp_path, "<html>", *option)

    assert not AIModel.objects.exists()


def test_a_source_that_is_off_says_so(settings: Settings) -> None:
    settings.LITELLM_PRICES_URL = "off"

    with pytest.raises(CommandError, match="LITELLM_PRICES_URL is off"):
        call_command("sync_catalog", "--source", "litellm", "--dry-run")
