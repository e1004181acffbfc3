"""The account of one request: what was tried, used and charged, however it ends."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Literal, Protocol
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
    # A second request beside a late first one.
    is_hedge: bool = False
    is_over: bool = False
    # It may take as long as any attempt, so that its being late is the offer's fault.
    has_full_time: bool = True
    # What it used although another one answered: a hedge that lost, or a stream that
    # broke off before anything of it was sent on. Nano-dollars; None: not priced.
    usage: Usage | None = None
    cost_nano: int | None = 0

    @property
    def has_failed(self) -> bool:
        return self.is_over and self.outcome not in {"ok", "cancelled"}


class Watch(Protocol):
    """Who wants to know how each attempt went."""

    def begun(self, attempt: Try) -> None: ...
    def answered(self, attempt: Try) -> None: ...
    def failed(self, attempt: Try, problem: UpstreamError) -> None: ...
    def left(self, attempt: Try) -> None: ...


@dataclass(slots=True)
class Notes:
    """Facts of a request that its price does not depend on; the ledger's columns."""

    alias: str = ""
    tags: str = ""
    purpose: str = "call"
    run_id: str = ""
    step: int | None = None
    session: str = ""
    # How many tools the answer calls; None where nobody counted.
    tool_calls: int | None = None
    experiment_id: UUID | None = None
    arm: str = ""
    # Each such as "dropped:top_k" or "clamped:temperature".
    adjusted: list[str] = field(default_factory=list)
    # "exact" or "semantic" where a stored answer is given, and what it had cost.
    cache: str = ""
    cache_saved_nano: int | None = None


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
    # What the ledger notes beside: see `models.RoutedRequest`.
    notes: Notes = field(default_factory=Notes)
    # Takes the answer's text where the organization stores its prompts.
    hear: Callable[[str], None] | None = field(default=None, repr=False)
    watch: Watch | None = field(default=None, repr=False)
    tries: list[Try] = field(default_factory=list)
    # Who had answered, where a stored answer is given and nobody is asked.
    remembered: Scored | None = None
    # The attempt whose answer the caller gets, once that is known.
    winner: Try | None = None
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
        if self.watch is not None:
            self.watch.begun(attempt)
        return attempt

    def end(self, attempt: Try, problem: UpstreamError | None = None) -> None:
        """Close an attempt that answered, or that failed with `problem`."""
        self.upstream_ms += self._close(attempt)
        attempt.outcome, attempt.http_status = "ok", 200
        if problem is not None:
            attempt.outcome = problem.outcome
            attempt.http_status = problem.http_status
            attempt.message = self.unquoted(problem.message)
        if self.watch is None:
            return
        if problem is None:
            self.watch.answered(attempt)
        else:
            self.watch.failed(attempt, problem)

    def abandon(self, attempt: Try, characters: int = 0) -> None:
        """Close an attempt that nobody waits for any more, after so much output.

        Its provider does not say what it will charge, so that is estimated.
        """
        self.book(attempt, self._guess(characters))
        self._leave(attempt)

    def _leave(self, attempt: Try) -> None:
        self._close(attempt)
        if self.watch is not None:
            self.watch.left(attempt)

    def book(self, attempt: Try, usage: Usage) -> None:
        """Charge an attempt, whose answer the caller does not get, with its usage."""
        price = attempt.scored.candidate.price
        attempt.usage = usage
        attempt.cost_nano = price.cost_of(usage) if price else None

    def _close(self, attempt: Try) -> float:
        duration = self.elapsed_ms() - attempt.started_ms
        attempt.duration_ms = max(0, round(duration))
        attempt.is_over = True
        return duration

    @property
    def answering(self) -> Try | None:
        """The attempt that answered, or that was to answer when the request ended."""
        if self.winner is not None or not self.tries:
            return self.winner
        return next((t for t in self.tries if not t.is_over), self.tries[-1])

    @property
    def answered_by(self) -> Scored | None:
        attempt = self.answering
        return attempt.scored if attempt else self.remembered

    def final_usage(self) -> Usage:
        """The provider's count, or our own guess where it sent none that can be."""
        if self.usage is not None and self._can_be(self.usage):
            return self.usage
        attempt = self.answering
        if attempt is not None and attempt.usage is not None:
            return attempt.usage
        if attempt is None or (attempt.has_failed and not self.output_characters):
            return Usage()
        return self._guess(self.output_characters)

    def _guess(self, characters: int) -> Usage:
        return Usage(
            fresh=self.prompt_tokens_guess,
            output=-(-characters // CHARACTERS_PER_TOKEN),
            is_estimated=True,
        )

    def _can_be(self, usage: Usage) -> bool:
        """No call has more tokens than its model's context holds."""
        served = self.answered_by
        context = served.candidate.context_tokens if served else None
        return usage.prompt + usage.output <= (context or LARGEST_CONTEXT)

    def bill(self) -> Bill:
        """What was spent counts always, whichever attempt spent it; only a whole
        answer saved anything.
        """
        if self._final is not None:
            return self._final
        if self.remembered is not None:
            # What that saved is booked apart from what routing saves.
            return Bill(0, None)
        served = self.answered_by
        price = served.candidate.price if served else None
        baseline = self.baseline if self.status in {None, "ok"} else None
        own = bill(self.final_usage(), price=price, baseline=baseline)
        beside = self.beside_nano()
        if not beside or own.cost_nano is None:
            return own
        return Bill(own.cost_nano + beside, own.baseline_nano)

    def beside_nano(self) -> int:
        """What attempts cost whose answers the caller did not get."""
        if len(self.tries) < 2:
            return 0
        answering = self.answering
        return sum(t.cost_nano or 0 for t in self.tries if t is not answering)

    def settle(self, status: Status, error: AppError | None = None) -> None:
        """Write the row; later calls change nothing, so every exit may call it."""
        if self.status is not None:
            return
        # Found before the attempts are closed, by their being open.
        self.winner = self.answering
        self.status = status
        for attempt in self.tries:
            if not attempt.is_over:
                # What the answering one used is found with its answer.
                leave = self._leave if attempt is self.winner else self.abandon
                leave(attempt)
        self.error_code = error.code if error else ""
        self.latency_ms = round(self.elapsed_ms())
        self._final = self.bill()
        self.record(self)
