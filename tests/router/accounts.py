"""Accounts of requests for tests, made from what matters to each."""

from time import perf_counter
from typing import Any

from apps.kit.clock import utc_now
from apps.kit.ids import uuid7
from apps.router.account import Account


def make_account(**facts: Any) -> Account:
    made: dict[str, Any] = {
        "request_id": uuid7(),
        "org_id": uuid7(),
        "key_id": None,
        "endpoint": "/v1/chat",
        "accepted_at": utc_now(),
        "started": perf_counter(),
        "is_test": False,
        "is_stream": False,
        "task": "chat",
        "decision_id": None,
        "baseline_model": "",
        "baseline": None,
        "prompt_tokens_guess": 10,
        "record": lambda account: None,
    }
    return Account(**(made | facts))
