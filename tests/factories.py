"""Rows for tests, made the way the product makes them."""

import re
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.core import mail

from apps.accounts import invitation_services, key_services
from apps.accounts.keys import DEFAULT_SCOPES
from apps.accounts.models import APIKey, Invitation, Membership, Organization, User
from apps.catalog.models import AIModel, Offer, Price, Provider
from apps.kit.clock import utc_now
from apps.kit.ids import uuid7
from apps.router.models import RoutedRequest
from apps.tenancy.scope import scope

PASSWORD = "correct horse battery staple"


def make_org(name: str = "Acme") -> Organization:
    org_id = uuid7()
    with scope(org_id):
        return Organization.objects.create(id=org_id, name=name)


def make_user(name: str = "ulla") -> User:
    user = User.objects.create_user(
        f"{name}@example.com", PASSWORD, name=name.capitalize()
    )
    EmailAddress.objects.create(
        user=user, email=user.email, verified=True, primary=True
    )
    return user


def make_member(org: Organization, name: str, *, role: str = "member") -> User:
    user = make_user(name)
    with scope(org.id):
        Membership.objects.create(user=user, role=role)
    return user


def make_key(
    org: Organization,
    *,
    name: str = "Test suite",
    is_test: bool = False,
    scopes: tuple[str, ...] = DEFAULT_SCOPES,
    by: User | None = None,
    expires_at: datetime | None = None,
    **fields: Any,
) -> tuple[APIKey, str]:
    """A key and its token; further fields are set as they are."""
    wanted = key_services.NewKey(
        name=name, is_test=is_test, scopes=scopes, expires_at=expires_at
    )
    with scope(org.id):
        key, token = key_services.create_key(wanted, by=by)
        for field, value in fields.items():
            setattr(key, field, value)
        if fields:
            key.save(update_fields=list(fields))
    return key, token


def make_stand_in() -> Offer:
    """The echo, which answers test keys for nothing."""
    now = utc_now()
    facts = {"source": "test", "sourced_on": now.date()}
    provider = Provider.objects.using("owner").create(
        slug="echo", name="Echo", protocol=Provider.Protocol.ECHO
    )
    model = AIModel.objects.using("owner").create(
        slug="modeloptix/echo", name="Echo", author="modeloptix", **facts
    )
    offer = Offer.objects.using("owner").create(
        provider=provider,
        ai_model=model,
        upstream_id="echo",
        is_stand_in=True,
        **facts,
    )
    for component in (Price.Component.INPUT, Price.Component.OUTPUT):
        Price.objects.using("owner").create(
            offer=offer, component=component, usd=0, valid_from=now, **facts
        )
    return offer


def make_routed_request(org: Organization, **fields: Any) -> RoutedRequest:
    """A row of the ledger, answered without a hitch unless the fields say otherwise."""
    values: dict[str, Any] = {
        "org_id": org.id,
        "id": uuid7(),
        "created_at": utc_now(),
        "provider": "echo",
        "model": "echo/echo",
        "baseline_model": "",
        "task": "chat",
        "endpoint": "chat",
        "status": RoutedRequest.Status.OK,
        "is_test": False,
        "is_stream": False,
        "is_estimated": False,
        "input_tokens": 10,
        "cached_tokens": 0,
        "written_tokens": 0,
        "output_tokens": 5,
        "reasoning_tokens": 0,
        "latency_ms": 12,
        "attempts": 1,
    }
    row = RoutedRequest(**{**values, **fields})
    # The web's login only reads the ledger.
    row.save(using="owner", force_insert=True)
    return row


def make_invitation(
    org: Organization,
    email: str = "ina@example.com",
    *,
    role: str = "member",
    by: User | None = None,
) -> tuple[Invitation, str]:
    """An invitation as it was mailed, and the token of its link."""
    with scope(org.id):
        invitation = invitation_services.invite(email, role, by=by)
    return invitation, invitation_token()


def invitation_token() -> str:
    """The token of the link in the newest mail."""
    found = re.search(r"/invitations/([\w-]+)/", str(mail.outbox[-1].body))
    assert found, "The newest mail is no invitation."
    return found[1]
