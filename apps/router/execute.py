"""Walk the chain: try each offer until one answers, within one deadline.

Another offer is tried only while the caller has seen nothing. What the provider
says is wrong with the request itself (400, 404, 422) is the caller's to mend and is
never tried elsewhere; a refused key (401, 402, 403) rules its provider out.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
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
from apps.providers.wire import ChatRequest, ChatResult, Endpoint, StreamPart
from apps.router.account import Account, Try
from apps.router.engine.need import Scored

# Start-up events that may be held back while waiting for the first token.
MAX_HELD_PARTS = 64


@dataclass(frozen=True, slots=True)
class Call:
    """One request on its way: what to send, to whom, until when."""

    account: Account
    chain: tuple[Scored, ...]
    endpoints: Mapping[str, Endpoint]
    body: dict[str, Any]
    max_cost_nano: int | None
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
    for attempt, is_last in walk:
        try:
            result = await client.send(
                call.endpoints[attempt.scored.candidate.provider],
                request_for(call, attempt.scored, is_stream=False),
                timeout_s=_patience(call, is_last=is_last),
            )
        except errors.UpstreamError as problem:
            walk.failed(attempt, problem)
        else:
            call.account.end(attempt)
            return result
    raise walk.verdict()


async def open_stream(call: Call, client: ProviderClient) -> OpenStream:
    """The first stream of the chain that yields output; raises an AppError."""
    walk = _Walk(call)
    for attempt, is_last in walk:
        parts = client.stream(
            call.endpoints[attempt.scored.candidate.provider],
            request_for(call, attempt.scored, is_stream=True),
            first_token_timeout_s=_patience(call, is_last=is_last),
            total_timeout_s=max(call.time_left(), 0.001),
        )
        try:
            held = await _until_output(parts)
        except errors.UpstreamError as problem:
            await parts.aclose()
            walk.failed(attempt, problem)
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
    affordable = _affordable_tokens(call, scored)
    if affordable is not None:
        name = (
            "max_completion_tokens" if "max_completion_tokens" in body else "max_tokens"
        )
        body = {**body, name: min(body.get(name) or affordable, affordable)}
    return ChatRequest(scored.candidate.upstream_id, body, is_stream)


def _affordable_tokens(call: Call, scored: Scored) -> int | None:
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


class _Walk:
    """Goes down the chain, remembering what failed and which providers are out."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._problem: errors.UpstreamError | None = None
        self._refused: set[str] = set()

    def __iter__(self) -> Iterator[tuple[Try, bool]]:
        last = len(self._call.chain) - 1
        for index, scored in enumerate(self._call.chain):
            if scored.candidate.provider in self._refused:
                continue
            if self._problem is not None and self._call.time_left() <= 0:
                return
            yield self._call.account.begin(scored), index == last

    def failed(self, attempt: Try, problem: errors.UpstreamError) -> None:
        """Note the failure; raises when no other offer could do better."""
        self._call.account.end(attempt, problem)
        self._problem = problem
        if isinstance(problem, errors.AuthError):
            self._refused.add(attempt.scored.candidate.provider)
        elif not problem.is_retryable:
            raise to_app_error(problem) from problem

    def verdict(self) -> AppError:
        if self._problem is None:
            return NoModelAvailableError("No offer could be tried.")
        return to_app_error(self._problem)


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
