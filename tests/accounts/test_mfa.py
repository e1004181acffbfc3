"""Authenticator apps and recovery codes, and what happens around them."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core.mail import EmailMessage
from django.test import Client

from apps.accounts.models import Organization, User
from apps.audit.models import AuditEntry
from apps.tenancy.scope import scope
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code_at(moment: float, secret: str = SECRET) -> str:
    return str(format_hotp_value(hotp_value(secret, int(moment) // 30)))


@pytest.fixture(autouse=True)
def _still() -> Iterator[None]:
    """Time stands still, so that no code changes under a test."""
    with time_machine.travel(time.time(), tick=False):
        yield


@pytest.fixture
def guarded(olga: User) -> User:
    """Olga, with an authenticator app."""
    TOTP.activate(olga, SECRET)
    return olga


def by_password(client: Client, user: User, **data: str) -> Any:
    data = {"login": user.email, "password": PASSWORD, **data}
    return client.post("/accounts/login/", data)


def give(client: Client, code: str) -> Any:
    return client.post("/accounts/2fa/authenticate/", {"code": code})


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_the_code_is_asked_for_after_the_password_and_leads_on(
    client: Client, guarded: User
) -> None:
    asked = by_password(client, guarded, next="/keys/")
    assert asked.headers["Location"] == "/accounts/2fa/authenticate/"
    assert not is_signed_in(client)

    answer = give(client, code_at(time.time()))

    assert answer.headers["Location"] == "/keys/"
    assert is_signed_in(client)


def test_a_code_works_once(client: Client, guarded: User) -> None:
    code = code_at(time.time())
    for one in (client, other := Client()):
        by_password(one, guarded)
        give(one, code)

    assert is_signed_in(client)
    assert not is_signed_in(other)


@pytest.mark.parametrize("age_s", [-60, 60, 3600])
def test_a_code_of_another_time_is_refused(
    client: Client, guarded: User, age_s: int
) -> None:
    by_password(client, guarded)
    give(client, code_at(time.time() - age_s))

    assert not is_signed_in(client)


def test_codes_cannot_be_guessed(client: Client, guarded: User) -> None:
    by_password(client, guarded)
    for number in range(8):
        give(client, f"{number:06}")
    give(client, code_at(time.time()))

    assert not is_signed_in(client)


def reauthenticated(client: Client, user: User) -> Client:
    by_password(client, user)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def set_up(client: Client) -> Any:
    page = client.get("/accounts/2fa/totp/activate/")
    code = code_at(time.time(), page.context["form"].secret)
    return client.post("/accounts/2fa/totp/activate/", {"code": code})


def test_an_app_is_set_up_noted_and_told(
    client: Client,
    olga: User,
    acme: Organization,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: Any,
) -> None:
    reauthenticated(client, olga)
    with django_capture_on_commit_callbacks(execute=True):
        answer = set_up(client)

    assert answer.headers["Location"] == "/accounts/2fa/recovery-codes/"
    with scope(acme.id):
        entry = AuditEntry.objects.get(action="user.mfa_on")
    assert (entry.actor_id, entry.label) == (olga.pk, olga.email)
    assert any("authenticator app was added" in str(m.body) for m in mailoutbox)


def test_switching_it_off_is_noted(
    client: Client, guarded: User, acme: Organization
) -> None:
    by_password(client, guarded)
    give(client, code_at(time.time()))
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.post("/accounts/2fa/totp/deactivate/")

    assert not Authenticator.objects.exists()
    with scope(acme.id):
        assert AuditEntry.objects.filter(action="user.mfa_off").count() == 1


def test_changing_factors_asks_for_the_password_again(
    client: Client, olga: User
) -> None:
    by_password(client, olga)
    answer = client.get("/accounts/2fa/totp/activate/")

    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")


def test_recovery_codes_are_shown_once_and_work_once(
    client: Client, olga: User, django_capture_on_commit_callbacks: Any
) -> None:
    reauthenticated(client, olga)
    set_up(client)
    shown = client.get("/accounts/2fa/recovery-codes/").context["unused_codes"]
    again = client.get("/accounts/2fa/recovery-codes/").context["unused_codes"]
    assert len(shown) == 10
    assert set(again) == {"****"}

    for one in (first := Client(), second := Client()):
        by_password(one, olga)
        give(one, shown[0])

    assert is_signed_in(first)
    assert not is_signed_in(second)


def test_secrets_are_sealed_in_the_database(olga: User) -> None:
    TOTP.activate(olga, SECRET)
    RecoveryCodes.activate(olga)

    kept = str(list(Authenticator.objects.values_list("data", flat=True)))
    codes = Authenticator.objects.get(type="recovery_codes").wrap()
    assert SECRET not in kept
    assert codes.generate_codes()[0] not in kept
    assert Authenticator.objects.get(type="totp").wrap().instance.data["secret"]


def test_a_sealed_secret_still_makes_codes(guarded: User) -> None:
    app = Authenticator.objects.get(user=guarded).wrap()

    assert app.validate_code(code_at(time.time()))
