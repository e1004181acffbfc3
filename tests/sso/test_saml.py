"""SAML from our request to the provider's signed answer, and what is not believed."""

import base64
from datetime import timedelta
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from apps.accounts.models import User
from apps.accounts.queries import memberships_of
from apps.sso.models import Connection
from tests.sso.saml_idp import SAMLAnswer
from tests.sso.test_oidc import is_signed_in

pytestmark = [
    pytest.mark.django_db,
    # python3-saml still asks for the time that way.
    pytest.mark.filterwarnings("ignore:datetime.datetime.utc:DeprecationWarning"),
]
EMAIL = "mia@acme.test"


@pytest.fixture
def visitor() -> Client:
    # What the answer is meant for is compared with the host that was asked.
    return Client(headers={"host": "testserver"})


def ask(visitor: Client) -> SAMLAnswer:
    page = visitor.post("/accounts/sso/", {"email": EMAIL, "next": "/keys/"})
    return SAMLAnswer.to(page.context["url"])


def give(visitor: Client, connection: Connection, text: str) -> Any:
    """Post the answer as the provider's page does, and follow to our own."""
    path = f"/accounts/sso/saml/{connection.org_id}/acs/"
    answer = visitor.post(path, {"SAMLResponse": text})
    if answer.status_code != 302:
        return answer
    return visitor.get(answer.headers["Location"])


def nobody_came_in(visitor: Client) -> bool:
    return not is_signed_in(visitor) and not SocialAccount.objects.exists()


def test_a_signed_answer_signs_a_new_member_in(
    visitor: Client, saml: Connection
) -> None:
    answer = give(visitor, saml, ask(visitor).signed())

    assert answer.headers["Location"] == "/keys/"
    (membership,) = memberships_of(User.objects.get(email=EMAIL))
    assert (membership.org_id, membership.role) == (saml.org_id, "viewer")


def test_the_same_person_comes_back(visitor: Client, saml: Connection) -> None:
    for _ in range(2):
        give(visitor, saml, ask(visitor).signed())
        assert is_signed_in(visitor)
        visitor.post("/accounts/logout/")

    assert User.objects.filter(email=EMAIL).count() == 1


def test_an_unsigned_answer_is_refused(visitor: Client, saml: Connection) -> None:
    assert give(visitor, saml, ask(visitor).unsigned()).status_code == 401
    assert nobody_came_in(visitor)


def test_an_answer_signed_by_another_is_refused(
    visitor: Client, saml: Connection
) -> None:
    assert give(visitor, saml, ask(visitor).signed(key="another")).status_code == 401
    assert nobody_came_in(visitor)


def test_an_answer_changed_after_it_was_signed_is_refused(
    visitor: Client, saml: Connection
) -> None:
    signed = base64.b64decode(ask(visitor).signed())
    changed = signed.replace(EMAIL.encode(), b"olg@acme.test")

    answer = give(visitor, saml, base64.b64encode(changed).decode())

    assert answer.status_code == 401
    assert nobody_came_in(visitor)


WRONG: dict[str, dict[str, Any]] = {
    "audience": {"audience": "https://another.example/metadata"},
    "issuer": {"issuer": "https://another.example/saml"},
    "destination": {"destination": "https://another.example/acs"},
    "expired": {"valid_for": timedelta(hours=-1)},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG.keys())
def test_an_answer_that_is_not_for_us_is_refused(
    visitor: Client, saml: Connection, changes: dict[str, Any]
) -> None:
    answer = give(visitor, saml, ask(visitor).but(**changes).signed())

    assert answer.status_code == 401
    assert nobody_came_in(visitor)


def test_an_answer_works_once(visitor: Client, saml: Connection) -> None:
    text = ask(visitor).signed()
    give(visitor, saml, text)
    visitor.post("/accounts/logout/")

    assert give(visitor, saml, text).status_code == 401
    assert not is_signed_in(visitor)


def test_an_answer_for_another_session_is_refused(
    visitor: Client, saml: Connection
) -> None:
    text = ask(Client(headers={"host": "testserver"})).signed()

    assert give(visitor, saml, text).status_code == 401
    assert nobody_came_in(visitor)


def test_an_answer_nobody_asked_for_is_refused(
    visitor: Client, saml: Connection
) -> None:
    text = ask(visitor).but(in_response_to="").signed()

    assert give(visitor, saml, text).status_code == 401
    assert nobody_came_in(visitor)


def test_an_address_of_another_domain_is_refused(
    visitor: Client, saml: Connection, gil: User
) -> None:
    text = ask(visitor).but(email=gil.email).signed()

    assert give(visitor, saml, text).status_code == 403
    assert nobody_came_in(visitor)


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
GARBAGE = {
    "nothing": "",
    "no base64": "%%%",
    "no XML": base64.b64encode(b"<not").decode(),
    "a bomb": base64.b64encode(BOMB).decode(),
    "too much": "A" * 300_000,
    "other XML": base64.b64encode(b"<x/>").decode(),
}


@pytest.mark.parametrize("text", GARBAGE.values(), ids=GARBAGE.keys())
def test_what_is_no_answer_is_refused(
    visitor: Client, saml: Connection, text: str
) -> None:
    assert give(visitor, saml, text).status_code == 401


def test_the_metadata_tells_the_provider_about_us(
    visitor: Client, saml: Connection
) -> None:
    page = visitor.get(f"/accounts/sso/saml/{saml.org_id}/metadata/")

    assert page.headers["Content-Type"] == "text/xml"
    assert f"/accounts/sso/saml/{saml.org_id}/acs/".encode() in page.content


def test_an_unknown_connection_is_not_found(visitor: Client, db: None) -> None:
    for path in ("metadata/", "acs/finish/"):
        assert visitor.get(f"/accounts/sso/saml/nobody/{path}").status_code == 404


def test_signing_out_at_the_provider_asks_here(
    visitor: Client, saml: Connection
) -> None:
    give(visitor, saml, ask(visitor).signed())
    answer = visitor.get(f"/accounts/sso/saml/{saml.org_id}/sls/")

    assert answer.headers["Location"] == "/accounts/logout/"
    assert is_signed_in(visitor)
