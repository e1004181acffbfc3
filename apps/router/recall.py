"""Whether an answer may be given from memory, which one, and how it is booked.

Only who asked for it gets a stored answer: the request itself, its key or its alias.
The question must be the same in all that could change the answer: the words, the
parameters, the tools, the model or the rules that choose it, and what the key may use.
A hit costs nothing and is a row of the ledger like any other, which says what the
stored answer had cost.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from time import time
from typing import Final

import msgspec

from apps.providers.wire import ChatResult, StreamPart
from apps.router.account import Account
from apps.router.answer_cache import AnswerCache, Spot
from apps.router.arrivals import CACHE_HEADER, Arrival
from apps.router.cache_keys import FORMAT, Wish, asked_of, spot_of, wish_of
from apps.router.dialects import Dialect
from apps.router.engine.need import Scored
from apps.router.execute import OpenStream, Parts
from apps.router.relay import Durable
from apps.router.runtime import Runtime
from apps.router.semantic_cache import (
    Question,
    SemanticCache,
)
from apps.router.snapshot import Snapshot
from apps.router.steering import Course

# Longer answers are rare, and a cache is for what comes often.
MOST_BYTES: Final = 256_000
# A refusal by a filter, or half an answer, is nothing to repeat.
COMPLETE: Final = frozenset({"stop", "length", "tool_calls", "function_call", ""})


class Stored(msgspec.Struct, array_like=True, frozen=True):
    """An answer as it is kept: whole, or as the parts of a stream."""

    format: int
    created_at: float  # seconds since 1970
    model: str
    provider: str
    cost_nano: int | None
    finish_reason: str
    result: ChatResult | None = None
    parts: list[StreamPart] | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A stored answer and what it is like the question: 1 is the very same."""

    stored: Stored
    served: Scored
    kind: str  # "exact" or "semantic"
    likeness: float = 1.0

    @property
    def age_s(self) -> int:
        return max(0, int(time() - self.stored.created_at))

    def headers(self) -> list[tuple[str, str]]:
        shown = [(CACHE_HEADER, "hit"), ("Age", str(self.age_s))]
        if self.kind == "semantic":
            shown.append(("X-ModelOptix-Cache-Similarity", f"{self.likeness:.4f}"))
        return shown


MISS: Final = [(CACHE_HEADER, "miss")]


def memory_of(
    arrival: Arrival, course: Course, endpoint: str, runtime: Runtime
) -> "Memory | None":
    """The stored answers, for who asked for them; None for all others."""
    policy = runtime.planner.snapshot.policy(arrival.caller.org_id)
    wish = wish_of(arrival, course, policy.key_caches.get(arrival.caller.key_id, 0))
    if wish is None:
        return None
    asked = asked_of(arrival, course, endpoint)
    spot = spot_of(arrival, course, endpoint)
    return Memory(runtime.answers, runtime.semantic, spot, wish, asked)


def read(text: str) -> Stored | None:
    """What was stored; None when another release wrote it."""
    try:
        stored = msgspec.json.decode(text, type=Stored)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None
    return stored if stored.format == FORMAT else None


def written(stored: Stored) -> str | None:
    """The text to store; None when it is too long."""
    text = msgspec.json.encode(stored)
    return text.decode() if len(text) <= MOST_BYTES else None


def served_by(stored: Stored, snapshot: Snapshot) -> Scored | None:
    """Who had answered, as the catalog knows it now; None when it does not any more."""
    for offer in snapshot.names.get(stored.model, ()):
        if offer.provider == stored.provider:
            return Scored(offer, 0.0, None, None, None, 0)
    return None


def stored_of(
    account: Account,
    *,
    result: ChatResult | None = None,
    parts: list[StreamPart] | None = None,
) -> Stored | None:
    """A finished account's answer; None where it is nothing to repeat."""
    served = account.answered_by
    is_good = account.status == "ok" and account.finish_reason in COMPLETE
    if served is None or not is_good:
        return None
    if result is not None and result.raw is not None and result.speech == "openai":
        # The bytes hold the body: it is read from them again.
        result = replace(result, body={})
    return Stored(
        FORMAT,
        time(),
        served.candidate.model,
        served.candidate.provider,
        account.bill().cost_nano,
        account.finish_reason,
        result,
        parts,
    )


def result_of(stored: Stored) -> ChatResult:
    """The whole answer of an entry that is one."""
    result = stored.result
    assert result is not None  # noqa: S101  # whole and streamed stand apart
    if not result.body and result.raw is not None:
        return replace(result, body=msgspec.json.decode(result.raw))
    return result


