"""The audit log: its page, its downloads, its API."""

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from asgiref.sync import sync_to_async
from django.test import AsyncClient, Client

from apps.accounts import entitlements
from apps.accounts.keys import DEFAULT_SCOPES
from apps.accounts.models import Organization, User
from apps.audit import queries
from apps.audit.actor import Actor, Via, acting
from apps.audit.models import AuditEntry
from apps.audit.services import record
from apps.kit.clock import utc_now
from apps.kit.ids import uuid7
from apps.tenancy.scope import scope
from tests.factories import make_key

pytestmark = pytest.mark.django_db
type SignIn = Callable[[User], Client]
URL = "/organization/audit/"
BY_OLGA = Actor(via=Via.PAGE, email="olga@example.com", ip="192.0.2.7")


def _record(org: Organization, action: str = "thing.made", **values: Any) -> None:
    values = {"subject": "thing", "subject_id": 1, "after": {"name": "Lamp"}, **values}
    with scope(org.id), acting(BY_OLGA):
        record(action, **values)


def _listed(answer: Any) -> list[str]:
    return [line.entry.action for line in answer.context["lines"]]


def test_an_entry_is_shown_with_what_changed(
    sign_in: SignIn, adam: User, acme: Organization
) -> None:
    before, after = {"role": "member"}, {"role": "admin", "email": "mia@example.com"}
    _record(acme, "member.role_changed", before=before, after=after)

    text = sign_in(adam).get(URL).content.decode()
    for part in (
        "member.role_changed",
        "<b>mia@example.com</b>",
        "by olga@example.com",
        "<del>member</del>",
        "<ins>admin</ins>",
        "192.0.2.7",
    ):
        assert part in text


def test_a_keys_act_names_the_key(
    sign_in: SignIn, adam: User, acme: Organization
) -> None:
    key, _ = make_key(acme, name="Deploy robot")
    with scope(acme.id), acting(Actor(via=Via.API, key_id=key.id)):
        record("thing.made", subject="thing", subject_id=1)

    assert "by the key Deploy robot" in sign_in(adam).get(URL).content.decode()


def test_markup_in_an_entry_stays_text(
    sign_in: SignIn, adam: User, acme: Organization
) -> None:
    _record(acme, after={"name": "<script>alert(1)</script>"})

    assert b"<script>alert" not in sign_in(adam).get(URL).content


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"a.made", "b.made"}),
        ("person=OLGA", {"a.made", "b.made"}),
        ("person=adam", set()),
        ("action=a.made", {"a.made"}),
        ("action=unknown", {"a.made", "b.made"}),
        ("subject=lamp", {"a.made"}),
        ("subject=7", {"b.made"}),
        ("subject=thing", {"a.made", "b.made"}),
        ("until=2026-03-01", {"a.made"}),
        ("since=2026-03-02", {"b.made"}),
        ("since=2026-03-01&until=2026-03-02", {"a.made", "b.made"}),
        ("since=tomorrow", {"a.made", "b.made"}),
        ("until=9999-12-31", {"a.made", "b.made"}),
        ("since=0001-01-01", {"a.made", "b.made"}),
    ],
)
def test_the_filters(
    sign_in: SignIn, adam: User, acme: Organization, query: str, expected: set[str]
) -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False):
        _record(acme, "a.made")
    with time_machine.travel("2026-03-02T12:00:00Z", tick=False):
        _record(acme, "b.made", subject_id=7, after={"name": "Chair"})

    assert set(_listed(sign_in(adam).get(f"{URL}?{query}"))) == expected


def test_pages_follow_each_other_without_gap_or_repeat(
    sign_in: SignIn, adam: User, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries.page_of, "__kwdefaults__", {"after": None, "size": 3})
    # All at one moment: the identifier alone has to order them.
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False):
        for number in range(8):
            _record(acme, f"n.{number}")
    client, seen, after = sign_in(adam), [], ""
    while True:
        answer = client.get(URL, {"after": after} if after else {})
        seen += _listed(answer)
        after = answer.context["next_cursor"]
        if not after:
            break

    assert sorted(seen) == [f"n.{number}" for number in range(8)]


def test_a_cursor_of_another_organization_is_unknown(
    sign_in: SignIn, adam: User, globex: Organization
) -> None:
    _record(globex)
    with scope(globex.id):
        theirs = AuditEntry.objects.get().id
    client = sign_in(adam)

    for after in (theirs, uuid7(), "nonsense"):
        assert client.get(URL, {"after": str(after)}).status_code == 404


def test_another_organizations_entries_are_not_listed(
    sign_in: SignIn, adam: User, gil: User, globex: Organization
) -> None:
    _record(globex)

    assert _listed(sign_in(adam).get(URL)) == []
    assert _listed(sign_in(gil).get(URL)) == ["thing.made"]


