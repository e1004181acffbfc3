"""What may go wrong with exports and deletions."""

from apps.kit.errors import AppError


class ConflictError(AppError):
    """It is under way already, or in a state that does not allow it."""

    status, code, type = 409, "conflict", "invalid_request_error"


class ConfirmFirstError(AppError):
    """It wants a person who has typed the password, or used a passkey, just now."""

    status, code, type = 428, "reauthentication_required", "permission_error"


class NotErasedError(Exception):
    """Raised when the sweep after a deletion still finds something."""
