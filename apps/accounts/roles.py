"""Who may do what: one table, read by pages and the API alike."""

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Concatenate, Final, cast

from django.http import HttpRequest, HttpResponseBase

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
    "policy.manage": _LEADERS,
    "members.manage": _LEADERS,
    "organization.manage": frozenset({Role.OWNER}),
}


def may(role: str | None, action: str) -> bool:
    """Whether the role allows the action; an unknown action is a bug and raises."""
    return role in POLICY[action]


def role_required[R: HttpRequest, **P](
    action: str,
) -> Callable[[_View[R, P]], _View[R, P]]:
    """Refuse a view to members whose role does not allow the action."""

    def decorate(view: _View[R, P]) -> _View[R, P]:
        @wraps(view)
        def checked(request: R, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            membership = getattr(request, "membership", None)
            if membership is None or not may(membership.role, action):
                raise PermissionDeniedError("Your role does not allow this.")
            return view(request, *args, **kwargs)

        return cast("_View[R, P]", checked)

    return decorate
