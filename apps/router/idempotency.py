"""`Idempotency-Key`: the same key and body within a day run once and are billed once.

One wall around every POST below `/v1`, whichever front answers it: the request runs
against a `send` that listens, and what it sent is kept. It runs in a task of its own,
and goes on when its caller leaves, because the retry that follows is what the key is
for. Who sends the same meanwhile waits for the first answer.

What is kept is an answer: a status below 400, complete. Everything else releases the
claim, so that a retry may succeed. `docs/idempotency.md` says what that means for the
bill.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from hashlib import blake2b
from time import perf_counter
from typing import Any, Final
from uuid import UUID

import msgspec
from django.conf import settings

from apps.accounts.errors import UnavailableError
from apps.kit.errors import AppError, UnprocessableError, ValidationError
from apps.router.idempotency_store import (
    LEASE_S,
    Claim,
    Found,
    Kept,
    Place,
    Store,
    kept,
    opened,
)
from apps.router.pool import DatabaseAwayError

logger = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Receive, Send], Awaitable[None]]
Count = Callable[[], Awaitable[object]]

HEADER: Final = b"idempotency-key"
LONGEST_NAME: Final = 255
MOST_KEPT_BYTES: Final = 4_000_000
# Messages that may wait for a slow caller before its upstream is slowed down.
MOST_WAITING: Final = 64
POLL_FIRST_S: Final = 0.02
POLL_MOST_S: Final = 0.5
# Runs that have lost their callers may finish for so long when the process ends.
STOP_WAIT_S: Final = 10.0
_REPLAYED: Final = (b"idempotent-replayed", b"true")
# Hop-by-hop, or made anew by the server for each answer.
_NOT_KEPT: Final = frozenset({"connection", "date", "transfer-encoding", "server"})


class MismatchError(UnprocessableError):
    """The key was used with another body, or at another address."""

    type = "idempotency"


class BusyError(AppError):
    """The first request is still under way, or its answer is not kept."""

    status, code, type = 409, "conflict", "idempotency"


@dataclass(slots=True)
class Quality:
    """What only the stream itself knows: that it was cut short."""

    is_broken: bool = False


_quality: ContextVar[Quality | None] = ContextVar("idempotent_quality", default=None)


def note_broken() -> None:
    """The stream under way ends in an error: it is no answer to be given again."""
    quality = _quality.get()
    if quality is not None:
        quality.is_broken = True


def name_in(scope: Scope) -> bytes | None:
    """The header's value; None without it."""
    for name, value in scope["headers"]:
        if name == HEADER:
            return bytes(value)
    return None


def checked_name(raw: bytes) -> str:
    """The key as text; raises ValidationError."""
    is_visible = all(0x21 <= byte <= 0x7E for byte in raw)
    if not 1 <= len(raw) <= LONGEST_NAME or not is_visible:
        raise ValidationError(
            f"An Idempotency-Key has 1 to {LONGEST_NAME} visible ASCII characters.",
            param="Idempotency-Key",
        )
    return raw.decode("ascii")


def digest_of(scope: Scope, body: bytes) -> bytes:
    """A keyed hash of address and body, whatever the order of the body's fields."""
    try:
        value = msgspec.json.decode(body)
        body = msgspec.json.encode(value, order="sorted")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass  # It will be refused; only the same bytes are the same request.
    address = scope["path"].encode() + b"?" + scope.get("query_string", b"")
    key = blake2b(settings.SECRET_KEY.encode(), digest_size=32).digest()
    return blake2b(address + b"\0" + body, digest_size=32, key=key).digest()


