"""Give each request its id and its organization, and open the scope around it."""

from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse

from apps.accounts.callers import find_caller, find_member, token_of
from apps.accounts.http import error_response, is_api, request_id_of
from apps.kit.errors import AppError
from apps.tenancy.scope import scope


class OrganizationMiddleware:
    """Sets `request.org`, `membership`, `caller` and `request_id`."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        if self._is_async:
            return self._answer(request)
        if _has_credentials(request):
            _identify(request)
        with _scope_of(request):
            return _finished(request, self.get_response(request))

    async def _answer(self, request: HttpRequest) -> HttpResponse:
        if _has_credentials(request):
            await sync_to_async(_identify)(request)
        with _scope_of(request):
            return _finished(request, await self.get_response(request))

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        if isinstance(exception, AppError):
            return error_response(request, exception)
        return None


def _has_credentials(request: HttpRequest) -> bool:
    """Prepare the request; False when nobody can be behind it, which saves a thread."""
    unknown: Any = request
    unknown.org = unknown.membership = unknown.caller = None
    unknown.orgs = ()
    unknown.is_database_away = False
    request_id_of(request)
    if is_api(request) and token_of(request):
        return True
    is_cookie_welcome = not request.path.startswith("/v1/")
    return is_cookie_welcome and settings.SESSION_COOKIE_NAME in request.COOKIES


def _identify(request: HttpRequest) -> None:
    """Find out whom the request is for; a key goes before a session."""
    known: Any = request
    token = token_of(request) if is_api(request) else ""
    if token:
        try:
            known.caller = find_caller(token)
        except OperationalError:
            # The API view says so, in the API's shape.
            known.is_database_away = True
        return
    member = find_member(request)
    if member is not None:
        known.org, known.membership = member.org, member.membership
        known.orgs = member.orgs


def _scope_of(request: Any) -> Any:
    owner = request.caller or request.membership
    return scope(owner.org_id) if owner else nullcontext()


def _finished(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    if is_api(request):
        response.headers["X-Request-Id"] = request_id_of(request)
    return response


def organization_context(request: HttpRequest) -> dict[str, Any]:
    """What every page shows: whose it is, as whom, and where in the product."""
    membership = getattr(request, "membership", None)
    match = request.resolver_match
    return {
        "org": getattr(request, "org", None),
        "orgs": getattr(request, "orgs", ()),
        "role": membership.role if membership else None,
        "nav": match.view_name if match else "",
        "is_development": settings.DEBUG,
    }
