"""The pages of "Data & privacy": who sees and does what."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from apps.accounts.models import Membership, Organization, User
from apps.audit.models import AuditEntry
from apps.kit.clock import utc_now
from apps.privacy import exporting, files, queries
from apps.privacy.models import Deletion, Export, PrivacySettings
from apps.tenancy.scope import scope
from tests.factories import PASSWORD, make_routed_request
from tests.privacy.conftest import keep

type SignIn = Callable[[User], Client]
PAGE = "/organization/privacy/"
pytestmark = pytest.mark.django_db

FORM = {"stores_prompts": "on", "retention_days": "7", "redacts": ["email", "card"]}


def _confirmed(client: Client) -> Client:
    """The person has typed the password again."""
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def _settings(org: Organization) -> PrivacySettings:
    with scope(org.id):
        return queries.settings_of_scope()


def test_nothing_is_stored_until_somebody_says_so(sign_in: SignIn, vic: User) -> None:
    page = sign_in(vic).get(PAGE)

    assert b"are not stored" in page.content
    assert b"Build an archive" not in page.content
    assert b"stores_prompts" not in page.content


def test_an_admin_switches_storing_on(
    sign_in: SignIn, acme: Organization, adam: User
) -> None:
    answer = sign_in(adam).post(PAGE, FORM, follow=True)

    row = _settings(acme)
    assert (row.stores_prompts, row.retention_days) == (True, 7)
    assert row.redacts == ["email", "card"]
    assert b"stored for 7 days" in answer.content
    with scope(acme.id):
        entry = AuditEntry.objects.get(action="privacy.changed")
    assert entry.after is not None
    assert entry.after["stores_prompts"] is True
    assert entry.actor_email == adam.email


@pytest.mark.parametrize(
    "change", [{"retention_days": "0"}, {"retention_days": "366"}, {"redacts": ["x"]}]
)
def test_what_cannot_be_is_shown_again(
    sign_in: SignIn, acme: Organization, adam: User, change: dict[str, Any]
) -> None:
    answer = sign_in(adam).post(PAGE, {**FORM, **change})

    assert answer.status_code == 422
    assert not _settings(acme).stores_prompts


@pytest.mark.parametrize("role", ["mia", "vic"])
def test_a_member_changes_nothing(
    request: pytest.FixtureRequest, sign_in: SignIn, acme: Organization, role: str
) -> None:
    client = sign_in(request.getfixturevalue(role))
    for path in (PAGE, "/organization/privacy/export/", "/organization/delete/undo/"):
        assert client.post(path, FORM).status_code == 403
    assert client.get("/organization/privacy/exports/").status_code == 403

    assert not _settings(acme).stores_prompts


def test_only_an_owner_deletes(sign_in: SignIn, acme: Organization, adam: User) -> None:
    client = _confirmed(sign_in(adam))

    assert client.get("/organization/delete/").status_code == 403
    answer = client.post("/organization/delete/", {"name": "Acme"})
    assert answer.status_code == 403
    with scope(acme.id):
        assert not Deletion.objects.exists()


def test_deleting_wants_the_password_and_the_name(
    sign_in: SignIn, acme: Organization, olga: User, mia: User, mailoutbox: list[Any]
) -> None:
    client = sign_in(olga)
    asked = client.get("/organization/delete/")
    assert asked.headers["Location"].startswith("/accounts/reauthenticate/")
    _confirmed(client)
    wrong = client.post("/organization/delete/", {"name": "Acne"})
    assert wrong.status_code == 422

    right = client.post("/organization/delete/", {"name": "Acme"}, follow=True)

    assert b"is deleted on" in right.content
    with scope(acme.id):
        plan = Deletion.objects.get()
    assert timedelta(days=13, hours=23) < plan.due_at - utc_now() <= timedelta(days=14)
    assert sorted(mail.to[0] for mail in mailoutbox) == [mia.email, olga.email]


def test_every_page_says_that_it_is_to_be_deleted_and_an_owner_undoes_it(
    sign_in: SignIn, acme: Organization, olga: User, mia: User
) -> None:
    owner, member = _confirmed(sign_in(olga)), sign_in(mia)
    owner.post("/organization/delete/", {"name": "Acme"})
    for page in ("/dashboard/", "/requests/", "/keys/"):
        assert b"deletion-banner" in member.get(page).content
    assert b"/organization/delete/undo/" not in member.get("/dashboard/").content
    assert b"/organization/delete/undo/" in owner.get("/dashboard/").content

    owner.post("/organization/delete/undo/")

    assert b"deletion-banner" not in owner.get("/dashboard/").content
    with scope(acme.id):
        assert not Deletion.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_archive_is_asked_for_built_and_downloaded(
    sign_in: SignIn, acme: Organization, olga: User, mailoutbox: list[Any]
) -> None:
    client = sign_in(olga)
    client.post("/organization/privacy/export/")
    page = client.get(PAGE)
    with scope(acme.id):
        export = Export.objects.get()
    link = exporting.link_to(acme.id, export.id).removeprefix("http://testserver")
    answer: Any = client.get(link)

    content = b"".join(answer.streaming_content)
    assert b"Ready" in page.content
    assert content == files.archive_path(acme.id, export.id).read_bytes()
    assert answer.headers["Content-Type"] == "application/zip"
    assert len(mailoutbox) == 1
    with scope(acme.id):
        actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"export.asked", "export.ready", "export.downloaded"} <= actions


@pytest.mark.parametrize("who", ["mia", "gil", "nobody"])
@pytest.mark.django_db(transaction=True)
def test_nobody_else_downloads_it(
    request: pytest.FixtureRequest, sign_in: SignIn, acme: Organization, who: str
) -> None:
    with scope(acme.id):
        export = Export.objects.create(state=Export.State.READY)
    path = files.archive_path(acme.id, export.id)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"secret")
    link = exporting.link_to(acme.id, export.id).removeprefix("http://testserver")
    client = Client() if who == "nobody" else sign_in(request.getfixturevalue(who))

    answer, other = client.get(link), client.get("/exports/nonsense/")

    assert answer.status_code == (302 if who == "nobody" else 404)
    assert answer.status_code == other.status_code


def test_a_link_ends_after_a_week(
    sign_in: SignIn, acme: Organization, olga: User
) -> None:
    with scope(acme.id):
        export = Export.objects.create(state=Export.State.EXPIRED)
    link = exporting.link_to(acme.id, export.id).removeprefix("http://testserver")

    assert sign_in(olga).get(link).status_code == 404


def test_the_panel_tells_how_far_an_archive_is(
    sign_in: SignIn, acme: Organization, olga: User
) -> None:
    with scope(acme.id):
        Export.objects.create(
            state=Export.State.RUNNING, rows_done=120, rows_total=1200
        )
    panel = sign_in(olga).get("/organization/privacy/exports/")

    assert b"1,200" in panel.content
    assert b"every 2s" in panel.content
    assert b"<html" not in panel.content


@pytest.mark.django_db(transaction=True)
def test_a_kept_prompt_is_on_its_requests_page(
    sign_in: SignIn, acme: Organization, mia: User, vic: User
) -> None:
    row, other = make_routed_request(acme), make_routed_request(acme)
    keep(acme, "what I asked", request_id=row.id, created_at=row.created_at)
    member = sign_in(mia)

    assert b"what I asked" in member.get(f"/requests/{row.id}/").content
    assert b"Not stored" in member.get(f"/requests/{other.id}/").content
    seen = sign_in(vic).get(f"/requests/{row.id}/").content
    assert b"what I asked" not in seen
    assert b"A viewer sees" in seen


def test_a_page_says_how_to_switch_storing_on(
    sign_in: SignIn, acme: Organization, mia: User
) -> None:
    with scope(acme.id):
        assert not PrivacySettings.objects.exists()
    assert b"Data &amp; privacy" in sign_in(mia).get(PAGE).content


def test_messages_say_what_was_done(sign_in: SignIn, adam: User) -> None:
    answer = sign_in(adam).post(PAGE, FORM)

    (said,) = get_messages(answer.wsgi_request)
    assert "Saved" in str(said)


def test_somebody_without_an_organization_has_no_privacy_page(
    sign_in: SignIn, acme: Organization, mia: User
) -> None:
    with scope(acme.id):
        Membership.objects.filter(user=mia).delete()

    answer = sign_in(mia).get(PAGE)

    assert answer.headers["Location"] == "/organization/new/"
