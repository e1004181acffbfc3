"""The system checks find a configuration that row security cannot rest on."""

import pytest
from django.conf import settings
from django.db import models
from django.test.utils import isolate_apps

from apps.tenancy import checks
from apps.tenancy.models import TenantModel


def test_the_product_passes() -> None:
    assert checks.check_logins(None) == []
    assert checks.check_unique_constraints(None) == []


def test_a_plain_engine_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.DATABASES["jobs"], "ENGINE", "plain")

    assert [error.id for error in checks.check_logins(None)] == ["tenancy.E001"]


def test_requests_as_the_owner_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    owner = settings.DATABASES["owner"]["USER"]
    monkeypatch.setitem(settings.DATABASES["default"], "USER", owner)

    assert [error.id for error in checks.check_logins(None)] == ["tenancy.E002"]


@isolate_apps("apps.accounts", attr_name="apps")
def test_a_unique_rule_without_the_organization_is_found() -> None:
    class Slip(TenantModel):
        code = models.TextField(unique=True)

        class Meta:
            app_label = "accounts"

    assert not all(map(checks._has_org, checks._rules(Slip)))
