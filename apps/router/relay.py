"""Pass a stream on as it comes, and settle its account however it ends."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final, Protocol

from apps.kit.errors import AppError
from apps.providers.errors import UpstreamError
from apps.providers.wire import StreamPart
from apps.router.account import Account
from apps.router.dialects import Dialect
from apps.router.execute import OpenStream, to_app_error
from apps.router.idempotency import note_broken

# Proxies mostly close a line after a minute without a byte.
PULSE_EVERY_S: Final = 15.0
# Stands for a part that has not come yet.
SILENCE: Final = StreamPart()


class Durable(Protocol):
    """Something that can promise that what was recorded stays recorded."""

    async def durable(self) -> None: ...


class Relay(AsyncIterator[bytes]):
    """The bytes for the caller; an object rather than a generator, because a
    generator that was never started would skip its own clean-up.
    """

    def __init__(
        self,
        account: Account,
        opened: OpenStream,
        dialect: Dialect,
        recorder: Durable,
    ) -> None:
        self._account = account
        self._opened = opened
        self._wording = dialect.stream(account)
        self._before_end = dialect.before_end
        self._recorder = recorder
        self._held = opened.held
        self._is_over = False
        self._waiting: asyncio.Future[StreamPart | None] | None = None

    async def __anext__(self) -> bytes:
        if self._is_over:
            await self.aclose()
            raise StopAsyncIteration
        try:
            while (part := await self._next_part()) is not None:
                if part is SILENCE:
                    return self._wording.pulse
                if data := self._take(part):
                    return data
            return await self._finish()
        except UpstreamError as problem:
            return self._fail(to_app_error(problem), problem)
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Close the upstream; a caller who left early leaves a `cancelled` row."""
        self._is_over = True
        if self._account.status is None:
            self._account.settle("cancelled")
        if self._waiting is not None:
            # A generator that is being waited for cannot be closed.
            self._waiting.cancel()
            await asyncio.gather(self._waiting, return_exceptions=True)
        await self._opened.rest.aclose()

    async def _next_part(self) -> StreamPart | None:
        if self._held:
            return self._held.pop(0)
        if self._wording.pulse:
            return await self._next_or_silence()
        return await anext(self._opened.rest, None)

    async def _next_or_silence(self) -> StreamPart | None:
        """The next part; SILENCE when it is long in coming, and it is waited for on."""
        if self._waiting is None:
            self._waiting = asyncio.ensure_future(anext(self._opened.rest, None))
        waiting = self._waiting
        done, _ = await asyncio.wait({waiting}, timeout=PULSE_EVERY_S)
        if not done:
            return SILENCE
        self._waiting = None
        return waiting.result()

    def _take(self, part: StreamPart) -> bytes:
        account = self._account
        if part.usage is not None:
            account.usage = part.usage
        if part.finish_reason:
            account.finish_reason = part.finish_reason
        if part.is_token and account.first_token_ms is None:
            account.first_token_ms = round(account.elapsed_ms())
        account.output_characters += part.characters
        if account.hear is not None and part.text:
            account.hear(part.text)
        return self._wording.part(part)

    async def _finish(self) -> bytes:
        """The row is written before the last byte, so an answered call is recorded."""
        self._is_over = True
        self._account.end(self._opened.attempt)
        self._account.settle("ok")
        await self._recorder.durable()
        data = self._wording.end(self._account)
        if self._before_end is not None:
            data = await self._before_end(self._account, data)
        return data

    def _fail(self, error: AppError, problem: UpstreamError) -> bytes:
        """One error event and no `[DONE]`: the caller can tell it was cut short."""
        self._is_over = True
        self._account.end(self._opened.attempt, problem)
        self._account.settle("failed", error)
        note_broken()
        return self._wording.error(error, str(self._account.request_id))
