"""Make the attempts: each offer of the walk until one answers, within one deadline.

A request that asks for it gets a second attempt beside a first one that is late: the
quicker answer is taken, the slower one is cut off, and both are billed.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from apps.providers import errors
from apps.providers.client import ProviderClient
from apps.providers.wire import ChatRequest, ChatResult, StreamPart
from apps.router.account import Account, Try
from apps.router.engine.need import Scored
from apps.router.engine.parameters import fit
from apps.router.limits.estimate import affordable_tokens
from apps.router.walk import Call, Step, Walk, to_app_error

__all__ = ["Call", "OpenStream", "answer", "open_stream", "request_for", "to_app_error"]

# Start-up events that may be held back while waiting for the first token.
MAX_HELD_PARTS = 64

type Perform[Got] = Callable[[Step], Awaitable[Got]]


class Parts(Protocol):
    """A stream's parts, to be closed by whoever has them, read or not."""

    def __aiter__(self) -> AsyncIterator[StreamPart]: ...
    def __anext__(self) -> Awaitable[StreamPart]: ...
    def aclose(self) -> Awaitable[None]: ...


@dataclass(slots=True)
class OpenStream:
    """A stream whose first output has been read; nothing was sent on yet."""

    attempt: Try
    held: list[StreamPart]
    rest: Parts


async def answer(call: Call, client: ProviderClient) -> ChatResult:
    """The first whole answer of the chain; raises an AppError when none comes."""
    attempt, result = await _first(call, partial(_send, call, client), is_stream=False)
    call.account.winner = attempt
    call.account.end(attempt)
    return result


async def open_stream(call: Call, client: ProviderClient) -> OpenStream:
    """The first stream of the chain that yields output; raises an AppError."""
    attempt, opened = await _first(call, partial(_open, call, client), is_stream=True)
    account = call.account
    account.winner = attempt
    waited_ms = account.elapsed_ms() - attempt.started_ms
    account.upstream_ms += waited_ms
    call.health.first_token(attempt, waited_ms)
    return opened


async def _send(call: Call, client: ProviderClient, step: Step) -> ChatResult:
    return await client.send(
        step.way.endpoint,
        request_for(call, step.attempt.scored, is_stream=False),
        timeout_s=step.patience_s,
    )


async def _open(call: Call, client: ProviderClient, step: Step) -> OpenStream:
    attempt = step.attempt
    parts = client.stream(
        step.way.endpoint,
        request_for(call, attempt.scored, is_stream=True),
        first_token_timeout_s=step.patience_s,
        total_timeout_s=max(call.time_left(), 0.001),
    )
    held: list[StreamPart] = []
    try:
        await _until_output(parts, held)
    except BaseException as problem:
        await parts.aclose()
        if isinstance(problem, errors.UpstreamError):
            _book_held(call.account, attempt, held)
        raise
    return OpenStream(attempt, held, parts)


async def _until_output(
    parts: AsyncIterator[StreamPart], held: list[StreamPart]
) -> None:
    async for part in parts:
        held.append(part)
        if part.is_token or part.is_done or len(held) >= MAX_HELD_PARTS:
            return
    if not held:
        raise errors.BadAnswerError("the stream ended before it began")


def _book_held(account: Account, attempt: Try, held: list[StreamPart]) -> None:
    """Charge what a stream had counted already when it broke off unseen."""
    usage = next((part.usage for part in reversed(held) if part.usage), None)
    if usage is not None:
        account.book(attempt, usage)


async def _first[Got](
    call: Call, perform: Perform[Got], *, is_stream: bool
) -> tuple[Try, Got]:
    """The attempt that succeeds first, with what it got; raises an AppError."""
    walk = Walk(call)
    while (step := await walk.next()) is not None:
        late_s = walk.hedge_after_s(step, is_stream=is_stream)
        if late_s is not None:
            found = await _Race(call.account, walk, perform).run(step, late_s)
            if found is not None:
                return found
            continue
        try:
            return step.attempt, await perform(step)
        except errors.UpstreamError as problem:
            walk.failed(step, problem)
    raise walk.verdict()