@dataclass(slots=True, eq=False)
class Run:
    """A first request under way in this process, and what it has sent so far."""

    digest: bytes
    over: asyncio.Event = field(default_factory=asyncio.Event)
    to_caller: asyncio.Queue[Message | None] = field(
        default_factory=lambda: asyncio.Queue(MOST_WAITING)
    )
    has_caller: bool = True
    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)
    size: int = 0
    is_complete: bool = False
    quality: Quality = field(default_factory=Quality)
    # The last message, held back until the answer is kept.
    last: Message | None = None
    # Nothing ran here: another process has the answer, or it may not run.
    found: Kept | None = None
    problem: AppError | None = None

    @property
    def is_too_large(self) -> bool:
        return self.size > MOST_KEPT_BYTES

    @property
    def is_answer(self) -> bool:
        is_good = 0 < self.status < 400 and self.is_complete
        return is_good and not self.quality.is_broken

    def answer(self) -> Kept | None:
        """What was sent; None when nothing complete was, or too much."""
        if not self.is_complete or self.is_too_large:
            return None
        return kept(self.status, self.headers, b"".join(self.parts))

    async def send(self, message: Message) -> None:
        """Listen to one message of the answer and pass it on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = _kept_headers(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            self._note(message)
            if self.is_complete:
                self.last = message
                return
        await self._pass_on(message)

    def _note(self, message: Message) -> None:
        part = message.get("body", b"")
        self.size += len(part)
        if self.is_too_large:
            self.parts.clear()
        else:
            self.parts.append(part)
        self.is_complete = not message.get("more_body", False)

    async def _pass_on(self, message: Message | None) -> None:
        if self.has_caller:
            await self.to_caller.put(message)

    async def finish(self) -> None:
        """Let the caller have the rest."""
        if self.last is not None:
            await self._pass_on(self.last)
        await self._pass_on(None)

    def leave(self) -> None:
        """The caller is gone: nobody waits for what is sent any more."""
        self.has_caller = False
        while not self.to_caller.empty():
            self.to_caller.get_nowait()


def _kept_headers(raw: Any) -> list[tuple[str, str]]:
    pairs = [(str(n, "latin-1").lower(), str(v, "latin-1")) for n, v in raw]
    return [(name, value) for name, value in pairs if name not in _NOT_KEPT]


@dataclass(slots=True)
class Idempotency:
    """The runs of this process, and the table where all processes meet."""

    store: Store
    deadline_s: float
    _runs: dict[tuple[UUID, UUID, str], Run] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(
        self, place: Place, app: App, request_id: UUID, *, send: Send, count: Count
    ) -> None:
        """Answer one request: from what is kept, or by running it.

        Whoever gets an answer again passes `count` first, the caller's rate limit.
        Raises MismatchError, BusyError, UnavailableError or what `count` raises;
        nothing was sent then.
        """
        until = perf_counter() + self.deadline_s
        key = (place.org_id, place.key_id, place.name)
        if (run := self._runs.get(key)) is not None:
            answer = await self._answer_of(run, place, until)
            await count()
            await _replay(answer, send)
            return
        # Those who come meanwhile find it here and need not ask Postgres at all.
        run = self._runs[key] = Run(place.digest)
        task = asyncio.create_task(self._run(run, place, app, request_id, until))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await _relay(run, send)
        if run.problem is not None:
            raise run.problem
        if run.found is not None:
            await count()
            await _replay(run.found, send)

    async def close(self) -> None:
        """Let what runs without its caller finish, for a moment."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=STOP_WAIT_S)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _answer_of(self, run: Run, place: Place, until: float) -> Kept:
        """Wait for a run of this process, and take its answer, whatever it is.

        An error is shared as well: a hundred followers of one failure must not ask a
        provider in trouble a hundred times more.
        """
        _refuse_other(run.digest, place.digest)
        try:
            async with asyncio.timeout(max(0.0, until - perf_counter())):
                await run.over.wait()
        except TimeoutError as problem:
            raise _busy() from problem
        if run.problem is not None:
            raise run.problem
        if (answer := run.found or run.answer()) is None:
            raise _not_kept() if run.is_too_large else _busy()
        return answer

    async def _run(
        self, run: Run, place: Place, app: App, request_id: UUID, until: float
    ) -> None:
        """Claim the key and answer, in a task that no caller can cancel."""
        try:
            claim = await self._claim_or_wait(place, request_id, until)
            if isinstance(claim, Kept):
                run.found = claim
            else:
                await self._answer(run, claim, app)
        except AppError as problem:
            run.problem = problem
        except DatabaseAwayError as problem:
            logger.warning("Idempotency keys cannot be checked: %s", problem)
            run.problem = UnavailableError(
                "Idempotency keys cannot be checked at the moment; try again.",
                retry_after_s=1,
            )
        finally:
            self._runs.pop((place.org_id, place.key_id, place.name), None)
            run.over.set()
            await run.finish()

    async def _claim_or_wait(
        self, place: Place, request_id: UUID, until: float
    ) -> Claim | Kept:
        """Claim the key, waiting while another process works on it."""
        pause_s = POLL_FIRST_S
        while True:
            found = await self.store.claim(place, request_id)
            if isinstance(found, Claim):
                return found
            _refuse_other(found.digest, place.digest)
            if found.state != "running":
                return _answer_in(place, found)
            if perf_counter() + pause_s > until:
                raise _busy()
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, POLL_MOST_S)

    async def _answer(self, run: Run, claim: Claim, app: App) -> None:
        _quality.set(run.quality)
        renewing = asyncio.create_task(self._renew(claim))
        try:
            await app(_never, run.send)
        except Exception:
            logger.exception("A request under an idempotency key failed")
        finally:
            renewing.cancel()
            # Kept before its end is sent: who has the whole answer can have it again.
            await asyncio.shield(self._settle(run, claim))

    async def _settle(self, run: Run, claim: Claim) -> None:
        try:
            if run.is_answer:
                is_kept = await self.store.keep(claim, run.answer())
            else:
                is_kept = await self.store.release(claim)
        except DatabaseAwayError as problem:
            logger.warning("An idempotent answer is not kept: %s", problem)
        else:
            if not is_kept:
                logger.warning("An idempotency claim was lost while its request ran")

    async def _renew(self, claim: Claim) -> None:
        while True:
            await asyncio.sleep(LEASE_S / 3)
            with contextlib.suppress(DatabaseAwayError):
                await self.store.renew(claim)


async def _never() -> Message:
    """A caller who does not leave: the request is for the next one too."""
    await asyncio.Event().wait()
    raise AssertionError


async def _relay(run: Run, send: Send) -> None:
    """Pass the first answer on to its caller; the run goes on without, if need be."""
    try:
        while (message := await run.to_caller.get()) is not None:
            await send(message)
    finally:
        run.leave()


async def _replay(answer: Kept, send: Send) -> None:
    headers = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in answer.headers]
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [*headers, _REPLAYED],
        }
    )
    await send({"type": "http.response.body", "body": answer.body})


def _answer_in(place: Place, found: Found) -> Kept:
    answer = opened(place, found) if found.sealed is not None else None
    if answer is None:
        raise _not_kept(found.request_id)
    return answer


def _refuse_other(first: bytes, second: bytes) -> None:
    if bytes(first) != bytes(second):
        raise MismatchError(
            "This Idempotency-Key was used with another body or address.",
            param="Idempotency-Key",
        )


def _busy() -> BusyError:
    return BusyError(
        "The first request with this Idempotency-Key is still under way.",
        param="Idempotency-Key",
        retry_after_s=1,
    )


def _not_kept(request_id: UUID | None = None) -> BusyError:
    which = f" It is request {request_id}." if request_id else ""
    return BusyError(
        "The request with this Idempotency-Key was answered and billed, but its answer"
        f" is not kept: it cannot be given again.{which}",
        param="Idempotency-Key",
    )
