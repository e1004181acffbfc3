"""Evidence as a check leaves it."""

from typing import Any

from apps.checks.evidence import CheckEvidence
from apps.kit.clock import utc_now
from apps.kit.ids import uuid7


def make_evidence(**facts: Any) -> CheckEvidence:
    usual: dict[str, Any] = {
        "check_id": uuid7(),
        "prompts": 50,
        "wins": 10,
        "losses": 10,
        "ties": 30,
        "consistency": 0.9,
        "verdict": "not_worse",
        "low": -0.1,
        "high": 0.1,
        "margin": 0.15,
        "output_ratio": 1.0,
        "judged_at": utc_now(),
        "method": "judge",
    }
    return CheckEvidence(**{**usual, **facts})
