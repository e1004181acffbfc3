"""The manager of customer-owned rows, and the login each query goes through."""

import pytest
from django.db import connections

from apps.accounts.models import APIKey, Membership, Organization, User
from apps.tenancy.routing import OwnerMigrates
from apps.tenancy.scope import ScopeError, scope, unscoped


@pytest.mark.django_db
def test_a_new_row_belongs_to_the_organization_in_scope(
    acme: Organization, gil: User
) -> None:
    with scope(acme.id):
        row = Membership.objects.create(user=gil, role="viewer")

    assert row.org_id == acme.id


@pytest.mark.django_db
def test_a_new_row_without_a_scope_is_refused(gil: User) -> None:
    with pytest.raises(ScopeError):
        Membership(user=gil, role="viewer").save()


def test_work_across_organizations_uses_the_jobs_login(
    transactional_db: None, acme: Organization, globex: Organization
) -> None:
    with unscoped("a test"):
        rows = Organization.objects.order_by("name")
        assert rows.db == "jobs"
        assert [org.name for org in rows] == ["Acme", "Globex"]

    user = connections["jobs"].settings_dict["USER"]
    assert user != connections["default"].settings_dict["USER"]


def test_only_tenant_tables_go_through_the_jobs_login() -> None:
    router = OwnerMigrates()
    with unscoped("a test"):
        assert router.db_for_read(APIKey) == router.db_for_write(APIKey) == "jobs"
        assert router.db_for_read(User) is None

    assert router.db_for_write(APIKey) is None
    assert router.allow_relation(User(), User())


def test_only_the_owner_migrates() -> None:
    router = OwnerMigrates()

    assert router.allow_migrate("owner", "accounts")
    assert not router.allow_migrate("default", "accounts")
