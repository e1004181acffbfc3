"""The pages of an organization in a browser: sound, by keyboard, in both themes."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from apps.accounts import member_services
from apps.accounts.models import Membership, Organization, User
from apps.audit.actor import Actor, Via, acting
from apps.tenancy.scope import scope
from tests.browser.conftest import Visit
from tests.factories import make_invitation, make_key, make_member, make_user

Axe = Callable[[Page], list[str]]
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"


@pytest.fixture
def team(org: Organization, owner: User) -> Membership:
    """Four members, an open invitation and a few entries; mia's place is returned."""
    mia = make_member(org, "mia")
    for name, role in (("adam", "admin"), ("vic", "viewer")):
        make_member(org, name, role=role)
    make_invitation(org, "someone.with.a.rather.long.name@subsidiary.example.com")
    make_key(org, by=mia)
    actor = Actor(via=Via.PAGE, email=owner.email, ip="192.0.2.7", user_agent="Firefox")
    with scope(org.id), acting(actor):
        by = Membership.objects.get(user=owner)
        member = Membership.objects.get(user=mia)
        member_services.change_role(member.id, "admin", by=by)
        member_services.rename_organization("Acme Ltd")
    return member


PAGES = [
    "/organization/",
    "/organization/new/",
    "/organization/members/",
    "/organization/leave/",
    "/organization/members/{member}/remove/",
    "/organization/members/{member}/transfer/",
    "/organization/audit/",
    "/organization/audit/?person=nobody",
    "/invitations/{token}/",
    "/invitations/no-such-link/",
]


def test_every_page_of_the_organization_is_sound(
    visit: Visit, axe: Axe, org: Organization, owner: User, team: Membership
) -> None:
    token = make_invitation(org, "other@example.com")[1]
    page = visit.sign_in(owner)
    width = (page.viewport_size or {"width": 0})["width"]

    for path in PAGES:
        visit.open(path.format(member=team.id, token=token))
        expect(page.locator("h1")).to_be_visible()
        _keep_picture(page, path)
        assert page.evaluate(OVERFLOW) <= 0, path
        assert axe(page) == [], path
        page.set_viewport_size({"width": 360, "height": 740})
        assert page.evaluate(OVERFLOW) <= 0, path
        page.set_viewport_size({"width": width, "height": 900})


def _keep_picture(page: Page, path: str) -> None:
    """For whoever wants to look: `SCREENSHOTS=folder` keeps what each page shows."""
    if folder := os.environ.get("SCREENSHOTS"):
        name = path.strip("/").replace("/", "-").replace("?", "-")
        width = (page.viewport_size or {"width": 0})["width"]
        page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)


def test_somebody_is_invited_by_keyboard_and_joins(
    visit: Visit, axe: Axe, org: Organization, owner: User
) -> None:
    page = visit.sign_in(owner)
    visit.open("/organization/members/")

    page.focus("[name=email]")
    page.keyboard.type("ina@example.com")
    page.keyboard.press("Tab")
    page.keyboard.type("Viewer")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator(".toast")).to_contain_text("ina@example.com is invited.")
    row = page.get_by_role("listitem").filter(has_text="ina@example.com")
    expect(row).to_contain_text("Viewer")
    row.get_by_role("button", name="Revoke").click()
    expect(page.locator(".toast")).to_contain_text("no longer works")


def test_the_invited_person_joins_with_a_click(
    visit: Visit, org: Organization, owner: User
) -> None:
    ina = make_user("ina")
    token = make_invitation(org, "ina@example.com", role="admin")[1]
    page = visit.sign_in(ina)

    visit.open(f"/invitations/{token}/")
    page.get_by_role("button", name="Join as admin").click()

    expect(page.locator(".toast")).to_contain_text("Welcome.")
    visit.open("/organization/")
    expect(page.locator("h1")).to_have_text("Acme")


def test_an_error_takes_the_focus(visit: Visit, owner: User, org: Organization) -> None:
    page = visit.sign_in(owner)
    visit.open("/organization/members/")

    page.fill("[name=email]", "olga@example.com")
    page.get_by_role("button", name="Send invitation").click()

    expect(page.locator(".form-errors")).to_be_focused()
    expect(page.locator(".field-error")).to_contain_text("a member already")


def test_handing_over_asks_for_the_name(
    visit: Visit, owner: User, team: Membership
) -> None:
    page = visit.sign_in(owner)
    visit.open(f"/organization/members/{team.id}/transfer/")

    page.fill("#confirm-name", "Acme")
    page.get_by_role("button", name="Hand over").click()
    expect(page.locator("#confirm-name")).to_be_visible()
    page.fill("#confirm-name", "Acme Ltd")
    page.get_by_role("button", name="Hand over").click()

    expect(page.locator(".toast")).to_contain_text("you are an admin")


def test_the_log_is_filtered_and_the_address_keeps_it(
    visit: Visit, owner: User, team: Membership
) -> None:
    page = visit.sign_in(owner)
    visit.open("/organization/audit/")
    expect(page.locator(".audit-line").first).to_be_visible()

    page.select_option("[name=action]", "organization.renamed")
    page.get_by_role("button", name="Show").click()

    expect(page.locator(".audit-line")).to_have_count(1)
    expect(page.locator(".audit-line ins")).to_have_text("Acme Ltd")
    assert "action=organization.renamed" in page.url