def test_htmx_gets_the_results_alone(sign_in: SignIn, adam: User) -> None:
    answer = sign_in(adam).get(URL, headers={"HX-Request": "true"})

    assert b"<html" not in answer.content
    assert b'id="results"' in answer.content


def _text(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode()


def test_the_csv_reads_back_and_holds_no_formula(
    sign_in: SignIn, adam: User, acme: Organization
) -> None:
    _record(acme, after={"name": '=HYPERLINK("http://evil.example")'})
    answer = sign_in(adam).get("/organization/audit.csv")

    assert answer.headers["Content-Disposition"].startswith("attachment")
    rows = list(csv.DictReader(io.StringIO(_text(answer), newline="")))
    made = next(row for row in rows if row["action"] == "thing.made")
    assert made["label"] == '\'=HYPERLINK("http://evil.example")'
    assert json.loads(made["after"])["name"].startswith("=HYPERLINK")
    assert made["actor_email"] == "olga@example.com"


def test_json_lines_hold_what_the_filters_ask_for(
    sign_in: SignIn, adam: User, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "BATCH", 2)
    for _ in range(5):
        _record(acme, "a.made")
    _record(acme, "b.made")
    answer = sign_in(adam).get("/organization/audit.jsonl?action=a.made")

    lines = [json.loads(line) for line in _text(answer).splitlines()]
    assert [line["action"] for line in lines] == ["a.made"] * 5
    assert lines[0]["after"] == {"name": "Lamp"}
    assert len({line["id"] for line in lines}) == 5


def test_a_download_is_on_record_itself(
    sign_in: SignIn, adam: User, acme: Organization
) -> None:
    _text(sign_in(adam).get("/organization/audit.csv?person=olga"))

    with scope(acme.id):
        entry = AuditEntry.objects.get(action="audit.exported")
    assert entry.actor_email == "adam@example.com"
    assert entry.after == {"format": "csv", "person": "olga"}


def test_the_plan_may_hold_back_the_download(
    sign_in: SignIn, adam: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entitlements, "allows", lambda org_id, feature: False)
    client = sign_in(adam)

    assert client.get("/organization/audit.csv").status_code == 403
    assert b"audit.csv" not in client.get(URL).content


@pytest.mark.django_db(transaction=True)
async def test_a_download_is_streamed_under_asgi(
    acme: Organization, adam: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "BATCH", 2)
    client = AsyncClient()
    await client.aforce_login(adam)
    for _ in range(5):
        await _arecord(acme)

    answer: Any = await client.get("/organization/audit.jsonl")
    pieces = [piece async for piece in answer]

    lines = b"".join(pieces).decode().splitlines()
    assert len([one for one in lines if "thing.made" in one]) == 5
    assert len(pieces) > 2


async def _arecord(org: Organization) -> None:
    await sync_to_async(_record)(org)


@pytest.fixture
def reader(acme: Organization) -> Callable[[str], Any]:
    """Requests of a key that may read the log."""
    _, token = make_key(acme, scopes=(*DEFAULT_SCOPES, "audit:read"))
    headers = {"Authorization": f"Bearer {token}"}
    return lambda path: Client().get(f"/api/v1/{path}", headers=headers)


def test_a_program_reads_the_log_page_by_page(
    reader: Callable[[str], Any], acme: Organization
) -> None:
    for number in range(3):
        _record(acme, f"n.{number}")

    first = reader("audit?limit=2&subject=thing").json()
    second = reader(f"audit?limit=2&subject=thing&after={first['next']}").json()

    assert [e["action"] for e in first["data"]] == ["n.2", "n.1"]
    assert [e["action"] for e in second["data"]] == ["n.0"]
    assert second["next"] is None
    assert first["data"][0]["after"] == {"name": "Lamp"}


@pytest.mark.parametrize(
    "query", ["after=x", f"after={UUID(int=7)}", "limit=0", "limit=999", "since=never"]
)
def test_a_question_that_makes_no_sense_is_refused(
    reader: Callable[[str], Any], query: str
) -> None:
    answer = reader(f"audit?{query}")

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == query.partition("=")[0]


def test_a_program_downloads_what_was_since(
    reader: Callable[[str], Any], acme: Organization
) -> None:
    with time_machine.travel(utc_now() - timedelta(days=2)):
        _record(acme, "old.made")
    _record(acme, "new.made")
    since = (utc_now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")

    text = _text(reader(f"audit.jsonl?subject=thing&since={since}"))
    assert [json.loads(line)["action"] for line in text.splitlines()] == ["new.made"]
    assert "new.made" in _text(reader("audit.csv"))
