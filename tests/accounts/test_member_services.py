"""Members: roles given and taken, removal, leaving, and the owner who stays."""

import threading
from collections.abc import Callable

import pytest
from django.db import connections

from apps.accounts import member_services
from apps.accounts.keys import resolve
from apps.accounts.models import APIKey, Membership, Organization, User
from apps.accounts.queries import memberships_of
from apps.audit.models import AuditEntry
from apps.kit.errors import (
    AppError,
    NotFoundError,
    PermissionDeniedError,
    ValidationError,
)
from apps.kit.ids import uuid7
from apps.tenancy.scope import scope
from tests.factories import make_key, make_member

pytestmark = pytest.mark.django_db


def _of(org: Organization, user: User) -> Membership:
    with scope(org.id):
        return Membership.objects.get(user=user)


def _roles(org: Organization) -> dict[str, str]:
    with scope(org.id):
        rows = list(Membership.objects.values_list("user__email", "role"))
    return {email.partition("@")[0]: role for email, role in rows}


def _log(org: Organization) -> list[str]:
    with scope(org.id):
        rows = AuditEntry.objects.order_by("created_at", "id")
        return list(rows.values_list("action", flat=True))


@pytest.mark.parametrize("new", ["admin", "viewer"])
def test_an_admin_gives_and_takes_the_lower_roles(
    acme: Organization, adam: User, mia: User, new: str
) -> None:
    with scope(acme.id):
        member_services.change_role(_of(acme, mia).id, new, by=_of(acme, adam))

    assert _roles(acme)["mia"] == new
    assert _log(acme) == ["member.role_changed"]


def test_the_same_role_again_changes_nothing(
    acme: Organization, adam: User, mia: User
) -> None:
    with scope(acme.id):
        member_services.change_role(_of(acme, mia).id, "member", by=_of(acme, adam))

    assert _log(acme) == []


@pytest.mark.parametrize(("who", "new"), [("olga", "admin"), ("mia", "owner")])
def test_an_admin_touches_no_owner_and_makes_none(
    acme: Organization, olga: User, adam: User, mia: User, who: str, new: str
) -> None:
    target = _of(acme, {"olga": olga, "mia": mia}[who])
    before = _roles(acme)

    with scope(acme.id), pytest.raises(PermissionDeniedError):
        member_services.change_role(target.id, new, by=_of(acme, adam))

    assert _roles(acme) == before


def test_a_managing_key_counts_as_an_admin(
    acme: Organization, olga: User, mia: User
) -> None:
    with scope(acme.id):
        member_services.change_role(_of(acme, mia).id, "admin", by=None)
        with pytest.raises(PermissionDeniedError):
            member_services.remove_member(_of(acme, olga).id, by=None)


def test_a_role_lost_in_the_meantime_counts_no_more(
    acme: Organization, olga: User, adam: User, mia: User
) -> None:
    """`by` was read when the request came in; the lock reads it again."""
    stale = _of(acme, adam)
    with scope(acme.id):
        member_services.change_role(stale.id, "viewer", by=_of(acme, olga))
        with pytest.raises(PermissionDeniedError):
            member_services.change_role(_of(acme, mia).id, "admin", by=stale)


def test_the_last_owner_stays_one(acme: Organization, olga: User, mia: User) -> None:
    owner = _of(acme, olga)
    with scope(acme.id):
        for act in (
            lambda: member_services.change_role(owner.id, "admin", by=owner),
            lambda: member_services.remove_member(owner.id, by=owner),
            lambda: member_services.leave(owner),
        ):
            with pytest.raises(ValidationError, match="one owner"):
                act()

    assert _roles(acme)["olga"] == "owner"


def test_ownership_is_handed_over(acme: Organization, olga: User, mia: User) -> None:
    with scope(acme.id):
        member_services.transfer_ownership(_of(acme, mia).id, by=_of(acme, olga))

    assert _roles(acme) == {"olga": "admin", "mia": "owner"}
    assert _log(acme) == ["member.role_changed"] * 2


