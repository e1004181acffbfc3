"""The account of one request: what was tried, used and charged, however it ends."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Literal
from uuid import UUID

from apps.kit.errors import AppError
from apps.kit.money import CompiledPrice
from apps.providers.errors import UpstreamError
from apps.providers.wire import Usage
from apps.router.engine.need import Scored
from apps.router.engine.savings import Bill, bill

Status = Literal["ok", "failed", "cancelled"]
# Without a provider's count, one token is taken for four characters, which is
# what English averages in the common tokenizers; such rows are marked estimated.
CHARACTERS_PER_TOKEN = 4
# Above every context that is sold (10 million in 2026); such a count is an error.
LARGEST_CONTEXT = 20_000_000


@dataclass(slots=True)
class Try:
    """One attempt at one offer; the ledger's `attempt`."""

    number: int
    scored: Scored
    started_ms: int
    # Whose provider key it went out with: "own", "managed", or none was needed.
    key_kind: str = ""
    duration_ms: int = 0
    outcome: str = "cancelled"
    http_status: int | None = None
    message: str = ""


@dataclass(slots=True)
class Account:
    """Collects the facts of one request and settles them exactly once."""

    request_id: UUID
    org_id: UUID
    key_id: UUID | None
    endpoint: str
    accepted_at: datetime
    started: float  # perf_counter when the request was accepted
    is_test: bool
    is_stream: bool
    task: str
    decision_id: UUID | None
    baseline_model: str
    baseline: CompiledPrice | None
    prompt_tokens_guess: int
    record: Callable[["Account"], None] = field(repr=False)
    # Takes what the caller said out of a provider's words, before they are kept.
    unquoted: Callable[[str], str] = field(default=str, repr=False)
    # Takes the answer's text where the organization stores its prompts.
    hear: Callable[[str], None] | None = field(default=None, repr=False)
    tries: list[Try] = field(default_factory=list)
    usage: Usage | None = None
    finish_reason: str = ""
    output_characters: int = 0
    first_token_ms: int | None = None
    upstream_ms: float = 0.0
    latency_ms: int = 0
    status: Status | None = None
    error_code: str = ""
    _final: Bill | None = None

    def elapsed_ms(self) -> float:
        return (perf_counter() - self.started) * 1000

    def begin(self, scored: Scored, key_kind: str = "") -> Try:
        started_ms = round(self.elapsed_ms())
        attempt = Try(len(self.tries) + 1, scored, started_ms, key_kind)
        self.tries.append(attempt)
        return attempt

    def end(self, attempt: Try, problem: UpstreamError | None = None) -> None:
        """Close an attempt that answered, or that failed with `problem`."""
        duration = self.elapsed_ms() - attempt.started_ms
        attempt.duration_ms = max(0, round(duration))
        self.upstream_ms += duration
        attempt.outcome, attempt.http_status = "ok", 200
        if problem is not None:
            attempt.outcome = problem.outcome
            attempt.http_status = problem.http_status
            attempt.message = self.unquoted(problem.message)

    @property
    def answered_by(self) -> Scored | None:
        return self.tries[-1].scored if self.tries else None

    def final_usage(self) -> Usage:
        """The provider's count, or our own guess where it sent none that can be."""
        if self.usage is not None and self._can_be(self.usage):
            return self.usage
        if not self.tries or (self.status == "failed" and not self.output_characters):
            return Usage()
        return Usage(
            fresh=self.prompt_tokens_guess,
            output=-(-self.output_characters // CHARACTERS_PER_TOKEN),
            is_estimated=True,
        )

    def _can_be(self, usage: Usage) -> bool:
        """No call has more tokens than its model's context holds."""
        served = self.answered_by
        context = served.candidate.context_tokens if served else None
        return usage.prompt + usage.output <= (context or LARGEST_CONTEXT)

    def bill(self) -> Bill:
        """What was spent counts always; only a whole answer saved anything."""
        if self._final is not None:
            return self._final
        served = self.answered_by
        price = served.candidate.price if served else None
        baseline = self.baseline if self.status in {None, "ok"} else None
        return bill(self.final_usage(), price=price, baseline=baseline)

    def settle(self, status: Status, error: AppError | None = None) -> None:
        """Write the row; later calls change nothing, so every exit may call it."""
        if self.status is not None:
            return
        self.status = status
        if status == "cancelled" and self.tries:
            last = self.tries[-1]
            last.duration_ms = round(self.elapsed_ms()) - last.started_ms
        self.error_code = error.code if error else ""
        self.latency_ms = round(self.elapsed_ms())
        self._final = self.bill()
        self.record(self)