class _Race[Got]:
    """One attempt, and a second one beside it when it is late."""

    def __init__(self, account: Account, walk: Walk, perform: Perform[Got]) -> None:
        self._account = account
        self._walk = walk
        self._perform = perform
        self._running: dict[asyncio.Future[Got], Step] = {}

    async def run(self, first: Step, late_s: float) -> tuple[Try, Got] | None:
        """Who came in first; None when all failed. Raises an AppError when none can."""
        try:
            self._start(first)
            await asyncio.wait(self._running, timeout=late_s)
            if not self._first_done() and (second := self._walk.beside()) is not None:
                second.attempt.is_hedge = True
                self._start(second)
            return await self._winner()
        finally:
            await self._cut_off()

    def _start(self, step: Step) -> None:
        self._running[asyncio.ensure_future(self._perform(step))] = step

    def _first_done(self) -> bool:
        return any(task.done() for task in self._running)

    async def _winner(self) -> tuple[Try, Got] | None:
        while self._running:
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            for task in [task for task in self._running if task.done()]:
                problem = task.exception()
                if problem is None:
                    return self._won(task)
                step = self._running.pop(task)
                if not isinstance(problem, errors.UpstreamError):
                    raise problem
                self._walk.failed(step, problem)
        return None

    def _won(self, task: asyncio.Future[Got]) -> tuple[Try, Got]:
        attempt = self._running.pop(task).attempt
        # Known before the others are closed, so that those are charged beside it.
        self._account.winner = attempt
        first = self._account.tries[0]
        self._account.upstream_ms += attempt.started_ms - first.started_ms
        return attempt, task.result()

    async def _cut_off(self) -> None:
        """Leave nothing running, and charge what was under way."""
        for task in self._running:
            task.cancel()
        results = await asyncio.gather(*self._running, return_exceptions=True)
        for step, result in zip(self._running.values(), results, strict=True):
            if isinstance(result, errors.UpstreamError):
                self._failed_beside(step.attempt, result)
                continue
            characters = 0
            if isinstance(result, OpenStream):
                characters = sum(part.characters for part in result.held)
                await result.rest.aclose()
            elif isinstance(result, ChatResult):
                characters = len(result.text)
            self._account.abandon(step.attempt, characters)

    def _failed_beside(self, attempt: Try, problem: errors.UpstreamError) -> None:
        """Close one that failed in the moment the other won: it costs nothing, and
        was waited for no longer than the winner.
        """
        waited_ms = self._account.upstream_ms
        self._account.end(attempt, problem)
        self._account.upstream_ms = waited_ms


def request_for(call: Call, scored: Scored, *, is_stream: bool) -> ChatRequest:
    """The request to one offer: with the parameters it takes, and its output capped by
    what max_cost still buys.
    """
    offer, account = scored.candidate, call.account
    fitted = fit(call.body, None if call.is_strict else offer.matrix)
    # The adapter adds what its protocol cannot say.
    account.notes.adjusted = notes = [*call.adjusted, *fitted.changes]
    body = fitted.body if call.is_embedding else _capped(fitted.body, call, scored)
    return ChatRequest(
        offer.upstream_id,
        body,
        is_stream,
        call.native,
        is_strict=call.is_strict,
        notes=notes,
        is_embedding=call.is_embedding,
    )


def _capped(body: dict[str, Any], call: Call, scored: Scored) -> dict[str, Any]:
    limits = [_within_max_cost(call, scored), _within_budgets(call, scored)]
    affordable = min((limit for limit in limits if limit is not None), default=None)
    if affordable is not None:
        name = (
            "max_completion_tokens" if "max_completion_tokens" in body else "max_tokens"
        )
        # A provider refuses a limit above what its model can write.
        most = scored.candidate.max_output_tokens or affordable
        limit = min(body.get(name) or affordable, affordable, most)
        return {**body, name: limit}
    return body


def _share(call: Call, amount_nano: int) -> int:
    """What one attempt may spend: of two that are billed, each has a half."""
    return amount_nano // 2 if call.may_hedge else amount_nano


def _within_budgets(call: Call, scored: Scored) -> int | None:
    """The output limit that pays for itself from what was reserved."""
    size, price = call.ticket.size, scored.candidate.price
    if size is None or price is None:
        return None
    limit = affordable_tokens(price, size, _share(call, call.ticket.reserved))
    return None if limit is None else max(1, limit)


def _within_max_cost(call: Call, scored: Scored) -> int | None:
    price = scored.candidate.price
    if call.max_cost_nano is None or price is None:
        return None
    prompt = price.cost_nano(call.account.prompt_tokens_guess, 0, 0, 0, 0, 0)
    thousand = price.cost_nano(0, 0, 0, 0, 1000, 0)
    if prompt is None or not thousand:
        return None
    left = _share(call, call.max_cost_nano) - prompt
    return max(1, left * 1000 // thousand)
