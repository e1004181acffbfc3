"""Which offer to ask next, with which key, and when: the rules of the chain.

Another offer is tried only while the caller has seen nothing. What the provider says
is wrong with the request itself (400, 404, 422) is the caller's to mend and is never
tried elsewhere; one that is too long for a model (413) goes on to offers with a larger
context alone. A refused key (401, 402, 403) is out for this request, and a rate
limited one makes way for the provider's next key. What failed in any other way is left
to the next offer; only where there is no other one is the same asked again, after a
pause. When nothing is left but what said how long to wait, that is waited for.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from random import uniform
from time import perf_counter
from typing import Any, Final

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
from apps.providers.wire import Native
from apps.router.account import Account, Try
from apps.router.engine.need import Scored
from apps.router.health import Health
from apps.router.limits.gate import Ticket
from apps.router.ways import Keychain, Way

# Repeats of one offer after all of the chain was asked once.
MOST_REPEATS: Final = 2
# Full jitter: between nothing and this, doubled each time, so that requests which
# failed together do not come back together.
FIRST_PAUSE_S: Final = 0.5
# A caller who would have to wait longer is told how long instead.
MOST_WAIT_S: Final = 30.0
# What an answer needs at the least after the wait.
LEAST_LEFT_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Call:
    """One request on its way: what to send, to whom, until when."""

    account: Account
    chain: tuple[Scored, ...]
    keychain: Keychain
    body: dict[str, Any]
    native: Native | None
    max_cost_nano: int | None
    ticket: Ticket
    deadline: float  # perf_counter
    attempt_timeout_s: float
    health: Health
    # A second request may go out beside a late first one.
    may_hedge: bool = False
    # What was left out before any offer was asked, such as "dropped:transforms".
    adjusted: tuple[str, ...] = ()
    # All parameters are required: nothing may be left out or moved into range.
    is_strict: bool = False
    is_embedding: bool = False

    def time_left(self) -> float:
        return self.deadline - perf_counter()


@dataclass(frozen=True, slots=True)
class Step:
    """One attempt that is to be made now, and how long it may take."""

    attempt: Try
    way: Way
    patience_s: float


@dataclass(frozen=True, slots=True)
class _Later:
    """A failure that time may mend: which offer to ask again, and from when."""

    scored: Scored
    at: float  # perf_counter


class Walk:
    """Goes down the chain, remembering what failed and which keys are out."""

    def __init__(self, call: Call) -> None:
        if call.account.is_test:
            _keep_from_providers(call.chain)
        self._call = call
        self._offers = _ordered(call)
        self._first_round = self._once_each()
        self._problem: errors.UpstreamError | None = None
        self._is_keys_fault = False
        self._refused: list[Way] = []
        # Requests that are too long need a context above this one.
        self._too_small: int | None = None
        self._later: dict[int, _Later] = {}
        self._repeats = 0

    async def next(self) -> Step | None:
        """The next attempt, waiting before it if need be; None when all is tried."""
        if (step := self.beside()) is not None:
            return step
        return await self._again()

    def beside(self) -> Step | None:
        """The next attempt that needs no waiting."""
        return next(self._first_round, None)

    def hedge_after_s(self, step: Step, *, is_stream: bool) -> float | None:
        """How late this attempt must be for a second one; None for never."""
        call = self._call
        if not call.may_hedge or len(self._offers) < 2 or self._problem is not None:
            return None
        offer_id = step.attempt.scored.candidate.offer_id
        return call.health.p95_s(offer_id, is_stream=is_stream)

    def _once_each(self) -> Iterator[Step]:
        call = self._call
        for scored in self._offers:
            if not self._is_large_enough(scored):
                continue
            for way in self._ways(scored):
                if self._problem is not None and call.time_left() <= 0:
                    return
                yield self._step(scored, way)
                if not self._is_keys_fault:
                    break

    def _ways(self, scored: Scored) -> list[Way]:
        offer = scored.candidate
        ways = self._call.keychain.ways_to(offer.provider, offer.upstream_id)
        return [way for way in ways if way not in self._refused]

    def _step(self, scored: Scored, way: Way) -> Step:
        attempt = self._call.account.begin(scored, way.key_kind)
        left = max(self._call.time_left(), 0.001)
        is_last = scored is self._offers[-1] and way == self._ways(scored)[-1]
        patience = left if is_last else min(left, self._call.attempt_timeout_s)
        attempt.has_full_time = patience >= self._call.attempt_timeout_s
        return Step(attempt, way, patience)

    def _is_large_enough(self, scored: Scored) -> bool:
        if self._too_small is None:
            return True
        context = scored.candidate.context_tokens
        return context is None or context > self._too_small

    async def _again(self) -> Step | None:
        """Ask the offer again that may answer soonest, when that is soon enough."""
        if self._repeats >= MOST_REPEATS or not self._later:
            return None
        later = min(self._later.values(), key=lambda later: later.at)
        ways = self._ways(later.scored)
        wait_s = max(0.0, later.at - perf_counter())
        if not ways or wait_s > min(MOST_WAIT_S, self._call.time_left() - LEAST_LEFT_S):
            return None
        self._repeats += 1
        await asyncio.sleep(wait_s)
        # Waiting for a provider is no work of ours.
        self._call.account.upstream_ms += wait_s * 1000
        self._is_keys_fault = False
        return self._step(later.scored, ways[0])

    def failed(self, step: Step, problem: errors.UpstreamError) -> None:
        """Note the failure; raises when neither key nor offer could do better."""
        attempt = step.attempt
        self._call.account.end(attempt, problem)
        self._problem = problem
        self._is_keys_fault = isinstance(problem, _KEYS_FAULTS)
        if self._is_keys_fault:
            offer = attempt.scored.candidate
            self._call.keychain.rests.note(step.way, problem, offer.upstream_id)
        if isinstance(problem, errors.AuthError):
            self._refused.append(step.way)
        elif isinstance(problem, errors.TooLongError):
            self._need_larger(attempt.scored)
        elif not problem.is_retryable:
            raise to_app_error(problem) from problem
        self._plan_again(attempt.scored, problem)

    def _need_larger(self, scored: Scored) -> None:
        context = scored.candidate.context_tokens or 0
        self._too_small = max(self._too_small or 0, context)

    def _plan_again(self, scored: Scored, problem: errors.UpstreamError) -> None:
        """Note when the offer may be asked again, where time can mend what failed."""
        place = id(scored)
        self._later.pop(place, None)
        is_limited = isinstance(problem, errors.RateLimitedError)
        is_passing = isinstance(problem, _PASSING) and len(self._offers) == 1
        if not is_limited and not is_passing:
            return
        wait_s = problem.retry_after_s
        if wait_s is None:
            wait_s = uniform(0, FIRST_PAUSE_S * 2**self._repeats)  # noqa: S311  # spreads load, guards nothing
        self._later[place] = _Later(scored, perf_counter() + wait_s)

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
# What the same offer may do better at in a moment. A timeout is not among them: the
# only offer had all the time there was.
_PASSING = (
    errors.ServerError,
    errors.ConnectionFailedError,
    errors.BadAnswerError,
)


def _keep_from_providers(chain: tuple[Scored, ...]) -> None:
    """The last of several walls between a test key and a provider that is paid."""
    if not all(scored.candidate.is_stand_in for scored in chain):
        raise NoModelAvailableError("A test key never reaches a provider.")


def _ordered(call: Call) -> tuple[Scored, ...]:
    """The chain with what is known to fail now at its end; the last one stays.

    The chain is all there is to ask: where the rules forbid fallbacks it has one offer.
    """
    chain = call.health.breakers.ordered(call.chain)
    keychain = call.keychain
    if not keychain.rests.has_any:
        return chain
    return tuple(sorted(chain, key=lambda scored: _rests(scored, keychain)))


def _rests(scored: Scored, keychain: Keychain) -> bool:
    offer = scored.candidate
    return keychain.all_rest(offer.provider, offer.upstream_id)


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
