"""`/api/v1/organization`, `members`, `invitations`: the control plane of people."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.keys import DEFAULT_SCOPES
from apps.accounts.models import Membership, Organization, User
from apps.accounts.queries import memberships_of
from apps.audit.models import AuditEntry
from apps.kit.ids import uuid7
from apps.tenancy.scope import scope
from tests.factories import make_invitation, make_key, make_user

pytestmark = pytest.mark.django_db
type SignIn = Callable[[User], Client]


@pytest.fixture
def program(acme: Organization) -> Callable[..., Any]:
    """Requests of a key that may manage members."""
    _, token = make_key(acme, scopes=(*DEFAULT_SCOPES, "members:manage"))
    headers = {"Authorization": f"Bearer {token}"}

    def send(method: str, path: str, data: Any = None) -> Any:
        call = getattr(Client(), method)
        kind = {"content_type": "application/json"} if method != "get" else {}
        return call(f"/api/v1/{path}", data, headers=headers, **kind)

    return send


def _id_of(org: Organization, user: User) -> Any:
    with scope(org.id):
        return Membership.objects.get(user=user).id


def test_the_organization_is_read_and_renamed(
    program: Callable[..., Any], acme: Organization
) -> None:
    assert program("get", "organization").json()["name"] == "Acme"

    answer = program("patch", "organization", {"name": "Acme Ltd"})
    assert (answer.status_code, answer.json()["name"]) == (200, "Acme Ltd")
    assert answer.json()["id"] == str(acme.id)


def test_a_bad_name_is_named(program: Callable[..., Any]) -> None:
    answer = program("patch", "organization", {"name": "a\nb"})

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "name"


def test_members_are_listed(
    program: Callable[..., Any], olga: User, mia: User, gil: User
) -> None:
    (first, second) = program("get", "members").json()["data"]

    assert (first["email"], first["role"]) == ("olga@example.com", "owner")
    assert set(second) == {"id", "email", "name", "role", "created_at"}


def test_a_key_manages_members_below_owner(
    program: Callable[..., Any], acme: Organization, olga: User, mia: User
) -> None:
    path = f"members/{_id_of(acme, mia)}"

    assert program("patch", path, {"role": "viewer"}).json()["role"] == "viewer"
    assert program("patch", path, {"role": "owner"}).status_code == 403
    owner = f"members/{_id_of(acme, olga)}"
    assert program("patch", owner, {"role": "viewer"}).status_code == 403
    assert program("delete", owner).status_code == 403
    assert program("delete", f"{path}?revoke_keys=true").status_code == 204
    assert memberships_of(mia) == []


def test_what_a_key_did_is_on_record(
    program: Callable[..., Any], acme: Organization, mia: User
) -> None:
    program("patch", f"members/{_id_of(acme, mia)}", {"role": "viewer"})

    with scope(acme.id):
        entry = AuditEntry.objects.get(action="member.role_changed")
    assert entry.via == "api"
    assert entry.key_id is not None
    assert entry.actor_email == ""
    assert entry.ip == "127.0.0.1"
    assert (entry.before, entry.after) == ({"role": "member"}, {"role": "viewer"})


def test_a_key_neither_leaves_nor_hands_over(
    program: Callable[..., Any], acme: Organization, olga: User, mia: User
) -> None:
    to = {"member_id": str(_id_of(acme, mia))}

    for path, body in (("leave", {}), ("transfer", to)):
        answer = program("post", f"organization/{path}", body)
        assert answer.status_code == 403
        assert "signed-in member" in answer.json()["error"]["message"]


def test_an_owner_hands_over(
    sign_in: SignIn, acme: Organization, olga: User, mia: User
) -> None:
    client, url = sign_in(olga), "/api/v1/organization/transfer"
    to = {"member_id": str(_id_of(acme, mia))}
    unknown = {"member_id": str(uuid7())}
    send = {"content_type": "application/json"}

    assert client.post(url, unknown, **send).status_code == 404  # type: ignore[arg-type]  # a header's name
    assert client.post(url, to, **send).status_code == 204  # type: ignore[arg-type]  # as above
    assert [m.role for m in memberships_of(mia)] == ["owner"]


def test_a_member_leaves_and_the_last_owner_does_not(
    sign_in: SignIn, olga: User, mia: User
) -> None:
    url = "/api/v1/organization/leave"
    left = sign_in(mia).post(url, {}, content_type="application/json")
    stays = sign_in(olga).post(url, {}, content_type="application/json")

    assert (left.status_code, stays.status_code) == (204, 400)
    assert memberships_of(mia) == []


def test_invitations_are_sent_listed_and_revoked(program: Callable[..., Any]) -> None:
    made = program("post", "invitations", {"email": "ina@example.com"})
    assert (made.status_code, made.json()["role"]) == (201, "member")
    assert set(made.json()) == {"id", "email", "role", "created_at", "expires_at"}

    path = f"invitations/{made.json()['id']}"
    early = program("post", f"{path}/resend", {})
    assert early.status_code == 429
    assert early.headers["Retry-After"] == "60"
    assert program("delete", path).status_code == 204
    assert program("delete", path).status_code == 404
    assert program("get", "invitations").json()["data"] == []


def test_what_is_wrong_with_an_invitation_is_named(
    program: Callable[..., Any], acme: Organization
) -> None:
    make_invitation(acme, "ina@example.com")
    for body, param in (
        ({"email": "ina@example.com"}, "email"),
        ({"email": "x"}, "email"),
        ({"email": "a@example.com", "role": "owner"}, "role"),
    ):
        answer = program("post", "invitations", body)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_a_signed_in_admin_needs_the_csrf_token(adam: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(adam)

    answer = client.post(
        "/api/v1/invitations",
        {"email": "a@example.com"},
        content_type="application/json",
    )
    assert answer.status_code == 403


def test_a_removed_members_session_is_out_with_the_next_request(
    program: Callable[..., Any], sign_in: SignIn, acme: Organization, mia: User
) -> None:
    client = sign_in(mia)
    assert client.get("/api/v1/members").status_code == 200

    program("delete", f"members/{_id_of(acme, mia)}")

    assert client.get("/api/v1/members").status_code == 401


def test_a_person_without_an_organization_is_nobody(sign_in: SignIn, db: None) -> None:
    assert sign_in(make_user()).get("/api/v1/organization").status_code == 401
