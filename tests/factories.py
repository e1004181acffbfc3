"""Rows for tests, made the way the product makes them."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from allauth.account.models import EmailAddress
from django.core import mail

from apps.accounts import invitation_services, key_services
from apps.accounts.keys import DEFAULT_SCOPES
from apps.accounts.models import APIKey, Invitation, Membership, Organization, User
from apps.catalog.models import AIModel, Offer, Price, Provider
from apps.catalog.models.origins import Origin
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


@dataclass(frozen=True, slots=True)
class Listed:
    """A model `house/name` that its house offers for US dollars a million tokens."""

    model: str
    base_url: str
    input_usd: str
    output_usd: str
    context_tokens: int = 100_000


def make_offers(*listed: Listed) -> None:
    """Providers of one model each, as an operator's `add_provider` leaves them."""
    now = utc_now()
    facts: dict[str, Any] = {"source": "test", "sourced_on": now.date()}
    facts["origin"] = Origin.OPERATOR
    providers, models = list[Provider](), list[AIModel]()
    offers, prices = list[Offer](), list[Price]()
    for one in listed:
        house, _, name = one.model.partition("/")
        provider = Provider(
            slug=house,
            name=house,
            base_url=one.base_url,
            is_operator_added=True,
            origin=Origin.OPERATOR,
        )
        model = AIModel(
            slug=one.model,
            name=name,
            author=house,
            context_tokens=one.context_tokens,
            **facts,
        )
        offer = Offer(
            provider=provider,
            ai_model=model,
            upstream_id=name,
            context_tokens=one.context_tokens,
            **facts,
        )
        prices += [
            Price(offer=offer, component=c, usd=Decimal(usd), valid_from=now, **facts)
            for c, usd in (("input", one.input_usd), ("output", one.output_usd))
        ]
        providers.append(provider)
        models.append(model)
        offers.append(offer)
    Provider.objects.using("owner").bulk_create(providers)
    AIModel.objects.using("owner").bulk_create(models)
    Offer.objects.using("owner").bulk_create(offers)
    Price.objects.using("owner").bulk_create(prices)


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
