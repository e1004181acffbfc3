"""What can go wrong at a provider, as types made from facts.

A status, a header, a code in the error body or the class of a network failure
decides the type; the text of a message never does.
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any, ClassVar, Final

import msgspec

from apps.kit.clock import utc_now

MAX_MESSAGE: Final = 300
# A provider that asks for more than a day is not waited for; the number only keeps
# an absurd header from travelling on to our caller.
MAX_RETRY_AFTER_S: Final = 86_400.0

# Key material as providers quote it back: a known prefix, a bearer token, or any
# unbroken run too long to be a word, a model or a request id.
_SECRET: Final = re.compile(
    r"\b(?:sk|pk|rk|gsk|csk|xai|hf|nvapi|pplx|mx|fw)[-_][\w*.-]{6,}"
    r"|\bAIza[\w*-]{6,}"
    r"|(?i:\bbearer\s+)\S+"
    r"|[A-Za-z0-9_]{32,}"
)
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\s]+")


class UpstreamError(Exception):
    """A call to a provider failed.

    `is_retryable` says whether another offer may do better, `outcome` is the word
    the ledger keeps, `http_status` what the provider answered (None: it did not).
    """

    outcome: ClassVar[str] = "upstream_error"
    is_retryable: ClassVar[bool] = True

    def __init__(
        self,
        message: str,
        *,
        http_status: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        self.message = clean(message)
        super().__init__(self.message)
        self.http_status = http_status
        self.retry_after_s = retry_after_s


class AuthError(UpstreamError):
    """401, 402, 403: this provider's key is of no use for the rest of the request."""

    outcome = "refused_key"


class RateLimitedError(UpstreamError):
    """429: wait for `retry_after_s`, or ask somebody else now."""

    outcome = "rate_limited"


class ServerError(UpstreamError):
    """5xx: the provider failed."""

    outcome = "server_error"


class OverloadedError(ServerError):
    """503 and Anthropic's 529: the provider has no capacity."""

    outcome = "overloaded"


class ProviderTimeoutError(UpstreamError):
    """Nothing came in time: no connection, no first token, or no next one."""

    outcome = "timeout"


class ConnectionFailedError(UpstreamError):
    """No connection, or one that ended before the answer did."""

    outcome = "connection_failed"


class BadAnswerError(UpstreamError):
    """An answer that is not what the protocol promises."""

    outcome = "bad_answer"


class UnsupportedError(UpstreamError):
    """The provider's protocol cannot express this request; another one may."""

    outcome = "unsupported"


class BadRequestError(UpstreamError):
    """400, 404, 422: the request itself is wrong and is tried nowhere else."""

    outcome = "bad_request"
    is_retryable = False


class TooLongError(BadRequestError):
    """413, or a 400 that says so: only a model with a larger context may take it."""

    outcome = "too_long"


_BY_STATUS: Final[dict[int, type[UpstreamError]]] = {
    401: AuthError,
    402: AuthError,
    403: AuthError,
    408: ProviderTimeoutError,
    # A conflict or a request that came too early says nothing about its content.
    409: ServerError,
    413: TooLongError,
    425: ServerError,
    429: RateLimitedError,
    503: OverloadedError,
    504: ProviderTimeoutError,
    529: OverloadedError,
}

# The words of OpenAI's and Anthropic's error bodies, for errors that arrive inside
# an answer whose status was already 200.
_STATUS_OF_WORD: Final = {
    "invalid_request_error": 400,
    "context_length_exceeded": 413,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "billing_error": 402,
    "insufficient_credits": 402,
    "permission_error": 403,
    "permission_denied": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "api_error": 500,
    "server_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}


def from_status(
    status: int,
    message: str = "",
    *,
    retry_after_s: float | None = None,
    body: bytes = b"",
) -> UpstreamError:
    """The error for a status that is not 200; the body tells the message."""
    kind = _BY_STATUS.get(status)
    if kind is None:
        kind = _kind_by_range(status)
    if kind is BadRequestError and _is_too_long(body):
        kind = TooLongError
    text = message or message_of(body) or f"HTTP status {status}"
    return kind(text, http_status=status, retry_after_s=retry_after_s)


def _is_too_long(body: bytes) -> bool:
    """OpenAI's way, and that of most who speak its protocol, to say it with a 400."""
    try:
        error = _ERROR_CODE.decode(body).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return error.code == "context_length_exceeded"


class _Code(msgspec.Struct):
    code: str | int | None = None


class _Refusal(msgspec.Struct):
    error: _Code


_ERROR_CODE: Final = msgspec.json.Decoder(_Refusal)


def _kind_by_range(status: int) -> type[UpstreamError]:
    if 400 <= status < 500:
        return BadRequestError
    return ServerError if 500 <= status < 600 else BadAnswerError


def from_error_object(error: Any) -> UpstreamError:
    """The error that arrived as `{"error": ...}` in an answer or a stream."""
    fields = error if isinstance(error, dict) else {"message": error}
    status = _status_of(fields.get("code"), fields.get("status"), fields.get("type"))
    return from_status(status, _text_of(error) or "the provider reported an error")


def _status_of(*facts: object) -> int:
    for fact in facts:
        if isinstance(fact, str):
            status = int(fact) if fact.isdecimal() else _STATUS_OF_WORD.get(fact)
        else:
            status = fact if type(fact) is int else None
        if status is not None and 400 <= status < 600:
            return status
    return 500


def message_of(body: bytes) -> str:
    """What a provider's error body says, in any of the shapes they use."""
    try:
        return _text_of(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # A proxy's error page says nothing that helps, and may be any size.
        return ""


def _text_of(value: Any, depth: int = 0) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and depth < 4:
        return _text_of(value[0], depth + 1)
    if isinstance(value, dict) and depth < 4:
        for name in ("error", "message", "detail", "msg"):
            if text := _text_of(value.get(name), depth + 1):
                return text
    return ""


def clean(message: str) -> str:
    """One printable line of at most 300 characters, without key material."""
    line = _UNPRINTABLE.sub(" ", message[: MAX_MESSAGE * 4]).strip()
    line = _SECRET.sub("[hidden]", line)
    return line if len(line) <= MAX_MESSAGE else line[: MAX_MESSAGE - 1] + "…"


def retry_after_s(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds to wait by a `Retry-After` header: a number, or an HTTP date."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        return _seconds_until(value, now or utc_now())
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S) if isfinite(seconds) else None


def _seconds_until(date: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), MAX_RETRY_AFTER_S)
