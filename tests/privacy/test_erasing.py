"""Deletion after 14 days: everything goes, is looked for again, and is certified."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.contrib.sessions.models import Session
from django.db import ProgrammingError, connections
from django.test import Client

from apps.accounts.models import APIKey, Membership, Organization, User
from apps.jobs.lock import Held
from apps.kit.clock import utc_now
from apps.kit.errors import NotFoundError, ValidationError
from apps.privacy import erasing, exporting, services, sweep
from apps.privacy.errors import ConflictError, NotErasedError
from apps.privacy.models import Deletion, Erasure
from apps.tenancy.scope import scope
from tests.factories import make_key, make_member, make_org, make_routed_request
from tests.privacy.conftest import keep, owner_of

pytestmark = pytest.mark.django_db(transaction=True)
type Rows = Callable[[UUID], dict[str, int]]


def _plan(org: Organization) -> Deletion:
    owner = owner_of(org)
    with scope(org.id):
        return services.plan_deletion(org, typed_name=org.name, by=owner)


def _make_due(org: Organization) -> None:
    with scope(org.id):
        Deletion.objects.update(due_at=utc_now() - timedelta(minutes=1))


def _erasure(org: Organization) -> Erasure:
    return Erasure.objects.using("jobs").get(erased_id=org.id)


def test_nothing_is_left_anywhere(
    full_org: Organization, held: Held, rows_of: Rows, valkey: Any, tmp_path: Path
) -> None:
    with scope(full_org.id):
        services.ask_export(by=None)
        key = APIKey.objects.get()
    names = [f"mx:test:{full_org.id}", f"test:{key.id.hex}:spent"]
    for name in names:
        valkey.set(name, "1", ex=600)
    (tmp_path / "journal").mkdir()
    rejected = tmp_path / "journal" / "rejected.jsonl"
    rejected.write_text(f'["{full_org.id.hex}"]\n["another"]\n')
    _plan(full_org)
    _make_due(full_org)

    assert "1 organizations deleted" in erasing.erase_due(held)

    # Its id is kept, as the docs say, so that late rows are recognized.
    assert rows_of(full_org.id) == {"privacy_erasure": 1}
    assert [valkey.exists(name) for name in names] == [0, 0]
    assert not list((tmp_path / "exports").rglob("*.zip"))
    assert rejected.read_text() == '["another"]\n'


def test_the_owners_get_a_certificate(
    full_org: Organization, held: Held, mailoutbox: list[Any]
) -> None:
    _plan(full_org)
    _make_due(full_org)
    mailoutbox.clear()
    erasing.erase_due(held)

    (mail,) = mailoutbox
    assert mail.to == ["olga@example.com"]
    assert "router_routed_request: 3" in mail.body
    assert str(full_org.id) in mail.body
    erasure = _erasure(full_org)
    assert erasure.verified_at is not None
    assert erasure.counts["router_routed_request"] == 3
    assert (erasure.name, erasure.recipients, erasure.people, erasure.needles) == (
        "",
        [],
        [],
        [],
    )


def test_people_without_another_organization_go_with_it(
    full_org: Organization, held: Held
) -> None:
    other = make_org("Globex")
    mia = User.objects.get(email="mia@example.com")
    olga = User.objects.get(email="olga@example.com")
    with scope(other.id):
        Membership.objects.create(user=mia, role="owner")
    client = Client()
    client.force_login(olga)
    assert Session.objects.count() == 1
    _plan(full_org)
    _make_due(full_org)
    erasing.erase_due(held)

    assert [user.email for user in User.objects.all()] == ["mia@example.com"]
    assert Session.objects.count() == 0


def test_another_organization_keeps_everything(
    full_org: Organization, held: Held, rows_of: Rows
) -> None:
    globex = make_org("Globex")
    make_member(globex, "gil", role="owner")
    make_key(globex)
    make_routed_request(globex)
    keep(globex, "theirs")
    before = rows_of(globex.id)
    _plan(full_org)
    _make_due(full_org)
    erasing.erase_due(held)

    assert rows_of(globex.id) == before


def test_nothing_happens_before_its_time(
    full_org: Organization, held: Held, rows_of: Rows
) -> None:
    plan = _plan(full_org)
    before = rows_of(full_org.id)

    assert timedelta(days=13, hours=23) < plan.due_at - utc_now()
    assert not erasing.erase(held, full_org.id)
    assert "0 organizations" in erasing.erase_due(held)
    assert rows_of(full_org.id) == before


def test_it_can_be_undone(
    full_org: Organization, held: Held, mailoutbox: list[Any]
) -> None:
    _plan(full_org)
    with scope(full_org.id):
        assert Organization.objects.get().deletes_at is not None
        services.undo_deletion(full_org, by=owner_of(full_org))
        assert Organization.objects.get().deletes_at is None
    _make_due(full_org)

    assert not erasing.erase(held, full_org.id)
    with scope(full_org.id), pytest.raises(NotFoundError):
        services.undo_deletion(full_org, by=owner_of(full_org))
    subjects = {mail.subject.split(" ", 1)[1] for mail in mailoutbox}
    assert subjects == {"is to be deleted", "stays"}


def test_one_that_has_begun_cannot_be_undone(full_org: Organization) -> None:
    _plan(full_org)
    with scope(full_org.id):
        Deletion.objects.update(state=Deletion.State.RUNNING)
        with pytest.raises(NotFoundError):
            services.undo_deletion(full_org, by=owner_of(full_org))


def test_it_is_planned_once_and_by_its_name(full_org: Organization) -> None:
    owner = owner_of(full_org)
    with scope(full_org.id), pytest.raises(ValidationError):
        services.plan_deletion(full_org, typed_name="Acne", by=owner)
    _plan(full_org)

    with pytest.raises(ConflictError):
        _plan(full_org)


class _KilledError(BaseException):
    """Stands for the process that is gone in the middle."""


@pytest.mark.parametrize(
    "place",
    [
        "_revoke_keys",
        "_erase_large_tables",
        "_erase_rest",
        "people.forget",
        "sweep.drop_files",
        "sweep.drop_cached",
        "verify",
        "_certify",
    ],
)
def test_a_killed_deletion_is_finished_by_the_next_run(
    full_org: Organization,
    held: Held,
    rows_of: Rows,
    mailoutbox: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    place: str,
) -> None:
    module: Any = erasing
    *names, function = place.split(".")
    for name in names:
        module = getattr(module, name)
    real = getattr(module, function)

    def killed(*args: Any, **kwargs: Any) -> Any:
        real(*args, **kwargs)
        raise _KilledError

    _plan(full_org)
    _make_due(full_org)
    mailoutbox.clear()
    with monkeypatch.context() as patch:
        patch.setattr(module, function, killed)
        with pytest.raises(_KilledError):
            erasing.erase_due(held)

    erasing.erase_due(held)

    assert rows_of(full_org.id) == {"privacy_erasure": 1}
    assert not User.objects.exists()
    assert [mail.to for mail in mailoutbox] == [["olga@example.com"]]


def test_large_tables_go_in_bites(
    full_org: Organization, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "BITE", 2)
    for _ in range(4):
        make_routed_request(full_org)
    _plan(full_org)
    _make_due(full_org)
    erasing.erase_due(held)

    assert _erasure(full_org).counts["router_routed_request"] == 7


def test_what_is_left_is_said_loudly(
    full_org: Organization, held: Held, monkeypatch: pytest.MonkeyPatch, valkey: Any
) -> None:
    name = f"test:{full_org.id}"
    valkey.set(name, "1", ex=600)
    _plan(full_org)
    _make_due(full_org)
    with monkeypatch.context() as patch:
        patch.setattr(sweep, "drop_cached", lambda needles: 0)
        with pytest.raises(NotErasedError, match=name):
            erasing.erase_due(held)
    assert name in _erasure(full_org).error
    assert _erasure(full_org).verified_at is None

    erasing.erase_due(held)

    assert _erasure(full_org).verified_at is not None
    assert _erasure(full_org).error == ""


def test_rows_that_come_late_are_removed(
    full_org: Organization, held: Held, rows_of: Rows
) -> None:
    _plan(full_org)
    _make_due(full_org)
    erasing.erase_due(held)
    make_routed_request(full_org)
    assert keep(make_org("Globex"), "x") == 1

    assert erasing.sweep_late_rows(held) == 1
    assert rows_of(full_org.id) == {"privacy_erasure": 1}
    assert erasing.sweep_late_rows(held) == 0


def test_no_login_can_erase_what_is_not_due(full_org: Organization) -> None:
    calls = [
        ("jobs", "SELECT erase_organization(%s)", [full_org.id]),
        ("jobs", "SELECT erase_rows(%s, 'router_attempt', 5)", [full_org.id]),
        ("default", "SELECT erase_organization(%s)", [full_org.id]),
        ("default", "SELECT begin_erasure(%s)", [full_org.id]),
        ("ledger", "SELECT erase_organization(%s)", [full_org.id]),
        ("jobs", "DELETE FROM accounts_membership WHERE org_id = %s", [full_org.id]),
    ]
    for alias, statement, values in calls:
        with (
            connections[alias].cursor() as cursor,
            pytest.raises(ProgrammingError, match=r"denied|not to be deleted|may be"),
        ):
            cursor.execute(statement, values)


def test_members_are_reminded_a_week_and_a_day_before(
    full_org: Organization, held: Held, mailoutbox: list[Any]
) -> None:
    _plan(full_org)
    mailoutbox.clear()
    sent = []
    for left in (8, 6.9, 6, 2, 0.9, 0.5):
        with scope(full_org.id):
            Deletion.objects.update(due_at=utc_now() + timedelta(days=left))
        sent.append(erasing.remind(held))

    assert sent == [0, 1, 0, 0, 1, 0]
    assert {mail.to[0] for mail in mailoutbox} == {
        "olga@example.com",
        "mia@example.com",
    }
    assert len(mailoutbox) == 4


def test_every_table_with_an_organization_is_swept(transactional_db: None) -> None:
    """Found in the database's own catalog, so that a new table needs no line."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT tab, col FROM organization_columns()")
        found = set(cursor.fetchall())
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " JOIN pg_class c ON c.relname = table_name AND NOT c.relispartition"
            " WHERE table_schema = 'public' AND column_name ~ '(^|_)org(_id)?$'"
        )
        named = set(cursor.fetchall())

    assert named <= found
    assert ("outbox_messages", "scope_id") in found


def test_an_archive_under_way_does_not_hinder_it(
    full_org: Organization, held: Held, rows_of: Rows
) -> None:
    with scope(full_org.id):
        export_id = services.ask_export(by=None).id
        link = exporting.link_to(full_org.id, export_id)
    _plan(full_org)
    _make_due(full_org)
    erasing.erase_due(held)

    assert rows_of(full_org.id) == {"privacy_erasure": 1}
    assert re.search("/exports/", link)
    assert exporting.build_archives(held).startswith("0 archives")
