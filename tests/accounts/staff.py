"""Staff, and clients that have or have not proven a second factor."""

import time
from typing import Final

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.test import Client

from apps.accounts.models import Staff, User
from tests.factories import make_user

TOTP_SECRET: Final = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
_USER_KEY: Final = "account_authentication_methods_user"


def make_staff(name: str = "stella") -> User:
    user = make_user(name)
    Staff.objects.using("owner").create(user_id=user.id)
    return user


def add_factor(user: User) -> None:
    TOTP.activate(user, TOTP_SECRET)
    RecoveryCodes.activate(user)


def sign_in_with_factor(user: User, *, age_s: float = 0.0) -> Client:
    """A session in which a code was given `age_s` ago."""
    client = Client()
    client.force_login(user)
    session = client.session
    proof = {"method": "mfa", "type": "totp", "at": time.time() - age_s}
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [proof]
    session[_USER_KEY] = str(user.pk)
    session.save()
    return client


def staff_client(name: str = "stella") -> Client:
    """Staff as they should be: with a factor, proven just now."""
    user = make_staff(name)
    add_factor(user)
    return sign_in_with_factor(user)
