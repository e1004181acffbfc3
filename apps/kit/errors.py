"""What a caller may see go wrong; one renderer per front turns these into answers."""

from collections.abc import Sequence
from typing import Any, ClassVar


class AppError(Exception):
    """An error with an HTTP status, a stable code and a message for its caller.

    Rendered as `{"error": {code, message, type, param}, "request_id"}`.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    type: ClassVar[str] = "api_error"

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        retry_after_s: float | None = None,
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after_s = retry_after_s
        # Sent with the answer beside what every error's answer has.
        self.headers = headers

    def body(self, request_id: str) -> dict[str, Any]:
        error = {
            "code": self.code,
            "message": self.message,
            "type": self.type,
            "param": self.param,
        }
        return {"error": error, "request_id": request_id}


class ValidationError(AppError):
    status, code, type = 400, "validation_error", "invalid_request_error"


class UnprocessableError(ValidationError):
    status = 422


class InvalidAPIKeyError(AppError):
    status, code, type = 401, "invalid_api_key", "authentication_error"


class PermissionDeniedError(AppError):
    status, code, type = 403, "permission_denied", "permission_error"


class NotFoundError(AppError):
    status, code, type = 404, "not_found", "invalid_request_error"


class ConflictError(AppError):
    """Somebody else was first: what the caller read is no longer what there is."""

    status, code, type = 409, "conflict", "invalid_request_error"


class MaxCostExceededError(AppError):
    status, code, type = 402, "max_cost_exceeded", "invalid_request_error"


class BudgetExceededError(AppError):
    status, code, type = 402, "budget_exceeded", "insufficient_quota"


class QuotaExceededError(AppError):
    status, code, type = 402, "quota_exceeded", "insufficient_quota"


class PayloadTooLargeError(AppError):
    status, code, type = 413, "payload_too_large", "invalid_request_error"


class RateLimitedError(AppError):
    status, code, type = 429, "rate_limited", "rate_limit_error"


class NoModelAvailableError(AppError):
    status, code = 503, "no_model_available"


class ProviderError(AppError):
    status, code = 502, "provider_error"


class ProviderTimeoutError(AppError):
    status, code = 504, "provider_timeout"
