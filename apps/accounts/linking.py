"""Link an account elsewhere to one of ours only once it is proven to be theirs.

Somebody comes from Google with an address that has an account here. Whoever holds
the address at Google need not be who opened the account, so nothing is linked: the
sign-in waits in the session until its owner has signed in the way they used to.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from allauth.account.internal.userkit import filter_users_by_email
from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.socialaccount.providers import registry
from django.http import HttpRequest

from apps.accounts.models import User

IN_SESSION: Final = "pending_link"
WAITS_S: Final = 15 * 60
# A sign-up writes both rows in one transaction.
SAME_MOMENT: Final = timedelta(minutes=1)
SSO_PREFIX: Final = "sso-"


@dataclass(frozen=True)
class Pending:
    """A sign-in from elsewhere that waits for proof."""

    login: Any
    user: User

    @property
    def provider_name(self) -> str:
        return str(self.login.provider.name)

    @property
    def provider_id(self) -> str:
        return str(self.login.account.provider)


@dataclass(frozen=True)
class WayIn:
    """One way to open an account: a password, or an account elsewhere."""

    provider: str
    name: str
    is_password: bool = False


def owner_of(sociallogin: Any) -> User | None:
    """Whose account has an address that the provider vouches for; None for nobody's.

    An address the provider has not verified counts for nothing here.
    """
    for address in sociallogin.email_addresses:
        if address.verified:
            users = filter_users_by_email(address.email, prefer_verified=True)
            if users:
                return users[0]  # type: ignore[no-any-return]  # allauth has no types
    return None


def stash(request: HttpRequest, sociallogin: Any, user: User) -> None:
    """Keep the sign-in for its proof, in this session only."""
    request.session[IN_SESSION] = {
        "login": sociallogin.serialize(),
        "user": str(user.pk),
        "at": time.time(),
    }


def pending(request: HttpRequest) -> Pending | None:
    """What waits in this session, unless it waits for too long."""
    kept = request.session.get(IN_SESSION)
    if not kept or time.time() - kept["at"] > WAITS_S:
        return None
    user = User.objects.filter(pk=kept["user"]).first()
    if user is None:
        return None
    return Pending(login=SocialLogin.deserialize(kept["login"]), user=user)


def take(request: HttpRequest, user: User) -> Pending | None:
    """What waits for this person, who has just signed in; it waits no longer."""
    waiting = pending(request)
    request.session.pop(IN_SESSION, None)
    return waiting if waiting and waiting.user.pk == user.pk else None


def ways_in(user: User) -> list[WayIn]:
    """How this person can sign in, the way the account was opened first."""
    accounts = list(SocialAccount.objects.filter(user=user).order_by("date_joined"))
    ways = [WayIn(one.provider, provider_name(one.provider)) for one in accounts]
    if not user.has_usable_password():
        return ways
    password = WayIn("", "a password", is_password=True)
    if accounts and _opened(user, accounts[0].date_joined):
        return [ways[0], password, *ways[1:]]
    return [password, *ways]


def _opened(user: User, joined_at: datetime) -> bool:
    return joined_at - user.created_at < SAME_MOMENT


def provider_name(provider: str) -> str:
    """What a provider is called, also when this installation has it no longer."""
    if provider.startswith(SSO_PREFIX):
        return "single sign-on"
    known = registry.get_class(provider)
    return str(known.name) if known else provider
