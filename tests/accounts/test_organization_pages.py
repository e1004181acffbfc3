"""`/organization/…`: the name, the members, founding, leaving, handing over."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts import member_services
from apps.accounts.models import Membership, Organization, User
from apps.accounts.queries import memberships_of
from apps.tenancy.scope import scope
from tests.factories import make_key, make_member, make_org, make_user

pytestmark = pytest.mark.django_db
type SignIn = Callable[[User], Client]


def _id_of(org: Organization, user: User) -> Any:
    with scope(org.id):
        return Membership.objects.get(user=user).id


def _role_of(user: User) -> str:
    (membership,) = memberships_of(user)
    return membership.role


def test_the_organization_is_renamed(
    sign_in: SignIn, adam: User, acme: Organization
) -> None:
    answer = sign_in(adam).post("/organization/", {"name": "Acme Ltd"}, follow=True)

    assert answer.context["org"].name == "Acme Ltd"
    assert "The name is changed." in answer.content.decode()


@pytest.mark.parametrize(
    "name", ["", "   ", "a\nb", "x" * 101, "see https://x.example"]
)
def test_a_name_that_will_not_do_comes_back(
    sign_in: SignIn, olga: User, name: str
) -> None:
    answer = sign_in(olga).post("/organization/", {"name": name})

    assert answer.status_code == 422
    assert answer.context["form"].errors["name"]


def test_a_member_reads_and_renames_nothing(sign_in: SignIn, mia: User) -> None:
    client = sign_in(mia)

    assert b"Save" not in client.get("/organization/").content
    assert client.post("/organization/", {"name": "Mine"}).status_code == 403


def test_a_new_organization_is_worked_for_at_once(
    sign_in: SignIn, mia: User, acme: Organization
) -> None:
    client = sign_in(mia)
    key_before = client.session.session_key

    answer = client.post("/organization/new/", {"name": "Second"}, follow=True)

    assert answer.context["org"].name == "Second"
    assert answer.context["role"] == "owner"
    assert client.session.session_key != key_before
    assert {m.org.name for m in memberships_of(mia)} == {"Acme", "Second"}


def test_the_switch_changes_what_the_session_works_for(
    sign_in: SignIn, olga: User, acme: Organization
) -> None:
    other = make_org("Initech")
    with scope(other.id):
        Membership.objects.create(user=olga, role="viewer")
    client = sign_in(olga)

    client.post("/organization/choose/", {"org": str(other.id)})
    page = client.get("/organization/")

    assert page.context["org"].id == other.id
    assert page.context["role"] == "viewer"
    # Another session of the same person stays where it is.
    assert sign_in(olga).get("/organization/").context["org"].id == acme.id


def test_members_are_listed_with_their_roles(
    sign_in: SignIn, olga: User, adam: User, vic: User, gil: User
) -> None:
    page = sign_in(vic).get("/organization/members/").content.decode()

    for email in ("olga@example.com", "adam@example.com", "vic@example.com"):
        assert email in page
    assert "gil@example.com" not in page
    assert "Invite somebody" not in page


def test_a_role_is_changed_and_counts_from_the_next_click(
    sign_in: SignIn, olga: User, mia: User, acme: Organization
) -> None:
    theirs = sign_in(mia)
    assert theirs.get("/playground/").status_code == 200
    url = f"/organization/members/{_id_of(acme, mia)}/role/"

    sign_in(olga).post(url, {"role": "viewer"})

    assert theirs.get("/playground/").status_code == 403


def test_a_role_that_does_not_exist_changes_nothing(
    sign_in: SignIn, olga: User, mia: User, acme: Organization
) -> None:
    url = f"/organization/members/{_id_of(acme, mia)}/role/"

    assert sign_in(olga).post(url, {"role": "boss"}).status_code == 302
    assert _role_of(mia) == "member"


def test_the_last_owner_is_told_why(
    sign_in: SignIn, olga: User, acme: Organization
) -> None:
    url = f"/organization/members/{_id_of(acme, olga)}/role/"
    page = sign_in(olga).post(url, {"role": "admin"}, follow=True)

    assert "keeps one owner" in page.content.decode()
    assert _role_of(olga) == "owner"


def test_a_removed_member_is_out_with_the_next_click(
    sign_in: SignIn, olga: User, mia: User, acme: Organization
) -> None:
    make_key(acme, by=mia)
    theirs, ours = sign_in(mia), sign_in(olga)
    url = f"/organization/members/{_id_of(acme, mia)}/remove/"

    assert "1 API key that still works" in ours.get(url).content.decode()
    ours.post(url, {})

    assert theirs.get("/dashboard/").headers["Location"] == "/organization/new/"
    assert theirs.get("/api/v1/members").status_code == 401


def test_leaving_leads_to_the_other_organization(
    sign_in: SignIn, mia: User, olga: User, acme: Organization
) -> None:
    other = make_org("Initech")
    with scope(other.id):
        Membership.objects.create(user=mia, role="owner")
    client = sign_in(mia)

    answer = client.post("/organization/leave/", follow=True)

    assert answer.context["org"].id == other.id
    assert "You left Acme." in answer.content.decode()


def test_whoever_left_the_last_one_is_offered_to_found_another(
    sign_in: SignIn, mia: User, olga: User
) -> None:
    client = sign_in(mia)
    answer = client.post("/organization/leave/", follow=True)

    assert answer.redirect_chain[-1][0] == "/organization/new/"
    assert "You belong to no organization" in answer.content.decode()


@pytest.mark.parametrize(
    "url", ["/dashboard/", "/keys/", "/search/?q=a", "/organization/", "/requests/"]
)
def test_somebody_without_an_organization_is_sent_to_found_one(
    sign_in: SignIn, db: None, url: str
) -> None:
    answer = sign_in(make_user()).get(url)

    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        "/organization/new/",
    )


def test_the_last_owner_cannot_leave(sign_in: SignIn, olga: User) -> None:
    answer = sign_in(olga).post("/organization/leave/", follow=True)

    assert "keeps one owner" in answer.content.decode()
    assert _role_of(olga) == "owner"


def test_an_owner_hands_over(
    sign_in: SignIn, olga: User, mia: User, acme: Organization
) -> None:
    url = f"/organization/members/{_id_of(acme, mia)}/transfer/"
    client = sign_in(olga)

    assert "data-must-equal" in client.get(url).content.decode()
    client.post(url)

    assert (_role_of(olga), _role_of(mia)) == ("admin", "owner")
    assert client.post(url).status_code == 403


def test_the_settings_show_what_the_role_may_open(
    sign_in: SignIn, olga: User, vic: User
) -> None:
    owners, viewers = (
        sign_in(one).get("/organization/").content.decode() for one in (olga, vic)
    )

    assert 'href="/organization/audit/"' in owners
    assert 'href="/organization/audit/"' not in viewers


def test_every_entry_of_the_settings_has_a_page(sign_in: SignIn, olga: User) -> None:
    client = sign_in(olga)
    entries = client.get("/organization/").context["settings_nav"]

    assert len(entries) >= 4
    for entry in entries:
        assert client.get(entry.path).status_code == 200, entry.label


def test_a_rule_broken_meanwhile_is_a_page_of_its_own(
    sign_in: SignIn, olga: User, acme: Organization
) -> None:
    otto = make_member(acme, "otto", role="owner")
    client = sign_in(otto)
    with scope(acme.id):
        by = Membership.objects.get(user=olga)
        member_services.change_role(_id_of(acme, otto), "admin", by=by)
    url = f"/organization/members/{_id_of(acme, olga)}/role/"

    assert client.post(url, {"role": "viewer"}).status_code == 403
    assert _role_of(olga) == "owner"
