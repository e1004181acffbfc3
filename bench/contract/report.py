"""What a run found."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

# The caller's own wishes left nobody who may answer: documented, and no failure.
NOBODY_FITS = "no_model_available"


@dataclass(slots=True)
class Report:
    """Counts of answers, and the first example of each way to break the contract."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    by_operation: Counter[str] = field(default_factory=Counter)
    nobody_fits: int = 0
    failures: dict[str, str] = field(default_factory=dict)

    def count(self, operation: str, status: int, code: str) -> None:
        self.requests += 1
        self.statuses[status] += 1
        self.by_operation[operation] += 1
        if status == 503 and code == NOBODY_FITS:
            self.nobody_fits += 1
        elif status >= 500:
            self.fail(operation, f"status {status} {code}")

    def fail(self, operation: str, what: str, example: str = "") -> None:
        self.failures.setdefault(f"{operation}: {what}", example[:2000])

    def as_json(self) -> dict[str, Any]:
        return {
            "requests": self.requests,
            "statuses": dict(sorted(self.statuses.items())),
            "by_operation": dict(sorted(self.by_operation.items())),
            "nobody_fits": self.nobody_fits,
            "failures": self.failures,
        }


def code_of(body: Any) -> str:
    """The code of an error's body, or "" where it has none."""
    error = body.get("error") if isinstance(body, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) else ""
