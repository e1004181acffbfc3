"""Invitations: one mail, one address, one use, seven days."""

import threading
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connections

from apps.accounts import entitlements, invitation_services
from apps.accounts.models import Invitation, Membership, Organization, User
from apps.accounts.queries import memberships_of
from apps.audit.models import AuditEntry
from apps.kit.clock import utc_now
from apps.kit.errors import (
    AppError,
    NotFoundError,
    PermissionDeniedError,
    QuotaExceededError,
    RateLimitedError,
    ValidationError,
)
from apps.tenancy.scope import scope
from tests.factories import (
    invitation_token,
    make_invitation,
    make_member,
    make_user,
)

pytestmark = pytest.mark.django_db


def _log(org: Organization) -> list[str]:
    with scope(org.id):
        rows = AuditEntry.objects.order_by("created_at", "id")
        return list(rows.values_list("action", flat=True))


def test_the_mail_says_who_invites_whereto_and_as_what(
    acme: Organization, olga: User
) -> None:
    make_invitation(acme, "Ina@Example.com", role="viewer", by=olga)

    (message,) = mail.outbox
    assert message.to == ["ina@example.com"]
    assert message.subject == "Join Acme on ModelOptix"
    for part in ("olga@example.com", "Acme", "viewer", "/invitations/"):
        assert part in str(message.body)
        assert part in message.message().as_string()


def test_an_invited_person_joins_with_the_role(acme: Organization) -> None:
    ina = make_user("ina")
    _, token = make_invitation(acme, role="admin")

    assert invitation_services.accept(token, user=ina) == acme.id
    (membership,) = memberships_of(ina)
    assert (membership.org_id, membership.role) == (acme.id, "admin")
    assert _log(acme) == ["invitation.sent", "member.joined"]


def test_the_link_works_once(acme: Organization) -> None:
    ina = make_user("ina")
    _, token = make_invitation(acme)
    invitation_services.accept(token, user=ina)

    with pytest.raises(NotFoundError):
        invitation_services.accept(token, user=ina)


def test_the_link_is_stored_as_a_hash_alone(acme: Organization) -> None:
    invitation, token = make_invitation(acme)

    assert bytes(invitation.digest) != token.encode()
    assert token not in str(vars(invitation))


def test_only_the_invited_address_gets_in(acme: Organization) -> None:
    _, token = make_invitation(acme, "ina@example.com")

    with pytest.raises(PermissionDeniedError):
        invitation_services.accept(token, user=make_user("eve"))


@pytest.mark.parametrize(("is_verified", "gets_in"), [(True, True), (False, False)])
def test_a_second_address_counts_once_it_is_confirmed(
    acme: Organization, is_verified: bool, gets_in: bool
) -> None:
    ulla = make_user("ulla")
    EmailAddress.objects.create(
        user=ulla, email="Ina@Example.com", verified=is_verified
    )
    _, token = make_invitation(acme, "ina@example.com")

    found = invitation_services.look_up(token)
    assert found is not None
    assert invitation_services.is_for(found, ulla) is gets_in


def test_the_link_runs_out_after_seven_days(acme: Organization) -> None:
    ina = make_user("ina")
    _, token = make_invitation(acme)

    with time_machine.travel(utc_now() + timedelta(days=7, seconds=1)):
        with pytest.raises(NotFoundError):
            invitation_services.accept(token, user=ina)
        # It stands in nobody's way: the address can be invited anew.
        _, again = make_invitation(acme)
        invitation_services.accept(again, user=ina)


def test_a_new_link_kills_the_one_before(acme: Organization) -> None:
    ina = make_user("ina")
    invitation, old = make_invitation(acme)
    later = utc_now() + timedelta(days=6)

    with time_machine.travel(later, tick=False), scope(acme.id):
        again = invitation_services.resend_invitation(invitation.id, by=None)
    new = invitation_token()

    assert again.expires_at == later + timedelta(days=7)
    assert new != old
    assert invitation_services.look_up(old) is None
    assert invitation_services.accept(new, user=ina) == acme.id
    assert "invitation.sent_again" in _log(acme)


def test_a_link_is_not_sent_twice_in_a_minute(acme: Organization) -> None:
    invitation, _ = make_invitation(acme)

    with scope(acme.id), pytest.raises(RateLimitedError):
        invitation_services.resend_invitation(invitation.id, by=None)


