"""Pass a stream on as it comes, and settle its account however it ends."""

from collections.abc import AsyncIterator
from typing import Protocol

from apps.kit.errors import AppError
from apps.providers.errors import UpstreamError
from apps.providers.wire import StreamPart
from apps.router.account import Account
from apps.router.dialects import CHAT, Dialect
from apps.router.execute import OpenStream, to_app_error


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
        *,
        wants_usage: bool,
    ) -> None:
        self._account = account
        self._opened = opened
        self._dialect = dialect
        self._recorder = recorder
        self._wants_usage = wants_usage
        self._held = opened.held
        self._texts: list[str] = []
        self._is_over = False

    async def __anext__(self) -> bytes:
        if self._is_over:
            await self.aclose()
            raise StopAsyncIteration
        try:
            while (part := await self._next_part()) is not None:
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
        await self._opened.rest.aclose()

    async def _next_part(self) -> StreamPart | None:
        if self._held:
            return self._held.pop(0)
        return await anext(self._opened.rest, None)

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
        if part.text and self._dialect is CHAT:
            self._texts.append(part.text)
        if part.is_usage_only and not self._wants_usage:
            return b""
        return self._dialect.part(part)

    async def _finish(self) -> bytes:
        """The row is written before the last byte, so an answered call is recorded."""
        self._is_over = True
        self._account.end(self._opened.attempt)
        self._account.settle("ok")
        await self._recorder.durable()
        return self._dialect.end(self._account, "".join(self._texts))

    def _fail(self, error: AppError, problem: UpstreamError) -> bytes:
        """One error event and no `[DONE]`: the caller can tell it was cut short."""
        self._is_over = True
        self._account.end(self._opened.attempt, problem)
        self._account.settle("failed", error)
        return self._dialect.error(error, str(self._account.request_id))
