"""Reads of single sign-on; those before a scope is known ask the owner's functions."""

from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from apps.accounts import entitlements
from apps.accounts.linking import SSO_PREFIX
from apps.accounts.models import Organization, User
from apps.sso.models import Connection, Domain
from apps.tenancy.scope import scope

FEATURE = "sso"


def domain_of(email: str) -> str:
    """The domain of an address, as it is stored."""
    return email.rpartition("@")[2].strip().lower()


def find_entry(email: str) -> UUID | None:
    """The organization whose connection an address's domain uses.

    It tells nothing about the address itself: any name at the domain finds the same.
    """
    org_ids = _ask("SELECT org_id FROM sso_for_domain(%s)", domain_of(email))
    return next((one for one in org_ids if entitlements.allows(one, FEATURE)), None)


def required_for(user: User) -> list[UUID]:
    """The organizations through one of which this person must sign in."""
    org_ids = _ask("SELECT org_id FROM sso_required_for(%s)", user.pk)
    return [org_id for org_id in org_ids if entitlements.allows(org_id, FEATURE)]


def org_id_of(provider_id: str) -> UUID | None:
    """The organization behind a provider's name; None when it is not one of ours."""
    try:
        return UUID(provider_id.removeprefix(SSO_PREFIX))
    except ValueError:
        return None


def find_connection(org_id: UUID) -> Connection | None:
    """An organization's connection, whoever asks; None without the plan for it.

    Opens the organization's scope, so it must be called outside of another one.
    """
    if not entitlements.allows(org_id, FEATURE):
        return None
    with scope(org_id):
        return Connection.objects.select_related("org").first()


def organization_name(org_id: UUID) -> str:
    with scope(org_id):
        return Organization.objects.values_list("name", flat=True).get()


def current_connection() -> Connection | None:
    """The connection of the organization in scope."""
    return Connection.objects.first()


def list_domains() -> QuerySet[Domain]:
    return Domain.objects.order_by("name")


def verified_domains() -> set[str]:
    """The domains that the organization in scope has proven."""
    proven = Domain.objects.filter(verified_at__isnull=False)
    return set(proven.values_list("name", flat=True))


def _ask(sql: str, value: UUID | str) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [value])
        return [org_id for (org_id,) in cursor.fetchall()]