def book(account: Account, hit: Hit) -> None:
    """Note on the account that a stored answer is given, and by whom it was."""
    account.remembered = hit.served
    account.notes.cache = hit.kind
    account.notes.cache_saved_nano = hit.stored.cost_nano
    account.finish_reason = hit.stored.finish_reason
    if hit.kind == "semantic":
        said = f"similarity:{hit.likeness:.4f}", f"age:{hit.age_s}s"
        account.notes.adjusted.extend(said)


@dataclass(slots=True)
class Memory:
    """One request's way to the stored answers: what to look for, and where to keep."""

    cache: AnswerCache
    semantic: SemanticCache
    spot: Spot
    wish: Wish
    # Where an answer to a question like this one will do.
    asked: Question | None = None

    async def find(self, snapshot: Snapshot) -> Hit | None:
        """The answer to the very same question, else to one like it."""
        hit = self._hit(await self.cache.get(self.spot), snapshot)
        if hit is not None or self.asked is None:
            return hit
        found = await self.semantic.find(self.asked, ttl_s=self.wish.ttl_s)
        if found is None:
            return None
        return self._hit(found[0], snapshot, likeness=found[1])

    def _hit(
        self, text: str | None, snapshot: Snapshot, likeness: float | None = None
    ) -> Hit | None:
        """What was stored, if it is young enough and its model is still known."""
        stored = read(text) if text is not None else None
        if stored is None or time() - stored.created_at > self.wish.ttl_s:
            return None
        if (served := served_by(stored, snapshot)) is None:
            return None
        if likeness is None:
            return Hit(stored, served, "exact")
        return Hit(stored, served, "semantic", likeness)

    def listen(self, opened: OpenStream, account: Account) -> OpenStream:
        """Note a stream's parts as they pass by, and keep them if it ends well."""
        parts, record = list(opened.held), account.record

        def record_and_keep(settled: Account) -> None:
            record(settled)
            self.keep(settled, parts=parts)

        account.record = record_and_keep
        return replace(opened, rest=_Noted(opened.rest, parts))

    def keep(
        self,
        account: Account,
        *,
        result: ChatResult | None = None,
        parts: list[StreamPart] | None = None,
    ) -> None:
        """Keep a finished account's answer, where it is one to be given again."""
        stored = stored_of(account, result=result, parts=parts)
        text = written(stored) if stored is not None else None
        if text is None:
            return
        self.cache.put(self.spot, text, ttl_s=self.wish.ttl_s, now_s=int(time()))
        if self.asked is not None:
            self.semantic.put_soon(self.asked, text, ttl_s=self.wish.ttl_s)


@dataclass(slots=True)
class _Noted(AsyncIterator[StreamPart]):
    """Parts that are remembered as they pass by. No generator: one that was never
    started closes nothing, and a caller may leave before its first part.
    """

    rest: Parts
    parts: list[StreamPart]
    _size: int = 0

    async def __anext__(self) -> StreamPart:
        part = await anext(self.rest)
        # Past what is kept anyway, remembering it would only cost memory.
        if self._size <= MOST_BYTES:
            self.parts.append(part)
            self._size += len(part.data)
        return part

    async def aclose(self) -> None:
        await self.rest.aclose()


class Replay(AsyncIterator[bytes]):
    """A stored stream, worded anew for this caller."""

    def __init__(
        self,
        account: Account,
        parts: Sequence[StreamPart],
        dialect: Dialect,
        recorder: Durable,
    ) -> None:
        self._account = account
        self._parts = iter(parts)
        self._wording = dialect.stream(account)
        self._before_end = dialect.before_end
        self._recorder = recorder

    async def __anext__(self) -> bytes:
        account = self._account
        if account.status is not None:
            raise StopAsyncIteration
        for part in self._parts:
            self._note(part)
            if data := self._wording.part(part):
                return data
        account.settle("ok")
        await self._recorder.durable()
        data = self._wording.end(account)
        if self._before_end is not None:
            data = await self._before_end(account, data)
        return data

    def _note(self, part: StreamPart) -> None:
        if part.usage is not None:
            self._account.usage = part.usage
        if self._account.hear is not None and part.text:
            self._account.hear(part.text)

    async def aclose(self) -> None:
        """A caller who left early leaves a `cancelled` row, which cost nothing."""
        self._account.settle("cancelled")
