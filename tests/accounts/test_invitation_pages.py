"""Inviting from the members' page, and the link's own page."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils.html import escape

from apps.accounts.models import Invitation, Organization, User
from apps.accounts.queries import memberships_of
from apps.kit.clock import utc_now
from apps.tenancy.scope import scope
from tests.factories import PASSWORD, invitation_token, make_invitation, make_user

pytestmark = pytest.mark.django_db
type SignIn = Callable[[User], Client]
INVITE = "/organization/members/invite/"


def _open(org: Organization) -> list[str]:
    with scope(org.id):
        rows = Invitation.objects.filter(revoked_at=None, accepted_at=None)
        return list(rows.values_list("email", flat=True))


def test_an_invitation_is_sent(sign_in: SignIn, adam: User, acme: Organization) -> None:
    form = {"email": "Ina@Example.com", "role": "viewer"}
    page = sign_in(adam).post(INVITE, form, follow=True)

    assert _open(acme) == ["ina@example.com"]
    assert "ina@example.com" in page.content.decode()
    assert "adam@example.com invites you" in str(mail.outbox[-1].body)


@pytest.mark.parametrize(
    "form",
    [
        {"email": "no address", "role": "viewer"},
        {"email": "a@example.com", "role": "owner"},
        {"email": "adam@example.com", "role": "viewer"},
        {"email": "a@example.com\r\nBcc: b@example.com", "role": "viewer"},
        {},
    ],
)
def test_what_will_not_do_comes_back(
    sign_in: SignIn, adam: User, acme: Organization, form: dict[str, str]
) -> None:
    answer = sign_in(adam).post(INVITE, form)

    assert answer.status_code == 422
    assert answer.context["form"].errors
    assert _open(acme) == []
    assert mail.outbox == []


def test_it_is_sent_again_and_revoked(
    sign_in: SignIn, adam: User, acme: Organization
) -> None:
    invitation, first = make_invitation(acme)
    start = f"/organization/invitations/{invitation.id}"
    later = utc_now() + timedelta(hours=1)

    with time_machine.travel(later):
        client = sign_in(adam)
        client.post(f"{start}/resend/")
        second = invitation_token()
        assert Client().get(f"/invitations/{first}/").status_code == 404
        assert Client().get(f"/invitations/{second}/").status_code == 200
        client.post(f"{start}/revoke/")
        answer = Client().get(f"/invitations/{second}/")

    assert answer.status_code == 404
    assert "It was revoked." in answer.content.decode()
    assert _open(acme) == []


def test_too_early_a_repeat_is_explained(
    sign_in: SignIn, adam: User, acme: Organization
) -> None:
    invitation, _ = make_invitation(acme)
    url = f"/organization/invitations/{invitation.id}/resend/"
    page = sign_in(adam).post(url, follow=True)

    assert "less than a minute ago" in page.content.decode()


def test_a_stranger_is_led_to_sign_in_and_back(acme: Organization) -> None:
    _, token = make_invitation(acme)
    path = f"/invitations/{token}/"
    page = Client().get(path)

    text = page.content.decode()
    assert page.status_code == 200
    assert "no-store" in page.headers["Cache-Control"]
    assert "Join Acme" in text
    assert f'/accounts/login/?next={path}"' in text
    assert escape(f"/accounts/signup/?email=ina%40example.com&next={path}") in text
    # Without being signed in nothing is accepted.
    assert Client().post(path).status_code == 200
    assert _open(acme) == ["ina@example.com"]


def test_the_page_does_not_tell_who_has_an_account(acme: Organization) -> None:
    make_user("xavier")
    texts = []
    for email in ("xavier@example.com", "yvonne@example.com"):
        _, token = make_invitation(acme, email)
        text = Client().get(f"/invitations/{token}/").content.decode()
        texts.append(text.replace(token, "TOKEN").replace(email.partition("@")[0], "X"))

    assert texts[0] == texts[1]


def test_the_way_through_the_sign_in_form_leads_back(acme: Organization) -> None:
    make_user("ina")
    _, token = make_invitation(acme)
    path, client = f"/invitations/{token}/", Client()
    form = {"login": "ina@example.com", "password": PASSWORD, "next": path}

    answer = client.post(f"/accounts/login/?next={path}", form)
    assert answer.headers["Location"] == path
    assert "Join as member" in client.get(path).content.decode()


def test_accepting_joins_and_works_for_it_at_once(
    sign_in: SignIn, acme: Organization, globex: Organization
) -> None:
    ina = make_user("ina")
    _, token = make_invitation(acme, role="viewer")
    client = sign_in(ina)

    page = client.post(f"/invitations/{token}/", follow=True)

    assert page.context["org"].id == acme.id
    assert page.context["role"] == "viewer"
    again = client.get(f"/invitations/{token}/")
    assert again.status_code == 200
    assert "You are a member of Acme already." in again.content.decode()


def test_somebody_in_another_organization_joins_this_one_too(
    sign_in: SignIn, acme: Organization, gil: User
) -> None:
    _, token = make_invitation(acme, "gil@example.com")
    page = sign_in(gil).post(f"/invitations/{token}/", follow=True)

    assert page.context["org"].id == acme.id
    assert {m.org.name for m in memberships_of(gil)} == {"Acme", "Globex"}


def test_somebody_else_is_told_whom_it_is_for(
    sign_in: SignIn, acme: Organization, gil: User
) -> None:
    _, token = make_invitation(acme, "ina@example.com")
    client = sign_in(gil)

    text = client.get(f"/invitations/{token}/").content.decode()
    assert "It is for <b>ina@example.com</b>" in text
    assert "signed in as <b>gil@example.com</b>" in text
    assert client.post(f"/invitations/{token}/").status_code == 403
    assert _open(acme) == ["ina@example.com"]


def test_an_old_link_says_so(sign_in: SignIn, acme: Organization) -> None:
    ina = make_user("ina")
    _, token = make_invitation(acme)
    with time_machine.travel(utc_now() + timedelta(days=8)):
        client = sign_in(ina)
        for answer in (
            client.get(f"/invitations/{token}/"),
            client.post(f"/invitations/{token}/"),
        ):
            assert answer.status_code == 404
            assert "ran out after seven days" in answer.content.decode()


def test_a_link_that_never_was_is_not_found(db: None) -> None:
    answer = Client().get("/invitations/no-such-link/")

    assert answer.status_code == 404
    assert "does not work" in answer.content.decode()
