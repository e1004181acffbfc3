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
from apps.router.alias_models import Alias
from apps.router.alias_services import NewAlias, create_alias
from apps.router.budget_services import create_budget
from apps.router.conversation_models import StoredResponse
from apps.router.experiment_models import Experiment
from apps.router.invoice_services import Upload, upload_invoice
from apps.sso.models import Domain
from apps.tenancy.scope import scope
from apps.vault.services import NewProviderKey, add_key
from tests.factories import make_key, make_member, make_routed_request
from tests.fences.alerts_objects import ALERTS_OBJECTS
from tests.fences.checks_objects import CHECKS_OBJECTS
from tests.fences.opportunities_objects import OPPORTUNITIES_OBJECTS
from tests.fences.portfolio_objects import PORTFOLIO_OBJECTS
from tests.fences.savings_objects import SAVINGS_OBJECTS
from tests.fences.usage_addresses import INVOICE

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


def _alias(org: Organization) -> UUID:
    with scope(org.id):
        return create_alias(NewAlias(f"uc/{uuid7()}")).id


def _budget(org: Organization) -> UUID:
    """A key's, since an organization has one budget a period."""
    key, _ = make_key(org)
    with scope(org.id):
        return create_budget(key_id=key.id, period="month", limit_usd=Decimal(5)).id


def _stored_response(org: Organization) -> UUID:
    response_id = uuid7()
    with scope(org.id):
        StoredResponse.objects.create(
            response_id=str(response_id),
            created_at=utc_now(),
            input='[{"role": "user", "content": "Hi"}]',
            response='{"output": []}',
        )
    return response_id


def _invoice(org: Organization) -> UUID:
    with scope(org.id):
        return upload_invoice(
            Upload(INVOICE.encode(), "invoice.csv", "openai"), by=None
        ).id


def _experiment(org: Organization) -> UUID:
    """A draft on an alias of its own."""
    arms = [
        {"name": "control", "weight": 0.5, "model": ""},
        {"name": "candidate", "weight": 0.5, "model": "nobody/no-model"},
    ]
    with scope(org.id):
        alias = Alias.objects.create(name=f"uc/{uuid7()}")
        return Experiment.objects.create(
            name="Named", alias=alias, kind="ab", arms=arms
        ).id


OBJECTS: Final[dict[str, Factory]] = {
    **ALERTS_OBJECTS,
    **CHECKS_OBJECTS,
    **OPPORTUNITIES_OBJECTS,
    **PORTFOLIO_OBJECTS,
    **SAVINGS_OBJECTS,
    "sso_domain": _sso_domain,
    "export": _export,
    "alias": _alias,
    "budget": _budget,
    "experiment": _experiment,
    "invoice": _invoice,
    "key": lambda org: make_key(org)[0].id,
    "request": lambda org: make_routed_request(org).id,
    "member": _member,
    "invitation": _invitation,
    "provider_key": _provider_key,
    "stored_response": _stored_response,
}
