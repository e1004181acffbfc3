"""What else a caller of Django's side of the API may see go wrong."""

from typing import ClassVar

from apps.kit.errors import AppError, ValidationError


class UnavailableError(AppError):
    """The database cannot be asked; a later try may succeed."""

    status: ClassVar[int] = 503


class MethodNotAllowedError(ValidationError):
    status = 405


class NotAcceptableError(ValidationError):
    status = 406


class UnsupportedMediaTypeError(ValidationError):
    status = 415
