"""Single sign-on that an organization requires: whom it binds, and from when."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from apps.accounts.models import Membership, Organization, User
from apps.kit.errors import ValidationError
from apps.sso import services
from apps.sso.models import Connection, Domain
from apps.tenancy.scope import scope
from tests.factories import PASSWORD
from tests.sso.oidc_idp import OIDCProvider
from tests.sso.test_oidc import come_back, is_signed_in, leave

pytestmark = pytest.mark.django_db
Enforce = Callable[[], None]


def make_person(email: str, org: Organization, role: str = "member") -> User:
    user = User.objects.create_user(email, PASSWORD)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    with scope(org.id):
        Membership.objects.create(user=user, role=role)
    return user


def by_password(client: Client, user: User, **data: str) -> Any:
    return client.post(
        "/accounts/login/", {"login": user.email, "password": PASSWORD, **data}
    )


@pytest.fixture
def nina(acme: Organization) -> User:
    return make_person("nina@acme.test", acme)


def test_a_member_at_the_domain_is_led_to_single_sign_on(
    client: Client, oidc: Connection, nina: User, enforce: Enforce
) -> None:
    enforce()
    answer = by_password(client, nina, next="/keys/")

    there = f"/accounts/sso/?org={oidc.org_id}&next=%2Fkeys%2F"
    assert answer.headers["Location"] == there
    assert not is_signed_in(client)


def test_a_wrong_password_tells_nothing_of_it(
    client: Client, oidc: Connection, nina: User, enforce: Enforce
) -> None:
    enforce()
    wrong = {"login": nina.email, "password": "wrong"}

    assert client.post("/accounts/login/", wrong).status_code == 200


def test_an_owner_keeps_the_other_ways_in(
    client: Client, oidc: Connection, acme: Organization, enforce: Enforce
) -> None:
    owner = make_person("otto@acme.test", acme, role="owner")
    enforce()

    by_password(client, owner)

    assert is_signed_in(client)


def test_a_member_at_another_domain_is_not_bound(
    client: Client, oidc: Connection, mia: User, enforce: Enforce
) -> None:
    enforce()
    by_password(client, mia)

    assert is_signed_in(client)


def test_who_is_linked_stays_bound_with_another_address(
    client: Client, oidc: Connection, mia: User, enforce: Enforce
) -> None:
    SocialAccount.objects.create(user=mia, provider=oidc.provider_id, uid="7")
    enforce()
    by_password(client, mia)

    assert not is_signed_in(client)


def test_it_takes_effect_at_once(
    oidc: Connection, nina: User, mia: User, enforce: Enforce
) -> None:
    bound, free = Client(), Client()
    by_password(bound, nina)
    by_password(free, mia)
    enforce()

    assert bound.get("/keys/").status_code == 302
    assert free.get("/keys/").status_code == 200


def test_the_password_still_proves_whose_account_it_is(
    client: Client, oidc: Connection, nina: User, enforce: Enforce, idp: OIDCProvider
) -> None:
    enforce()
    come_back(client, oidc, idp.authorize(leave(client), email=nina.email))
    assert not is_signed_in(client)
    by_password(client, nina)
    assert is_signed_in(client)
    client.post("/accounts/logout/")

    by_password(client, nina)
    assert not is_signed_in(client)
    come_back(client, oidc, idp.authorize(leave(client), email=nina.email))
    assert is_signed_in(client)


def test_a_link_that_must_be_used_is_kept(
    client: Client, oidc: Connection, nina: User, enforce: Enforce, idp: OIDCProvider
) -> None:
    enforce()
    come_back(client, oidc, idp.authorize(leave(client), email=nina.email))
    by_password(client, nina)
    account = SocialAccount.objects.get(user=nina)

    answer = client.post("/accounts/3rdparty/", {"account": account.pk})

    assert answer.status_code != 500
    assert SocialAccount.objects.filter(pk=account.pk).exists()


def test_it_is_not_required_before_anybody_came_in_by_it(oidc: Connection) -> None:
    with scope(oidc.org_id), pytest.raises(ValidationError, match="once"):
        services.set_enforced(is_enforced=True, by_session=None)


def test_it_is_not_required_without_a_proven_domain(oidc: Connection) -> None:
    with scope(oidc.org_id):
        Domain.objects.update(verified_at=None)
        with pytest.raises(ValidationError, match="domain"):
            services.set_enforced(is_enforced=True, by_session=None)


def test_another_provider_drops_links_and_requirement(
    oidc: Connection, mia: User, olga: User, enforce: Enforce
) -> None:
    SocialAccount.objects.create(user=mia, provider=oidc.provider_id, uid="7")
    enforce()
    wanted = services.Wanted("saml", "https://idp.test", "member", certificate="x")

    with scope(oidc.org_id):
        mine = Membership.objects.get(user=olga)
        saved = services.save_connection(wanted, by=mine)

    assert not saved.is_enforced
    assert not SocialAccount.objects.exists()


def test_an_admin_who_changes_the_trust_drops_the_owners_links(
    saml: Connection, adam: User, olga: User, mia: User
) -> None:
    for user in (olga, mia):
        SocialAccount.objects.create(
            user=user, provider=saml.provider_id, uid=user.email
        )
    wanted = services.Wanted(
        "saml", saml.issuer, "member", sso_url=saml.sso_url, certificate="another"
    )

    with scope(saml.org_id):
        services.save_connection(wanted, by=Membership.objects.get(user=adam))

    assert [account.user for account in SocialAccount.objects.all()] == [mia]
