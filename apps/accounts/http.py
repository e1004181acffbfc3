"""How errors go out, for pages and Django's side of the API."""

import logging
import math
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from apps.accounts.errors import (
    MethodNotAllowedError,
    NotAcceptableError,
    UnavailableError,
    UnsupportedMediaTypeError,
)
from apps.accounts.keys import Caller
from apps.accounts.models import Membership, Organization, User
from apps.kit import errors
from apps.kit.ids import uuid7

logger = logging.getLogger(__name__)

API_PATHS = ("/v1/", "/api/")


class OrgRequest(HttpRequest):
    """A request of a signed-in member, as OrganizationMiddleware leaves it."""

    user: User
    org: Organization
    membership: Membership
    caller: Caller | None
    request_id: str


def request_id_of(request: Any) -> str:
    """The request's id; the raw front may have given it one."""
    http = getattr(request, "_request", request)
    if not hasattr(http, "request_id"):
        scope = getattr(http, "scope", {})
        http.request_id = scope.get("modeloptix.request_id") or str(uuid7())
    return str(http.request_id)


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith(API_PATHS)


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response:
    """Render whatever an API view raises in the documented shape."""
    error = as_app_error(exc)
    if type(error) is errors.AppError:
        logger.error("An API view failed", exc_info=exc)
    set_rollback()
    request_id = request_id_of(context["request"])
    return Response(
        error.body(request_id), status=error.status, headers=_headers(error)
    )


def as_app_error(exc: Exception) -> errors.AppError:
    """What the caller is told about an exception."""
    if isinstance(exc, errors.AppError):
        return exc
    if isinstance(exc, exceptions.ValidationError):
        return _of_validation(exc.detail)
    if isinstance(exc, exceptions.Throttled):
        wait_s = getattr(exc, "wait", None)
        return errors.RateLimitedError(str(exc.detail), retry_after_s=wait_s)
    if isinstance(exc, OperationalError):
        return UnavailableError(_DATABASE_AWAY, retry_after_s=RETRY_AFTER_S)
    for kinds, make in _TRANSLATIONS:
        if isinstance(exc, kinds):
            return make(_MESSAGES.get(make) or str(exc))
    return errors.AppError("Something went wrong on our side.")


_TRANSLATIONS: tuple[tuple[Any, type[errors.AppError]], ...] = (
    ((Http404, exceptions.NotFound), errors.NotFoundError),
    ((PermissionDenied, exceptions.PermissionDenied), errors.PermissionDeniedError),
    (
        (exceptions.NotAuthenticated, exceptions.AuthenticationFailed),
        errors.InvalidAPIKeyError,
    ),
    (exceptions.MethodNotAllowed, MethodNotAllowedError),
    (exceptions.NotAcceptable, NotAcceptableError),
    (exceptions.UnsupportedMediaType, UnsupportedMediaTypeError),
    (exceptions.APIException, errors.ValidationError),
    (RequestDataTooBig, errors.PayloadTooLargeError),
)
# Where the exception's own words would tell too much, or too little.
_MESSAGES: dict[type[errors.AppError], str] = {
    errors.NotFoundError: "There is nothing here.",
    errors.PermissionDeniedError: "You are not allowed to do this.",
    errors.InvalidAPIKeyError: (
        "Send a valid API key as `Authorization: Bearer mx_…` or `X-API-Key`."
    ),
    errors.PayloadTooLargeError: "The body is too large.",
}
_DATABASE_AWAY = "The database cannot be reached; try again in a moment."
# As long as a request waits for a connection of the pool.
RETRY_AFTER_S = 2


def _of_validation(detail: Any) -> errors.ValidationError:
    """The first complaint of a serializer, under the name of its field."""
    if isinstance(detail, dict):
        field, inner = next(iter(detail.items()))
        error = _of_validation(inner)
        names = [str(field), error.param] if error.param else [str(field)]
        param = None if field == "non_field_errors" else ".".join(names)
        return errors.ValidationError(error.message, param=param)
    if isinstance(detail, list):
        return _of_validation(detail[0])
    return errors.ValidationError(str(detail))


def _headers(error: errors.AppError) -> dict[str, str]:
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(math.ceil(error.retry_after_s))
    return headers | dict(error.headers)


def error_response(request: HttpRequest, error: errors.AppError) -> HttpResponse:
    """The error as a page, or as JSON where a program is asking."""
    if is_api(request):
        body = error.body(request_id_of(request))
        return JsonResponse(body, status=error.status, headers=_headers(error))
    if error.status >= 500:
        # What failed may be what a page's usual context needs.
        text = render_to_string("500.html", {"request_id": request_id_of(request)})
        return HttpResponse(text, status=error.status)
    known = {400, 403, 404, 429}
    name = f"{error.status if error.status in known else 400}.html"
    page = render(request, name, {"error": error}, status=error.status)
    for header, value in _headers(error).items():
        page[header] = value
    return page


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    error = as_app_error(exception)
    if error.status != 413:
        error = errors.ValidationError("The request cannot be understood.")
    return error_response(request, error)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_response(
        request, errors.PermissionDeniedError("You are not allowed to do this.")
    )


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    return error_response(
        request,
        errors.PermissionDeniedError(
            "This form is too old, or it came from another site. Load the page again."
        ),
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_response(request, errors.NotFoundError("There is nothing here."))


def server_error(request: HttpRequest) -> HttpResponse:
    return error_response(request, errors.AppError("Something went wrong on our side."))