def test_a_revoked_link_is_dead(acme: Organization) -> None:
    ina = make_user("ina")
    invitation, token = make_invitation(acme)
    with scope(acme.id):
        invitation_services.revoke_invitation(invitation.id)
        with pytest.raises(NotFoundError):
            invitation_services.revoke_invitation(invitation.id)

    with pytest.raises(NotFoundError):
        invitation_services.accept(token, user=ina)
    assert memberships_of(ina) == []


@pytest.mark.parametrize("token", ["", "x", "💥", "a" * 5000, "\ud800"])
def test_any_other_text_is_no_link(db: None, token: str) -> None:
    assert invitation_services.look_up(token) is None


@pytest.mark.parametrize("role", ["owner", "boss"])
def test_nobody_is_invited_as_owner(acme: Organization, role: str) -> None:
    with pytest.raises(ValidationError):
        make_invitation(acme, role=role)


def test_a_member_or_an_invited_address_is_not_invited_again(
    acme: Organization, mia: User
) -> None:
    make_invitation(acme, "ina@example.com")

    for email in ("MIA@example.com", "INA@example.com"):
        with pytest.raises(ValidationError):
            make_invitation(acme, email)


def test_a_member_by_another_way_keeps_the_role(acme: Organization) -> None:
    _, token = make_invitation(acme, role="viewer")
    ina = make_member(acme, "ina", role="admin")

    invitation_services.accept(token, user=ina)
    assert [m.role for m in memberships_of(ina)] == ["admin"]


def test_a_hundred_a_day_are_enough(
    acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invitation_services, "MOST_A_DAY", 2)
    make_invitation(acme, "a@example.com")
    make_invitation(acme, "b@example.com")

    with pytest.raises(RateLimitedError):
        make_invitation(acme, "c@example.com")
    with time_machine.travel(utc_now() + timedelta(days=1, seconds=1)):
        make_invitation(acme, "c@example.com")


@pytest.fixture
def two_places(monkeypatch: pytest.MonkeyPatch) -> None:
    def limit(org_id: Any, name: str) -> int | None:
        return 2 if name == "members" else None

    monkeypatch.setattr(entitlements, "limit", limit)


def test_an_open_invitation_holds_a_place(
    two_places: None, acme: Organization, olga: User
) -> None:
    invitation, _ = make_invitation(acme, "a@example.com")
    with pytest.raises(QuotaExceededError):
        make_invitation(acme, "b@example.com")

    with scope(acme.id):
        invitation_services.revoke_invitation(invitation.id)
    make_invitation(acme, "b@example.com")


def test_an_expired_invitation_needs_a_place_again(
    two_places: None, acme: Organization, olga: User
) -> None:
    invitation, _ = make_invitation(acme, "a@example.com")
    with time_machine.travel(utc_now() + timedelta(days=8)):
        make_invitation(acme, "b@example.com")
        with scope(acme.id), pytest.raises(QuotaExceededError):
            invitation_services.resend_invitation(invitation.id, by=None)


def test_a_place_lost_since_is_a_place_lost(
    two_places: None, acme: Organization, olga: User
) -> None:
    ina = make_user("ina")
    _, token = make_invitation(acme)
    make_member(acme, "mia")

    with pytest.raises(QuotaExceededError):
        invitation_services.accept(token, user=ina)
    # The link is not used up by that.
    found = invitation_services.look_up(token)
    assert found is not None
    assert found.is_open


@pytest.mark.django_db(transaction=True)
def test_of_many_clicks_at_once_one_gets_in(acme: Organization) -> None:
    people = [make_user(f"ina{n}") for n in range(4)]
    _, token = make_invitation(acme, "shared@example.com")
    # Confirmed by several people, as a mailbox of a team can be.
    EmailAddress.objects.bulk_create(
        EmailAddress(user=one, email="shared@example.com", verified=one is people[0])
        for one in people
    )
    start = threading.Barrier(8, timeout=30)
    done = []

    def click() -> None:
        try:
            start.wait()
            done.append(invitation_services.accept(token, user=people[0]))
        except AppError:
            pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=click) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert done == [acme.id]
    with scope(acme.id):
        assert Membership.objects.count() == 1
        assert Invitation.objects.filter(accepted_at=None).count() == 0
