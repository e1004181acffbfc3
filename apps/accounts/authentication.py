"""Who may use an API view: a key by its scopes, a signed-in member by the role."""

from dataclasses import dataclass
from typing import Any, Never

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.plumbing import build_bearer_security_scheme_object
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from apps.accounts.callers import token_of
from apps.accounts.client_ip import client_ip
from apps.accounts.errors import UnavailableError
from apps.accounts.keys import Caller
from apps.accounts.models import Membership
from apps.accounts.roles import may
from apps.kit.errors import InvalidAPIKeyError, PermissionDeniedError


@dataclass(frozen=True)
class KeyHolder:
    """Stands where a person would: a program that came with a key."""

    caller: Caller
    is_authenticated: bool = True


class APIKeyAuthentication(BaseAuthentication):
    """The key that OrganizationMiddleware has looked up; its scope is open."""

    def authenticate(self, request: Request) -> tuple[KeyHolder, Caller] | None:
        if not token_of(request._request):
            return None
        caller: Caller | None = getattr(request._request, "caller", None)
        if getattr(request._request, "is_database_away", False):
            raise UnavailableError("API keys cannot be checked at the moment.")
        if caller is None:
            raise InvalidAPIKeyError("This API key is not valid.")
        address = client_ip(request._request)
        if not caller.may_come_from(address):
            _refuse(f"This API key may not be used from the address {address}.")
        return KeyHolder(caller), caller

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class MemberAuthentication(SessionAuthentication):
    """A signed-in member, for the control plane; `/v1` takes no cookies."""

    def authenticate(self, request: Request) -> Any:
        membership = getattr(request._request, "membership", None)
        if membership is None:
            return None
        self.enforce_csrf(request)
        return membership.user, Caller.of_member(membership.org_id)


class Allowed(BasePermission):
    """The view's `key_scope` for a key, its `actions` by method for a member.

    An empty `key_scope` takes no key at all.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if isinstance(request.user, KeyHolder):
            key_scope = view.key_scope
            if not key_scope:
                _refuse("This takes a signed-in member, not an API key.")
            if key_scope not in request.user.caller.scopes:
                _refuse(f"This API key lacks the scope {key_scope}.")
            return True
        membership: Membership | None = getattr(request._request, "membership", None)
        if membership is None or not request.auth:
            return False
        # A method no view has gets its 405 later.
        action = view.actions.get(request.method)
        if action is not None and not may(membership.role, action):
            _refuse("Your role does not allow this.")
        return True


def _refuse(message: str) -> Never:
    raise PermissionDeniedError(message)


class APIKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    """How the schema describes a key."""

    target_class = "apps.accounts.authentication.APIKeyAuthentication"
    name = "APIKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return dict(
            build_bearer_security_scheme_object("Authorization", "Bearer", "mx_…")
        )


class MemberScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    """How the schema describes a signed-in member."""

    target_class = "apps.accounts.authentication.MemberAuthentication"
    name = "Session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
