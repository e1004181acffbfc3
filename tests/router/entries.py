"""Ledger rows for tests, made from what matters to each."""

from typing import Any

from apps.kit.clock import utc_now
from apps.kit.ids import uuid7
from apps.router.rows import Entry, RequestRow


def make_entry(**facts: Any) -> Entry:
    row: dict[str, Any] = {
        "org_id": uuid7().hex,
        "id": uuid7().hex,
        "created_at": int(utc_now().timestamp() * 1_000_000),
        "key_id": None,
        "decision_id": None,
        "model_id": None,
        "provider": "fake",
        "model": "fake/one",
        "baseline_model": "",
        "task": "chat",
        "endpoint": "/v1/chat",
        "status": "ok",
        "error_code": "",
        "finish_reason": "stop",
        "is_test": False,
        "is_stream": False,
        "is_estimated": False,
        "input_tokens": 10,
        "cached_tokens": 0,
        "written_tokens": 0,
        "output_tokens": 5,
        "reasoning_tokens": 0,
        "cost_nano": 1000,
        "baseline_nano": 5000,
        "latency_ms": 12,
        "first_token_ms": None,
        "attempts": 1,
    }
    return Entry(RequestRow(**(row | facts)), [], None)
