"""OpenRouter's answers in small: rows with their traps, and a way to sync them.

Ids, prices and conditions are those of its answers of July and August 2026.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from django.db import connections
from django.test.utils import CaptureQueriesContext

from apps.catalog.models import Offer, Price
from apps.catalog.sync.endpoints import source_of
from apps.catalog.sync.running import Outcome, Request, sync_source

ON = date(2026, 7, 28)
type Row = dict[str, Any]


def row(model_id: str, prompt: str, completion: str, **fields: Any) -> Row:
    """One row of the list of models; `pricing` adds further prices."""
    pricing = {"prompt": prompt, "completion": completion, **fields.pop("pricing", {})}
    author, _, name = model_id.partition("/")
    plain: Row = {
        "id": model_id,
        "canonical_slug": model_id.partition(":")[0],
        "hugging_face_id": None,
        "name": f"{author.title()}: {name}",
        "created": 1785190561,
        "description": f"{name} is a model.",
        "context_length": 262_144,
        "architecture": {
            "modality": "text->text",
            "input_modalities": ["text"],
            "output_modalities": ["text"],
            "tokenizer": "Other",
            "instruct_type": None,
        },
        "pricing": pricing,
        "top_provider": {
            "context_length": 262_144,
            "max_completion_tokens": 65_536,
            "is_moderated": False,
        },
        "per_request_limits": None,
        "supported_parameters": ["max_tokens", "temperature", "tools"],
        "default_parameters": None,
        "supported_voices": None,
        "knowledge_cutoff": None,
        "expiration_date": None,
    }
    return {**plain, **fields}


def flash() -> Row:
    """Two size steps, real."""
    steps = [
        (32_000, "0.0000001", "0.0000004", "0.00000002", "0.000000125"),
        (256_000, "0.0000002", "0.0000008", "0.00000004", "0.00000025"),
    ]
    names = ("min_prompt_tokens", "prompt", "completion")
    caches = ("input_cache_read", "input_cache_write")
    return row(
        "qwen/qwen3.7-flash",
        "0.00000003",
        "0.00000013",
        canonical_slug="qwen/qwen3.7-flash-20260727",
        pricing={
            "input_cache_read": "0.000000006",
            "input_cache_write": "0.000000038",
            "overrides": [
                dict(zip((*names, *caches), step, strict=True)) for step in steps
            ],
        },
    )


def several() -> list[Row]:
    """Ten plain rows, so that a few may come and go."""
    return [
        flash(),
        row("z-ai/glm-5.2", "0.0000009268", "0.0000029128"),
        row("meta/muse-spark-1.1", "0.00000125", "0.00000425"),
        row("meta-llama/llama-4-scout", "0.0000001", "0.0000003"),
        row("openai/gpt-oss-20b", "0.00000003", "0.00000014"),
        row("openai/gpt-oss-20b:free", "0", "0"),
        row("anthropic/claude-opus-5", "0.000005", "0.000025"),
        row("anthropic/claude-opus-5:batch", "0.0000025", "0.0000125"),
        row("qwen/qwen-plus-2025-07-28:thinking", "0.00000026", "0.00000078"),
        row("openrouter/auto", "-1", "-1"),
    ]


def endpoint(tag: str, prompt: str, completion: str, **fields: Any) -> Row:
    """One endpoint of a model."""
    pricing = {"prompt": prompt, "completion": completion, "discount": 0}
    plain: Row = {
        "name": f"{tag} | a model",
        "context_length": 202_752,
        "pricing": {**pricing, **fields.pop("pricing", {})},
        "provider_name": tag.partition("/")[0].title(),
        "tag": tag,
        "quantization": "unknown",
        "max_completion_tokens": 131_072,
        "max_prompt_tokens": None,
        "supported_parameters": ["max_tokens", "tools"],
        "status": 0,
        "uptime_last_30m": 99.5,
        "uptime_last_5m": None,
        "uptime_last_1d": 99.9,
        "latency_last_30m": {"p50": 804.5, "p75": 990, "p90": 1754, "p99": 4703},
        "throughput_last_30m": None,
    }
    return {**plain, **fields}


def write(path: Path, body: object) -> str:
    path.write_text(body if isinstance(body, str) else json.dumps(body))
    return str(path)


def sync(
    folder: Path, rows: list[Row], *, on: date = ON, allows_fewer: bool = False
) -> Outcome:
    """Sync the list of models out of these rows."""
    file = write(folder / "models.json", {"data": rows})
    return sync_file(file, on=on, allows_fewer=allows_fewer)


def sync_file(
    file: str,
    *,
    source: str = "openrouter",
    on: date = ON,
    allows_fewer: bool = False,
) -> Outcome:
    request = Request(
        source_of(source),
        file=file,
        on=on,
        allows_fewer=allows_fewer,
        trigger="command",
    )
    return sync_source(request)


def sync_endpoints(folder: Path, endpoints: dict[str, list[Row]]) -> Outcome:
    body = {i: {"data": {"id": i, "endpoints": rows}} for i, rows in endpoints.items()}
    file = write(folder / "endpoints.json", body)
    return sync_file(file, source="openrouter_endpoints")


def offer_of(upstream_id: str, tag: str = "") -> Offer:
    return Offer.objects.get(
        provider__slug="openrouter", upstream_id=upstream_id, endpoint_tag=tag
    )


def prices_of(offer: Offer, **filters: Any) -> dict[tuple[str, int], str]:
    """The open rows: (component, above so many tokens) to dollars a million."""
    rows = Price.objects.filter(offer=offer, valid_until=None, **filters)
    return {
        (price.component, price.above_prompt_tokens): f"{price.usd.normalize():f}"
        for price in rows
    }


# The run's own row and its heart, which every job writes.
_OWN = ("job_runs", "job_heartbeats", "hold_job_token", "advance_job")


@contextmanager
def writes() -> Iterator[list[str]]:
    """The statements that wrote anything but the job's own row, through any login."""
    found: list[str] = []
    with ExitStack() as stack:
        captured = [
            stack.enter_context(CaptureQueriesContext(connections[alias]))
            for alias in connections
        ]
        yield found
    for queries in captured:
        for query in queries.captured_queries:
            sql = query["sql"].lstrip().upper()
            is_write = sql.startswith(("INSERT", "UPDATE", "DELETE", "TRUNCATE"))
            if is_write and not any(own.upper() in sql for own in _OWN):
                found.append(query["sql"])