def test_only_an_owner_hands_over(acme: Organization, adam: User, mia: User) -> None:
    with scope(acme.id), pytest.raises(PermissionDeniedError):
        member_services.transfer_ownership(_of(acme, mia).id, by=_of(acme, adam))


def test_an_owner_cannot_hand_over_to_himself(acme: Organization, olga: User) -> None:
    mine = _of(acme, olga)
    with scope(acme.id), pytest.raises(ValidationError):
        member_services.transfer_ownership(mine.id, by=mine)


def test_whoever_is_removed_is_gone_and_the_keys_stay(
    acme: Organization, olga: User, mia: User
) -> None:
    key, _ = make_key(acme, by=mia)
    with scope(acme.id):
        member_services.remove_member(_of(acme, mia).id, by=_of(acme, olga))

    assert memberships_of(mia) == []
    assert resolve(bytes(key.digest)) is not None
    with scope(acme.id):
        assert APIKey.objects.get().created_by_id == mia.id


def test_the_keys_go_too_where_that_is_asked(
    acme: Organization, olga: User, mia: User
) -> None:
    theirs, _ = make_key(acme, by=mia)
    other, _ = make_key(acme, by=olga)
    with scope(acme.id):
        member_services.remove_member(
            _of(acme, mia).id, by=_of(acme, olga), is_revoking_keys=True
        )

    assert resolve(bytes(theirs.digest)) is None
    assert resolve(bytes(other.digest)) is not None
    assert _log(acme)[-2:] == ["key.revoked", "member.removed"]


def test_leaving_is_on_record(acme: Organization, olga: User, vic: User) -> None:
    with scope(acme.id):
        member_services.leave(_of(acme, vic))

    assert _roles(acme) == {"olga": "owner"}
    assert _log(acme) == ["member.left"]


def test_a_foreign_member_is_not_there(
    acme: Organization, globex: Organization, olga: User, gil: User
) -> None:
    theirs = _of(globex, gil).id
    with scope(acme.id):
        for member_id in (theirs, uuid7()):
            with pytest.raises(NotFoundError):
                member_services.change_role(member_id, "viewer", by=_of(acme, olga))


def test_the_same_name_again_is_not_on_record(acme: Organization) -> None:
    with scope(acme.id):
        assert member_services.rename_organization("Acme Ltd").name == "Acme Ltd"
        member_services.rename_organization("Acme Ltd")

    assert _log(acme) == ["organization.renamed"]


def _race(*acts: Callable[[], object]) -> list[str]:
    """Do them all at once, each on a connection of its own; what each came to."""
    start = threading.Barrier(len(acts), timeout=30)
    results = ["?"] * len(acts)

    def run(number: int) -> None:
        try:
            start.wait()
            acts[number]()
            results[number] = "done"
        except AppError as refusal:
            results[number] = type(refusal).__name__
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[n]) for n in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return sorted(results)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["demote", "leave", "remove"])
def test_two_owners_at_once_never_leave_none(
    acme: Organization, olga: User, how: str
) -> None:
    otto = make_member(acme, "otto", role="owner")
    mine, theirs = _of(acme, olga), _of(acme, otto)

    def act(by: Membership, other: Membership) -> Callable[[], object]:
        def run() -> None:
            with scope(acme.id):
                if how == "demote":
                    member_services.change_role(other.id, "member", by=by)
                elif how == "leave":
                    member_services.leave(by)
                else:
                    member_services.remove_member(other.id, by=by)

        return run

    for _ in range(5):
        results = _race(act(mine, theirs), act(theirs, mine))
        assert results.count("done") == 1, results
        with scope(acme.id):
            assert Membership.objects.filter(role="owner").count() == 1
            # Both are owners again, for the next round.
            Membership.objects.all().delete()
            for one in (mine, theirs):
                one.role = "owner"
                one.save(force_insert=True)
