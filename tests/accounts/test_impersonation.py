"""Staff look as a member: read-only, for a while, and on record."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from apps.accounts.models import Membership, Organization, Staff, User
from apps.audit.models import AuditEntry, OperatorEntry
from apps.kit.clock import utc_now
from apps.tenancy.scope import scope
from tests.accounts.staff import staff_client
from tests.factories import make_key, make_member

pytestmark = pytest.mark.django_db(transaction=True)
REASON = "Ticket 4711: the dashboard is empty"


@pytest.fixture
def member(acme: Organization) -> User:
    return make_member(acme, "mia", role="owner")


def _look(client: Client, member: User, org: Organization, **form: str) -> Any:
    with scope(org.id):
        membership = Membership.objects.get(user=member)
    url = reverse("admin:impersonate", args=[membership.id])
    assert client.get(url).status_code == 200
    return client.post(url, {"reason": REASON, "minutes": "15", **form})


@pytest.fixture
def looking(member: User, acme: Organization) -> Client:
    client = staff_client()
    assert _look(client, member, acme).status_code == 302
    return client


def _audited(org: Organization) -> list[tuple[str, str, str]]:
    with scope(org.id):
        entries = AuditEntry.objects.order_by("created_at", "id")
        return [(e.action, e.via, (e.after or {}).get("path", "")) for e in entries]


def test_staff_see_the_product_as_the_member_does(looking: Client) -> None:
    page = looking.get("/dashboard/").content.decode()

    assert "Acme" in page
    assert "stella@example.com</b> is looking as mia@example.com" in page
    assert REASON in page


def test_start_requests_and_end_are_on_record(
    looking: Client, acme: Organization
) -> None:
    looking.get("/dashboard/")
    looking.get("/keys/")
    looking.post(reverse("admin:stop-impersonating"))
    looking.get("/dashboard/")

    assert _audited(acme) == [
        ("impersonation.started", "admin", ""),
        ("impersonation.request", "impersonation", "/dashboard/"),
        ("impersonation.request", "impersonation", "/keys/"),
        ("impersonation.ended", "admin", ""),
    ]
    with scope(acme.id):
        first = AuditEntry.objects.earliest("created_at")
        actors = set(AuditEntry.objects.values_list("actor_email", flat=True))
    assert actors == {"stella@example.com"}
    assert first.after is not None
    assert (first.after["reason"], first.after["member"]) == (
        REASON,
        "mia@example.com",
    )
    log = OperatorEntry.objects.order_by("id").values_list("action", flat=True)
    assert list(log) == ["impersonation.started", "impersonation.ended"]


def test_after_the_end_staff_are_themselves(looking: Client) -> None:
    looking.post(reverse("admin:stop-impersonating"))

    page = looking.get("/dashboard/").content.decode()
    assert "is looking as" not in page
    assert "Acme" not in page


WRITES: list[tuple[str, str, Any]] = [
    ("post", "/keys/", {"name": "CI", "kind": "live", "scopes": ["chat"]}),
    ("post", "/organization/choose/", {"org": "x"}),
    ("post", "/playground/run/", {"prompt": "Hi"}),
    ("post", "/provider-keys/", {"provider": "openai"}),
    ("post", "/api/v1/keys", {"name": "CI", "scopes": ["chat"]}),
    ("put", "/api/v1/provider-preferences/openai", {"order": "own_only"}),
    ("patch", "/api/v1/keys/00000000-0000-7000-8000-000000000000", {}),
    ("delete", "/api/v1/keys/00000000-0000-7000-8000-000000000000", None),
    ("post", "/accounts/logout/", {}),
    ("post", "/no/such/page/", {}),
]


@pytest.mark.parametrize(("method", "path", "body"), WRITES, ids=lambda v: str(v)[:40])
def test_nothing_is_written_on_the_way(
    looking: Client, acme: Organization, method: str, path: str, body: Any
) -> None:
    options = {"content_type": "application/json"} if path.startswith("/api") else {}

    answer = getattr(looking, method)(path, body, **options)

    assert answer.status_code == 403
    assert "nothing is changed" in answer.content.decode()
    assert ("impersonation.request", "impersonation", path) in _audited(acme)


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/email/",
        "/accounts/password/change/",
        "/accounts/2fa/recovery-codes/",
        "/account/delete/",
        "/settings/security/",
        "/exports/x/",
    ],
)
def test_a_persons_own_pages_stay_closed(looking: Client, path: str) -> None:
    answer = looking.get(path)

    assert answer.status_code == 403
    assert "their own" in answer.content.decode()


def test_the_api_reads_as_the_member_and_writes_nothing(
    looking: Client, acme: Organization
) -> None:
    make_key(acme, name="Laptop")

    answer = looking.get("/api/v1/keys")

    assert [key["name"] for key in answer.json()["data"]] == ["Laptop"]


def test_only_that_organization_is_seen(
    member: User, acme: Organization, globex: Organization
) -> None:
    with scope(globex.id):
        Membership.objects.create(user=member, role="owner")
    client = staff_client()
    _look(client, member, acme)

    assert "Globex" not in client.get("/dashboard/").content.decode()


def test_it_ends_by_itself(member: User, acme: Organization) -> None:
    with time_machine.travel(utc_now()) as clock:
        client = staff_client()
        _look(client, member, acme, minutes="5")
        assert b"is looking as" in client.get("/dashboard/").content
        clock.shift(timedelta(minutes=5, seconds=1))
        assert b"is looking as" not in client.get("/dashboard/").content

    assert ("impersonation.ended", "page", "") in _audited(acme)


@pytest.mark.parametrize("loss", ["staff", "membership"])
def test_it_ends_with_what_it_rests_on(
    looking: Client, member: User, acme: Organization, loss: str
) -> None:
    if loss == "staff":
        Staff.objects.using("owner").all().delete()
    else:
        with scope(acme.id):
            Membership.objects.all().delete()

    assert b"is looking as" not in looking.get("/dashboard/").content


@pytest.mark.parametrize(
    "form", [{"reason": ""}, {"reason": "because"}, {"minutes": "600"}], ids=str
)
def test_it_needs_a_reason_and_has_an_end(
    member: User, acme: Organization, form: dict[str, str]
) -> None:
    client = staff_client()

    assert _look(client, member, acme, **form).status_code == 200
    assert _audited(acme) == []


def test_no_one_but_staff_can(member: User, acme: Organization) -> None:
    client = Client()
    client.force_login(member)
    with scope(acme.id):
        membership = Membership.objects.get(user=member)
    url = reverse("admin:impersonate", args=[membership.id])

    answer = client.post(url, {"reason": REASON, "minutes": "5"})

    assert answer.headers["Location"].startswith("/admin/login/")
    assert _audited(acme) == []


def test_a_session_that_only_claims_it_is_not_believed(
    member: User, acme: Organization, globex: Organization
) -> None:
    gil = make_member(globex, "gil", role="owner")
    client = Client()
    client.force_login(gil)
    session = client.session
    session["impersonation"] = {
        "id": "00000000-0000-7000-8000-000000000000",
        "user_id": str(member.id),
        "org_id": str(acme.id),
        "reason": REASON,
        "until": "2999-01-01T00:00:00+00:00",
    }
    session.save()

    page = client.get("/dashboard/").content.decode()

    assert "Globex" in page
    assert "Acme" not in page


def test_the_admin_stays_open_meanwhile(looking: Client) -> None:
    assert looking.get("/admin/").status_code == 200
