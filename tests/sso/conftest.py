"""An organization with a proven domain and an identity provider of its own."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from apps.accounts.models import Membership, Organization, User
from apps.kit.clock import utc_now
from apps.kit.sealing import Secret
from apps.sso import services
from apps.sso.models import Connection, Domain
from apps.tenancy.scope import scope
from tests.sso import saml_idp
from tests.sso.oidc_idp import (
    CLIENT_ID,
    CLIENT_SECRET,
    OIDCProvider,
    running_provider,
)


@pytest.fixture
def private_allowed(settings: Any) -> None:
    """Identity providers of tests are on loopback."""
    settings.PRIVATE_ADDRESSES_ALLOWED = True


@pytest.fixture
def idp(private_allowed: None) -> Iterator[OIDCProvider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture
def proven(acme: Organization) -> Domain:
    """acme.test, which Acme has proven to be its own."""
    return prove(acme, "acme.test")


def prove(org: Organization, name: str) -> Domain:
    with scope(org.id):
        return Domain.objects.create(name=name, token="t", verified_at=utc_now())


@pytest.fixture
def oidc(
    acme: Organization, olga: User, proven: Domain, idp: OIDCProvider
) -> Connection:
    return connect_oidc(acme, olga, idp)


def connect_oidc(org: Organization, owner: User, idp: OIDCProvider) -> Connection:
    wanted = services.Wanted(
        kind="oidc",
        issuer=idp.issuer,
        client_id=CLIENT_ID,
        client_secret=Secret(CLIENT_SECRET),
        default_role="member",
    )
    return _save(org, owner, wanted)


@pytest.fixture
def saml(acme: Organization, olga: User, proven: Domain) -> Connection:
    wanted = services.Wanted(
        kind="saml",
        issuer=saml_idp.ENTITY_ID,
        sso_url=saml_idp.SSO_URL,
        certificate=saml_idp.bare_certificate(),
        default_role="viewer",
    )
    return _save(acme, olga, wanted)


def _save(org: Organization, owner: User, wanted: services.Wanted) -> Connection:
    with scope(org.id):
        mine = Membership.objects.get(user=owner)
        return services.save_connection(wanted, by=mine)


@pytest.fixture
def enforce(acme: Organization) -> Callable[[], None]:
    """Require single sign-on, as after somebody has come in through it."""

    def required() -> None:
        with scope(acme.id):
            services.note_use(Connection.objects.get())
            services.set_enforced(is_enforced=True, by_session=None)

    return required
