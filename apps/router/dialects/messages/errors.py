"""Refusals as Anthropic's clients know them.

https://platform.claude.com/docs/en/api/errors
"""

from typing import Any, Final

from apps.kit.errors import AppError

_TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    409: "conflict_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}


def fail(error: AppError, request_id: str) -> dict[str, Any]:
    """The body of an error: its type by its status, our own code and place beside."""
    kind = _TYPES.get(error.status, "api_error")
    said = {
        "type": kind,
        "message": error.message,
        "code": error.code,
        "param": error.param,
    }
    return {"type": "error", "error": said, "request_id": request_id}
