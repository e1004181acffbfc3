"""Give each request its id and its organization, and open the scope around it."""

from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse

from apps.accounts import impersonation
from apps.accounts.callers import find_caller, find_member, token_of
from apps.accounts.client_ip import client_ip
from apps.accounts.http import error_response, is_api, request_id_of
from apps.accounts.models import User
from apps.accounts.sessions import note_activity
from apps.accounts.settings_nav import entries_for
from apps.audit.actor import Actor, Via, acting
from apps.kit.errors import AppError, NotFoundError
from apps.tenancy.scope import scope

ADMIN_PATH = "/admin/"
# The admin works across organizations, so it opens the scope of none.
PERSONAL_PATHS = ("/accounts/", ADMIN_PATH)


class OrganizationMiddleware:
    """Sets `request.org`, `membership`, `caller`, `actor` and `request_id`."""

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
        with _scope_of(request), acting(_actor_of(request)):
            response = _refused(request) or self.get_response(request)
            return _finished(request, response)

    async def _answer(self, request: HttpRequest) -> HttpResponse:
        if _has_credentials(request):
            await sync_to_async(_identify)(request)
        with _scope_of(request), acting(_actor_of(request)):
            response = _refused(request) or await self.get_response(request)
            return _finished(request, response)

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
    unknown.person = unknown.impersonation = unknown.refusal = None
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
    known.person = request.user if isinstance(request.user, User) else None
    if known.person is not None:
        note_activity(request)
        if _looks_as_member(request):
            return
    member = find_member(request)
    if member is not None:
        known.org, known.membership = member.org, member.membership
        known.orgs = member.orgs


def _looks_as_member(request: Any) -> bool:
    """Put a member in the place of a staff person who looks through their eyes."""
    is_outside = request.path.startswith(ADMIN_PATH)
    if is_outside or impersonation.IN_SESSION not in request.session:
        return False
    with acting(_actor_of(request)):
        looking = impersonation.current(request)
    if looking is None:
        return False
    request.impersonation, request.user = looking, looking.membership.user
    request.org, request.membership = looking.membership.org, looking.membership
    request.orgs = (request.org,)
    with scope(request.org.id), acting(_actor_of(request)):
        impersonation.note_request(request, looking)
    request.refusal = impersonation.refusal(request)
    return True


def _refused(request: Any) -> HttpResponse | None:
    if "\x00" in request.path:
        # Postgres stores no text with it, and refuses to look for one.
        return error_response(request, NotFoundError("There is nothing here."))
    return error_response(request, request.refusal) if request.refusal else None


def _via(request: Any) -> Via:
    if request.impersonation is not None:
        return Via.IMPERSONATION
    if request.path.startswith(ADMIN_PATH):
        return Via.ADMIN
    return Via.API if is_api(request) else Via.PAGE


def _scope_of(request: Any) -> Any:
    """The organization's scope, but on pages of sign-in: they concern a person, and
    open the scope of each organization that the person's change is noted in.
    """
    owner = request.caller or request.membership
    is_personal = request.path.startswith(PERSONAL_PATHS)
    return scope(owner.org_id) if owner and not is_personal else nullcontext()


def _actor_of(request: Any) -> Actor:
    """Whom the audit log names for what this request changes."""
    actor = Actor(
        via=_via(request),
        ip=client_ip(request),
        user_agent=request.headers.get("User-Agent", ""),
    )
    if request.caller is not None:
        return replace(actor, key_id=request.caller.key_id)
    if request.person is not None:
        return replace(actor, user_id=request.person.id, email=request.person.email)
    return actor


def _finished(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    if is_api(request):
        response.headers["X-Request-Id"] = request_id_of(request)
    return response


def organization_context(request: HttpRequest) -> dict[str, Any]:
    """What every page shows: whose it is, as whom, and where in the product."""
    membership = getattr(request, "membership", None)
    match = request.resolver_match
    nav = match.view_name if match else ""
    entries = entries_for(membership.role if membership else None)
    return {
        "org": getattr(request, "org", None),
        "orgs": getattr(request, "orgs", ()),
        "role": membership.role if membership else None,
        "nav": nav,
        "settings_nav": entries,
        # The keys have a place of their own in the rail.
        "in_settings": nav != "accounts:keys" and any(nav in e.names for e in entries),
        "impersonation": getattr(request, "impersonation", None),
        "is_development": settings.DEBUG,
    }
