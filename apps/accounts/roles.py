"""Who may do what: one table, read by pages and the API alike."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from functools import wraps
from typing import Concatenate, Final, cast

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from apps.kit.errors import PermissionDeniedError

type _View[R: HttpRequest, **P] = Callable[Concatenate[R, P], HttpResponseBase]


class Role(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"


_EVERYONE: Final = frozenset(Role)
_WORKERS: Final = _EVERYONE - {Role.VIEWER}
_LEADERS: Final = frozenset({Role.OWNER, Role.ADMIN})

POLICY: Final[dict[str, frozenset[Role]]] = {
    "usage.read": _EVERYONE,
    "requests.read": _EVERYONE,
    "keys.read": _EVERYONE,
    # Spends the organization's money.
    "router.call": _WORKERS,
    "keys.manage": _WORKERS,
    "budgets.read": _EVERYONE,
    "budgets.manage": _LEADERS,
    "aliases.read": _EVERYONE,
    # Aliases too: they decide where prompts may go and what they may cost.
    "policy.manage": _LEADERS,
    # Providers' bills beside the ledger.
    "invoices.read": _EVERYONE,
    "invoices.manage": _LEADERS,
    "provider_keys.read": _EVERYONE,
    "provider_keys.manage": _LEADERS,
    "organization.read": _EVERYONE,
    "organization.rename": _LEADERS,
    "organization.manage": frozenset({Role.OWNER}),
    "members.read": _EVERYONE,
    "members.manage": _LEADERS,
    "members.leave": _EVERYONE,
    "invitations.read": _LEADERS,
    "invitations.manage": _LEADERS,
    "audit.read": _LEADERS,
    # A viewer sees what requests cost, not what was said in them.
    "prompts.read": _WORKERS,
    "privacy.read": _EVERYONE,
    "privacy.manage": _LEADERS,
    "exports.manage": _LEADERS,
    "organization.delete": frozenset({Role.OWNER}),
    "sso.manage": _LEADERS,
    "portfolio.read": _EVERYONE,
    "portfolio.manage": _WORKERS,
    "opportunities.read": _EVERYONE,
    # Dismiss, restore and snooze.
    "opportunities.manage": _WORKERS,
    "checks.read": _EVERYONE,
    # Spends the organization's money.
    "checks.run": _WORKERS,
    "savings.read": _EVERYONE,
    # Decides which model answers the organization's requests.
    "switches.manage": _LEADERS,
    "alerts.read": _EVERYONE,
    # Channels and rules of the whole organization.
    "alerts.manage": _LEADERS,
}

# What a key's scope lets it do. A key acts without a role, so nobody makes, changes or
# rotates one that may do what they may not do themselves.
SCOPE_ACTIONS: Final[dict[str, str]] = {
    "chat": "router.call",
    "models:read": "usage.read",
    "usage:read": "usage.read",
    "keys:manage": "keys.manage",
    "members:manage": "members.manage",
    "audit:read": "audit.read",
    "provider_keys:manage": "provider_keys.manage",
    "budgets:manage": "budgets.manage",
    "aliases:manage": "policy.manage",
    "privacy:manage": "privacy.manage",
    "portfolio:manage": "portfolio.manage",
    "checks:run": "checks.run",
    "switches:manage": "switches.manage",
    "alerts:manage": "alerts.manage",
}

# Whose roles a role may give and take: nobody but an owner touches an owner.
GOVERNS: Final[dict[Role, frozenset[Role]]] = {
    Role.OWNER: _EVERYONE,
    Role.ADMIN: _EVERYONE - {Role.OWNER},
    Role.MEMBER: frozenset(),
    Role.VIEWER: frozenset(),
}


def governs(role: str | None, *others: str) -> bool:
    """Whether somebody with this role may give, change and take these roles."""
    return role in GOVERNS and GOVERNS[Role(role)] >= set(others)


def may(role: str | None, action: str) -> bool:
    """Whether the role allows the action; an unknown action is a bug and raises."""
    return role in POLICY[action]


def is_beyond(role: str | None, scopes: Iterable[str]) -> bool:
    """Whether a key with these scopes may do more than somebody with this role."""
    return not all(may(role, SCOPE_ACTIONS[scope]) for scope in scopes)


def role_required[R: HttpRequest, **P](
    action: str,
) -> Callable[[_View[R, P]], _View[R, P]]:
    """Refuse a view to members whose role does not allow the action."""

    def decorate(view: _View[R, P]) -> _View[R, P]:
        @wraps(view)
        def checked(request: R, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            membership = getattr(request, "membership", None)
            if membership is None:
                # Somebody who left, or was taken out of, the last organization.
                return redirect("accounts:new-organization")
            if not may(membership.role, action):
                raise PermissionDeniedError("Your role does not allow this.")
            return view(request, *args, **kwargs)

        return cast("_View[R, P]", checked)

    return decorate
