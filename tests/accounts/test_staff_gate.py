"""`/admin/`: staff with a proven second factor, and nobody else."""

import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver

from apps.accounts.models import Organization, Staff, User
from apps.accounts.staff_gate import GOOD_FOR_S
from apps.audit.staff_admin import StaffModelAdmin
from apps.kit.clock import utc_now
from tests.accounts.staff import (
    TOTP_SECRET,
    add_factor,
    make_staff,
    sign_in_with_factor,
    staff_client,
)
from tests.factories import PASSWORD, make_member

pytestmark = pytest.mark.django_db(transaction=True)


def _signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _lead(client: Client, path: str = "/admin/") -> str:
    """Where one ends up who asks for a page of the admin, without what follows."""
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/admin/login/")
    led = client.get(answer.headers["Location"])
    if led.status_code != 302:
        return str(led.status_code)
    to = urlsplit(led.headers["Location"])
    assert parse_qs(to.query)["next"] == [path]
    return to.path


def test_a_stranger_is_led_to_the_sign_in() -> None:
    assert _lead(Client(), "/admin/accounts/plan/") == "/accounts/login/"


@pytest.mark.parametrize("role", ["owner", "viewer"])
def test_a_member_is_refused_whatever_their_role(acme: Organization, role: str) -> None:
    member = make_member(acme, "mia", role=role)
    add_factor(member)

    assert _lead(sign_in_with_factor(member)) == "403"


def test_staff_without_a_factor_are_led_to_set_one_up() -> None:
    client = _signed_in(make_staff())

    assert _lead(client) == "/accounts/2fa/"
    assert "second factor" in client.get("/accounts/2fa/").content.decode()


def test_staff_whose_session_has_not_proven_it_are_asked() -> None:
    user = make_staff()
    add_factor(user)

    assert _lead(_signed_in(user)) == "/accounts/2fa/reauthenticate/"


def test_a_proof_is_good_for_a_working_day() -> None:
    user = make_staff()
    add_factor(user)

    fresh = sign_in_with_factor(user, age_s=GOOD_FOR_S - 600)
    assert fresh.get("/admin/").status_code == 200
    stale = sign_in_with_factor(user, age_s=GOOD_FOR_S + 600)
    assert _lead(stale) == "/accounts/2fa/reauthenticate/"


def test_the_proof_of_somebody_else_does_not_count() -> None:
    user, other = make_staff(), make_staff("steve")
    for one in (user, other):
        add_factor(one)
    client = sign_in_with_factor(other)
    session = client.session
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.save()

    assert _lead(client) == "/accounts/2fa/reauthenticate/"


def test_password_and_code_lead_in() -> None:
    user = make_staff()
    add_factor(user)
    client = Client()

    form = {"login": user.email, "password": PASSWORD, "next": "/admin/"}
    # Standing still, or the code could be of the step before by the time it is read.
    with time_machine.travel(utc_now(), tick=False):
        asked = client.post("/accounts/login/", form)
        assert asked.headers["Location"].startswith("/accounts/2fa/authenticate/")
        code = format_hotp_value(hotp_value(TOTP_SECRET, int(time.time()) // 30))
        answer = client.post(asked.headers["Location"], {"code": code})

        assert answer.headers["Location"] == "/admin/"
        assert client.get("/admin/").status_code == 200


def test_who_is_no_longer_staff_is_out_at_once() -> None:
    client = staff_client()
    assert client.get("/admin/").status_code == 200

    Staff.objects.using("owner").all().delete()

    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", ""])
def test_nobody_is_led_out_of_the_product(to: str) -> None:
    answer = staff_client().get("/admin/login/", {"next": to})

    assert answer.headers["Location"] == "/admin/"


def test_every_address_of_the_admin_asks_for_the_factor(acme: Organization) -> None:
    user = make_staff()
    add_factor(user)
    clients = {"unproven": _signed_in(user), "nobody": Client()}
    clients["owner"] = _signed_in(make_member(acme, "olga", role="owner"))

    for path in set(_paths()) - {"/admin/login/", "/admin/logout/"}:
        for name, client in clients.items():
            answers: list[Any] = [client.get(path), client.post(path)]
            for answer in answers:
                assert answer.status_code == 302, (name, path)
                assert answer.headers["Location"].startswith("/admin/login/")


def _paths(patterns: Any = None, start: str = "/admin/") -> Iterator[str]:
    for one in admin.site.urls[0] if patterns is None else patterns:
        route = str(one.pattern).replace("^", "").replace("$", "")
        route = re.sub(
            r"<[^>]*>|\(\?P[^)]*\)", "00000000-0000-7000-8000-000000000000", route
        )
        if isinstance(one, URLPattern):
            yield start + route
        elif isinstance(one, URLResolver):
            yield from _paths(one.url_patterns, start + route)


def test_only_pages_of_our_own_kind_are_in_the_admin() -> None:
    assert admin.site._registry
    for page in admin.site._registry.values():
        assert isinstance(page, StaffModelAdmin), page


def test_passwords_are_not_changed_here() -> None:
    client = staff_client()

    assert client.get("/admin/password_change/").status_code == 404
    assert client.get("/admin/logout/").headers["Location"] == "/accounts/logout/"


def test_the_admins_own_files_are_served() -> None:
    answer = Client().get("/admin/static/css/base.css")

    assert answer.status_code == 200
    assert "max-age" in answer.headers["Cache-Control"]
    assert Client().get("/admin/static/../options.py").status_code in {400, 404}
    assert (
        "/admin/static/css/base.css" in staff_client().get("/admin/").content.decode()
    )
