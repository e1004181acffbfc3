"""What staff see and change in the admin, and that none of it is a secret."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.test import Client
from django.urls import reverse

from apps.accounts import entitlements
from apps.accounts.models import APIKey, Organization, Plan, User
from apps.audit.models import AuditEntry, OperatorEntry
from apps.audit.staff_admin import StaffModelAdmin
from apps.tenancy.scope import scope, unscoped
from tests.accounts.staff import TOTP_SECRET, add_factor, staff_client
from tests.factories import make_key, make_member

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def staff(acme: Organization, globex: Organization) -> Client:
    make_member(acme, "olga", role="owner")
    make_member(globex, "gil", role="owner")
    return staff_client()


def _page(client: Client, name: str, *args: Any, **query: str) -> str:
    answer = client.get(reverse(f"admin:{name}", args=args), query)
    assert answer.status_code == 200, name
    return answer.content.decode()


def test_every_organization_is_seen(staff: Client) -> None:
    page = _page(staff, "accounts_organization_changelist")

    assert "Acme" in page
    assert "Globex" in page


@pytest.mark.parametrize(
    ("name", "wanted", "others"),
    [
        ("accounts_organization_changelist", "Acme", "Globex"),
        ("accounts_user_changelist", "olga@example.com", "gil@example.com"),
        ("accounts_membership_changelist", "olga@example.com", "gil@example.com"),
    ],
)
def test_lists_are_searched(staff: Client, name: str, wanted: str, others: str) -> None:
    page = _page(staff, name, q=wanted[:4])

    assert wanted in page
    assert others not in page


@pytest.fixture
def solo() -> Iterator[Plan]:
    """Plans are made by a migration and outlive a test, so this one is put back."""
    plan = Plan.objects.get(code="solo")
    yield plan
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_plan SET members = %s WHERE id = %s",
            [plan.members, plan.pk],
        )


def test_a_plan_is_changed_and_on_record(staff: Client, solo: Plan) -> None:
    url = reverse("admin:accounts_plan_change", args=[solo.pk])
    page = staff.get(url)
    form = {
        name: value
        for name, value in page.context["adminform"].form.initial.items()
        if value not in {None, False}
    }

    assert staff.post(url, {**form, "members": "2"}).status_code == 302

    assert Plan.objects.get(code="solo").members == 2
    entry = OperatorEntry.objects.get(action="plan.changed")
    assert (entry.before, entry.after) == ({"members": 1}, {"members": 2})
    assert (entry.via, entry.actor_email) == ("admin", "stella@example.com")
    assert "members: 2" in _page(staff, "accounts_plan_history", solo.pk)


def test_an_organization_is_put_on_a_plan(staff: Client, acme: Organization) -> None:
    url = reverse("admin:accounts_organization_change", args=[acme.pk])
    pro = Plan.objects.get(code="pro")

    for _ in range(2):
        assert staff.post(url, {"plan": str(pro.pk)}).status_code == 302

    assert entitlements.plan_of(acme.id) == pro
    with scope(acme.id):
        entry = AuditEntry.objects.get(action="organization.plan_changed")
    assert (entry.before, entry.after) == ({"plan": "free"}, {"plan": "pro"})
    assert "pro" in _page(staff, "accounts_organization_history", acme.pk)


@pytest.mark.parametrize("name", ["user", "organization", "membership", "plan"])
def test_nothing_else_is_added_changed_or_deleted(staff: Client, name: str) -> None:
    row = _first(name)
    for view, args in (("add", []), ("delete", [row.pk])):
        url = reverse(f"admin:accounts_{name}_{view}", args=args)
        assert staff.get(url).status_code == 403
        assert staff.post(url, {"post": "yes"}).status_code == 403
    if name in {"user", "membership"}:
        url = reverse(f"admin:accounts_{name}_change", args=[row.pk])
        assert staff.post(url, {"name": "x", "role": "viewer"}).status_code == 403


def _first(name: str) -> Any:
    page = next(
        p for m, p in admin.site._registry.items() if m._meta.model_name == name
    )
    with unscoped("a test"):
        return page.get_queryset(None).first()  # type: ignore[arg-type]  # no request is needed


@pytest.mark.parametrize(
    "query",
    [
        {"password__startswith": "m"},
        {"user__password__startswith": "m"},
        {"org__name__startswith": "A"},
        {"_to_field": "password"},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["user", "membership", "organization"])
def test_a_url_cannot_guess_at_columns(
    staff: Client, name: str, query: dict[str, str]
) -> None:
    answer = staff.get(reverse(f"admin:accounts_{name}_changelist"), query)

    # Django sends what it does not allow back to the list without it.
    assert answer.status_code in {302, 400}


def _secrets_of(people: list[User], org: Organization, client: Client) -> Iterator[str]:
    for person in people:
        yield User.objects.get(id=person.id).password
    with scope(org.id):
        for key in APIKey.objects.all():
            yield bytes(key.digest).hex()
    yield from (str(a.data) for a in Authenticator.objects.all())
    yield from (a.data["secret"] for a in Authenticator.objects.filter(type="totp"))
    yield TOTP_SECRET
    yield str(client.session.session_key)


def test_no_page_of_the_admin_shows_a_secret(
    staff: Client, acme: Organization, sign_in: Callable[[User], Client]
) -> None:
    olga = User.objects.get(email="olga@example.com")
    add_factor(olga)
    User.objects.filter(id=olga.id).update(password=make_password("canary"))
    _, token = make_key(acme)
    signed_in = sign_in(User.objects.get(id=olga.id))
    secrets = [*_secrets_of([olga], acme, signed_in), token]

    pages = list(_all_pages(staff))

    assert len(pages) > 8
    for url, text in pages:
        assert not [secret for secret in secrets if secret in text], url


def _all_pages(client: Client) -> Iterator[tuple[str, str]]:
    """Every list, row and history that the admin has, of whatever app."""
    for model, page in admin.site._registry.items():
        meta = model._meta
        name = f"admin:{meta.app_label}_{meta.model_name}"
        urls = [reverse(f"{name}_changelist")]
        with unscoped("a test"):
            rows = list(page.get_queryset(None)[:3])  # type: ignore[arg-type]  # no request is needed
        for row in rows:
            urls += [
                reverse(f"{name}_{v}", args=[row.pk]) for v in ("change", "history")
            ]
        for url in urls:
            answer = client.get(url)
            assert answer.status_code == 200, url
            yield url, answer.content.decode()
    for url in (reverse("admin:index"), reverse("admin:app_list", args=["accounts"])):
        yield url, client.get(url).content.decode()


def test_a_page_that_would_show_a_secret_stops_the_start() -> None:
    class Careless(StaffModelAdmin):
        fields = ("email", "password")

    class Everything(StaffModelAdmin):
        pass

    with pytest.raises(ImproperlyConfigured, match="shows 'password'"):
        Careless(User, admin.site)
    with pytest.raises(ImproperlyConfigured, match="must list"):
        Everything(User, admin.site)


def test_djangos_own_pages_are_not_taken() -> None:
    admin.site.register(APIKey, admin.ModelAdmin)

    assert not admin.site.is_registered(APIKey)
