"""The archive: everything of the organization, nothing of another, no secret."""

import hashlib
import json
import re
import stat
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from apps.accounts.models import APIKey, Organization
from apps.jobs.lock import Held
from apps.kit.clock import utc_now
from apps.privacy import archive, exporting, files, services
from apps.privacy.archive import Progress
from apps.privacy.errors import ConflictError
from apps.privacy.models import Export
from apps.privacy.tables import LEFT_OUT, owned_tables
from apps.tenancy.scope import scope
from tests.factories import make_key, make_member, make_org, make_routed_request
from tests.privacy.conftest import keep, owner_of

pytestmark = pytest.mark.django_db(transaction=True)


def _ask(org: Organization) -> Export:
    with scope(org.id):
        return Export.objects.create(asked_by=owner_of(org))


def _now(export: Export) -> Export:
    with scope(export.org_id):
        return Export.objects.get(id=export.id)


def _read(export: Export) -> dict[str, list[dict[str, Any]]]:
    path = files.archive_path(export.org_id, export.id)
    with zipfile.ZipFile(path) as whole:
        assert whole.testzip() is None
        return {
            name.removesuffix(".jsonl"): [
                json.loads(line) for line in whole.read(name).splitlines()
            ]
            for name in whole.namelist()
            if name.endswith(".jsonl")
        }


def test_everything_of_the_organization_is_in_it(
    full_org: Organization, held: Held, mailoutbox: list[Any]
) -> None:
    export = _ask(full_org)
    exporting.build_archives(held)

    tables, export = _read(export), _now(export)
    assert export.state == Export.State.READY
    assert len(tables["router_routed_request"]) == 3
    assert [row["email"] for row in tables["people"]] == [
        "olga@example.com",
        "mia@example.com",
    ]
    assert "a kept prompt" in tables["privacy_stored_exchange"][0]["prompt"]
    assert [row["name"] for row in tables["accounts_organization"]] == ["Acme"]
    (mail,) = mailoutbox
    assert mail.to == ["olga@example.com"]
    (link,) = re.findall(r"/exports/(\S+)/", mail.body)
    assert exporting.read_link(link) == exporting.Job(full_org.id, export.id)


def test_nothing_of_another_organization_is_in_it(
    full_org: Organization, held: Held
) -> None:
    globex = make_org("Globex")
    make_member(globex, "gil", role="owner")
    make_key(globex, name="theirs")
    make_routed_request(globex)
    keep(globex, "theirs")
    export = _ask(full_org)
    exporting.build_archives(held)

    path = files.archive_path(full_org.id, export.id)
    with zipfile.ZipFile(path) as whole:
        text = b"".join(whole.read(name) for name in whole.namelist())
    for secret in (str(globex.id), "Globex", "theirs", "gil@example.com"):
        assert secret.encode() not in text


def test_the_manifest_fits_the_files(full_org: Organization, held: Held) -> None:
    export = _ask(full_org)
    exporting.build_archives(held)
    path = files.archive_path(full_org.id, export.id)
    with zipfile.ZipFile(path) as whole:
        manifest = json.loads(whole.read("manifest.json"))
        for entry in manifest["files"]:
            content = whole.read(entry["file"])
            assert len(content.splitlines()) == entry["rows"]
            assert hashlib.sha256(content).hexdigest() == entry["sha256"]

    listed = {entry["file"] for entry in manifest["files"]}
    assert listed == {f"{table.name}.jsonl" for table in owned_tables()} | {
        "people.jsonl"
    }
    assert manifest["left_out"] == LEFT_OUT
    assert _now(export).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_no_secret_is_in_it(full_org: Organization, held: Held) -> None:
    key, token = make_key(full_org, name="with a secret")
    export = _ask(full_org)
    exporting.build_archives(held)

    rows = _read(export)["accounts_apikey"]
    assert {row["name"] for row in rows} >= {"with a secret"}
    assert all("digest" not in row for row in rows)
    with zipfile.ZipFile(files.archive_path(full_org.id, export.id)) as whole:
        text = b"".join(whole.read(name) for name in whole.namelist())
    assert token.encode() not in text
    assert bytes(key.digest).hex().encode() not in text


def test_each_table_with_the_organizations_id_is_found(transactional_db: None) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT DISTINCT tab FROM organization_columns()")
        found = {name for (name,) in cursor.fetchall()}

    listed = {table.name for table in owned_tables()} | set(LEFT_OUT)
    # The outbox empties what it delivered, and what waits is somebody's mail.
    assert found - listed == {"outbox_messages"}


def test_columns_of_bytes_never_leave(transactional_db: None) -> None:
    withheld = {
        (table.name, column) for table in owned_tables() for column in table.withheld
    }
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND data_type = 'bytea'"
        )
        bytes_columns = set(cursor.fetchall())
    names = {table.name for table in owned_tables()}

    assert {pair for pair in bytes_columns if pair[0] in names} <= withheld


