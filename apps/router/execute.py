"""Walk the chain: try each offer until one answers, within one deadline.

Another offer is tried only while the caller has seen nothing. What the provider
says is wrong with the request itself (400, 404, 422) is the caller's to mend and is
never tried elsewhere. A refused key (401, 402, 403) is out for this request, and a
rate limited one makes way for the provider's next key; a provider without any key
left is out.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from apps.kit.errors import (
    AppError,
    NoModelAvailableError,
    NotFoundError,
    ProviderError,
    ProviderTimeoutError,
    RateLimitedError,
    UnprocessableError,
    ValidationError,
)
from apps.providers import errors
from apps.providers.client import ProviderClient
from apps.providers.wire import ChatRequest, ChatResult, StreamPart
from apps.router.account import Account, Try
from apps.router.engine.need import Scored
from apps.router.limits.estimate import affordable_tokens
from apps.router.limits.gate import Ticket
from apps.router.ways import Keychain, Way

# Start-up events that may be held back while waiting for the first token.
MAX_HELD_PARTS = 64


@dataclass(frozen=True, slots=True)
class Call:
    """One request on its way: what to send, to whom, until when."""

    account: Account
    chain: tuple[Scored, ...]
    keychain: Keychain
    body: dict[str, Any]
    max_cost_nano: int | None
    ticket: Ticket
    deadline: float  # perf_counter
    attempt_timeout_s: float

    def time_left(self) -> float:
        return self.deadline - perf_counter()


@dataclass(slots=True)
class OpenStream:
    """A stream whose first output has been read; nothing was sent on yet."""

    attempt: Try
    held: list[StreamPart]
    rest: AsyncGenerator[StreamPart]


async def answer(call: Call, client: ProviderClient) -> ChatResult:
    """The first whole answer of the chain; raises an AppError when none comes."""
    walk = _Walk(call)
    for attempt, way, is_last in walk:
        try:
            result = await client.send(
                way.endpoint,
                request_for(call, attempt.scored, is_stream=False),
                timeout_s=_patience(call, is_last=is_last),
            )
        except errors.UpstreamError as problem:
            walk.failed(attempt, way, problem)
        else:
            call.account.end(attempt)
            return result
    raise walk.verdict()


async def open_stream(call: Call, client: ProviderClient) -> OpenStream:
    """The first stream of the chain that yields output; raises an AppError."""
    walk = _Walk(call)
    for attempt, way, is_last in walk:
        parts = client.stream(
            way.endpoint,
            request_for(call, attempt.scored, is_stream=True),
            first_token_timeout_s=_patience(call, is_last=is_last),
            total_timeout_s=max(call.time_left(), 0.001),
        )
        try:
            held = await _until_output(parts)
        except errors.UpstreamError as problem:
            await parts.aclose()
            walk.failed(attempt, way, problem)
        except BaseException:
            await parts.aclose()
            raise
        else:
            call.account.upstream_ms += call.account.elapsed_ms() - attempt.started_ms
            return OpenStream(attempt, held, parts)
    raise walk.verdict()


def request_for(call: Call, scored: Scored, *, is_stream: bool) -> ChatRequest:
    """The request to one offer, its output capped by what max_cost still buys."""
    body = call.body
    limits = [_within_max_cost(call, scored), _within_budgets(call, scored)]
    affordable = min((limit for limit in limits if limit is not None), default=None)
    if affordable is not None:
        name = (
            "max_completion_tokens" if "max_completion_tokens" in body else "max_tokens"
        )
        # A provider refuses a limit above what its model can write.
        most = scored.candidate.max_output_tokens or affordable
        limit = min(body.get(name) or affordable, affordable, most)
        body = {**body, name: limit}
    return ChatRequest(scored.candidate.upstream_id, body, is_stream)


def _within_budgets(call: Call, scored: Scored) -> int | None:
    """The output limit that pays for itself from what was reserved."""
    size, price = call.ticket.size, scored.candidate.price
    if size is None or price is None:
        return None
    limit = affordable_tokens(price, size, call.ticket.reserved)
    return None if limit is None else max(1, limit)


def _within_max_cost(call: Call, scored: Scored) -> int | None:
    price = scored.candidate.price
    if call.max_cost_nano is None or price is None:
        return None
    prompt = price.cost_nano(call.account.prompt_tokens_guess, 0, 0, 0, 0, 0)
    thousand = price.cost_nano(0, 0, 0, 0, 1000, 0)
    if prompt is None or not thousand:
        return None
    return max(1, (call.max_cost_nano - prompt) * 1000 // thousand)


async def _until_output(parts: AsyncIterator[StreamPart]) -> list[StreamPart]:
    held: list[StreamPart] = []
    async for part in parts:
        held.append(part)
        if part.is_token or part.is_done or len(held) >= MAX_HELD_PARTS:
            return held
    if not held:
        raise errors.BadAnswerError("the stream ended before it began")
    return held


def _patience(call: Call, *, is_last: bool) -> float:
    left = max(call.time_left(), 0.001)
    return left if is_last else min(left, call.attempt_timeout_s)


def _keep_from_providers(chain: Iterable[Scored]) -> None:
    """The last of several walls between a test key and a provider that is paid."""
    if not all(scored.candidate.is_stand_in for scored in chain):
        raise NoModelAvailableError("A test key never reaches a provider.")


class _Walk:
    """Goes down the chain, remembering what failed and which keys are out."""

    def __init__(self, call: Call) -> None:
        if call.account.is_test:
            _keep_from_providers(call.chain)
        self._call = call
        self._problem: errors.UpstreamError | None = None
        self._is_keys_fault = False
        self._refused: list[Way] = []

    def __iter__(self) -> Iterator[tuple[Try, Way, bool]]:
        call = self._call
        for scored in call.chain:
            ways = call.keychain.ways_to(scored.candidate.provider)
            for way in ways:
                if way in self._refused:
                    continue
                if self._problem is not None and call.time_left() <= 0:
                    return
                is_last = scored is call.chain[-1] and way is ways[-1]
                yield call.account.begin(scored, way.key_kind), way, is_last
                if not self._is_keys_fault:
                    break

    def failed(self, attempt: Try, way: Way, problem: errors.UpstreamError) -> None:
        """Note the failure; raises when neither key nor offer could do better."""
        self._call.account.end(attempt, problem)
        self._problem = problem
        self._is_keys_fault = isinstance(problem, _KEYS_FAULTS)
        if self._is_keys_fault:
            self._call.keychain.rests.note(way, problem)
        if isinstance(problem, errors.AuthError):
            self._refused.append(way)
        elif not problem.is_retryable:
            raise to_app_error(problem) from problem

    def verdict(self) -> AppError:
        if self._problem is None:
            return NoModelAvailableError("No offer could be tried.")
        last = self._refused[-1] if self._refused else None
        if isinstance(self._problem, errors.AuthError) and last and last.is_own:
            return ProviderError(
                f"{last.endpoint.provider} refused your organization's own key."
            )
        return to_app_error(self._problem)


# What another key of the same provider may do better at.
_KEYS_FAULTS = (errors.AuthError, errors.RateLimitedError)


def to_app_error(problem: errors.UpstreamError) -> AppError:
    """What the caller is told of a provider's failure."""
    if isinstance(problem, errors.BadRequestError):
        refusal = _REFUSALS.get(problem.http_status or 400, ValidationError)
        return refusal(f"The provider refused the request: {problem.message}")
    if isinstance(problem, errors.UnsupportedError):
        return UnprocessableError(f"No provider can do this: {problem.message}")
    if isinstance(problem, errors.RateLimitedError):
        return RateLimitedError(
            "The provider's rate limit is reached.", retry_after_s=problem.retry_after_s
        )
    if isinstance(problem, errors.ProviderTimeoutError):
        return ProviderTimeoutError("No provider answered in time.")
    if isinstance(problem, errors.AuthError):
        return ProviderError("The provider refused this installation's key.")
    return ProviderError(f"No provider could answer: {problem.message}")


_REFUSALS: dict[int, type[AppError]] = {404: NotFoundError, 422: UnprocessableError}
