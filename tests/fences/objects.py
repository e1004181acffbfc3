"""What an address can name: one factory a kind, each making a row of the organization.

A rule names its kind; an address with an identifier that names none fails the fence.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final
from uuid import UUID

from apps.accounts.models import Invitation, Membership, Organization
from apps.catalog.models import Provider
from apps.kit.clock import utc_now
from apps.kit.ids import uuid7
from apps.kit.sealing import Secret
from apps.privacy.models import Export
from apps.router.budget_services import create_budget
from apps.sso.models import Domain
from apps.tenancy.scope import scope
from apps.vault.services import NewProviderKey, add_key
from tests.factories import make_key, make_member, make_routed_request

type Factory = Callable[[Organization], UUID]


def _member(org: Organization) -> UUID:
    user = make_member(org, f"named-{uuid7()}", role="viewer")
    with scope(org.id):
        return Membership.objects.get(user=user).id


def _invitation(org: Organization) -> UUID:
    """Sent an hour ago, so that it can be sent again."""
    with scope(org.id):
        return Invitation.objects.create(
            email=f"{uuid7()}@example.com",
            role="viewer",
            digest=uuid7().bytes * 2,
            expires_at=utc_now(),
        ).id


def _provider_key(org: Organization) -> UUID:
    """A key of a provider at an address where nobody listens."""
    Provider.objects.using("owner").get_or_create(
        slug="openai",
        defaults={
            "name": "OpenAI",
            "base_url": "http://127.0.0.1:9/v1",
            "api_key_env": "OPENAI_API_KEY",
        },
    )
    with scope(org.id):
        wanted = NewProviderKey("openai", "Ours", Secret("sk-own-0123456789abcdef"))
        return add_key(wanted, by=None).id


def _export(org: Organization) -> UUID:
    with scope(org.id):
        return Export.objects.create(state=Export.State.EXPIRED).id


def _sso_domain(org: Organization) -> UUID:
    with scope(org.id):
        return Domain.objects.create(name=f"{uuid7()}.test", token="token").id


def _budget(org: Organization) -> UUID:
    """A key's, since an organization has one budget a period."""
    key, _ = make_key(org)
    with scope(org.id):
        return create_budget(key_id=key.id, period="month", limit_usd=Decimal(5)).id


OBJECTS: Final[dict[str, Factory]] = {
    "sso_domain": _sso_domain,
    "export": _export,
    "budget": _budget,
    "key": lambda org: make_key(org)[0].id,
    "request": lambda org: make_routed_request(org).id,
    "member": _member,
    "invitation": _invitation,
    "provider_key": _provider_key,
}