class _KilledError(BaseException):
    """Stands for the process that is gone between two steps."""


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "ROWS", 2)


@pytest.mark.parametrize("steps", [0, 1, 3, 8])
def test_a_killed_job_is_gone_on_with(
    full_org: Organization, held: Held, small_steps: None, steps: int
) -> None:
    for _ in range(4):
        make_routed_request(full_org)
    export = _ask(full_org)
    job = exporting.Job(full_org.id, export.id)
    work = exporting._steps(held, job)
    for _ in range(steps + 1):
        next(work)
    # More was written than noted: what a kill between the two leaves behind.
    folder = files.parts_folder(full_org.id, export.id)
    with scope(full_org.id):
        part = Progress.read(Export.objects.get().progress).next_part
    assert part is not None
    with (folder / f"{part.name}.jsonl").open("ab") as file:
        file.write(b'{"half of a li')
    assert not files.archive_path(full_org.id, export.id).exists()
    del work

    exporting.build_archives(held)

    tables = _read(export)
    assert len(tables["router_routed_request"]) == 7
    assert len({row["id"] for row in tables["router_routed_request"]}) == 7
    assert not folder.exists()


def test_another_host_starts_afresh(
    full_org: Organization, held: Held, small_steps: None
) -> None:
    export = _ask(full_org)
    work = exporting._steps(held, exporting.Job(full_org.id, export.id))
    for _ in range(30):
        if next(work, "done") == "done":
            break
    with scope(full_org.id):
        Export.objects.update(state=Export.State.RUNNING)
    files.remove_export(full_org.id, export.id)

    exporting.build_archives(held)

    assert len(_read(export)["router_routed_request"]) == 3


def test_a_large_archive_does_not_hold_up_a_small_one(
    full_org: Organization, held: Held
) -> None:
    other = make_org("Globex")
    make_member(other, "gil", role="owner")
    exports = [_ask(full_org), _ask(other)]
    exporting.build_archives(held, seconds=0)
    assert {_now(export).state for export in exports} == {Export.State.WAITING}

    exporting.build_archives(held)

    assert {_now(export).state for export in exports} == {Export.State.READY}


def test_what_goes_wrong_is_tried_five_times_and_then_shown(
    full_org: Organization, held: Held, tmp_path: Path
) -> None:
    export = _ask(full_org)
    (tmp_path / "exports").write_text("a file where the folder should be")
    for _ in range(exporting.MOST_ATTEMPTS):
        assert _now(export).state != Export.State.FAILED
        with pytest.raises(OSError, match="exports"):
            exporting.build_archives(held)

    assert _now(export).state == Export.State.FAILED
    assert "exports" in _now(export).error


def test_the_files_are_for_this_user_alone(full_org: Organization, held: Held) -> None:
    export = _ask(full_org)
    exporting.build_archives(held)
    path = files.archive_path(full_org.id, export.id)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_an_archive_is_removed_after_its_week(
    full_org: Organization, held: Held
) -> None:
    export = _ask(full_org)
    exporting.build_archives(held)
    assert exporting.expire(held) == 0
    with scope(full_org.id):
        Export.objects.update(expires_at=utc_now() - timedelta(seconds=1))

    assert exporting.expire(held) == 1
    assert _now(export).state == Export.State.EXPIRED
    assert files.files_of(full_org.id) == []


def test_one_archive_at_a_time(full_org: Organization) -> None:
    _ask(full_org)

    with scope(full_org.id), pytest.raises(ConflictError):
        services.ask_export(by=None)


def test_an_archive_that_is_asked_for_is_built_soon(full_org: Organization) -> None:
    with scope(full_org.id):
        export = services.ask_export(by=None)

    assert _now(export).state == Export.State.READY


def test_a_part_that_was_tampered_with_is_not_packed(
    full_org: Organization, held: Held
) -> None:
    export = _ask(full_org)
    work = exporting._steps(held, exporting.Job(full_org.id, export.id))
    next(work)
    folder = files.parts_folder(full_org.id, export.id)
    while not (folder / "people.jsonl").exists():
        next(work)
    with (folder / "people.jsonl").open("ab") as file:
        file.write(b"{}\n")

    with pytest.raises(ValueError, match="people"):
        next(work)
    assert not files.archive_path(full_org.id, export.id).exists()


def test_keys_are_named_and_not_told(full_org: Organization, held: Held) -> None:
    with scope(full_org.id):
        assert APIKey.objects.exists()
    table = next(t for t in owned_tables() if t.name == "accounts_apikey")

    assert {"digest", "previous_digest"} <= set(table.withheld)
