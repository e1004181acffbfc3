"""`/v1/requests`, `/v1/generation` and `/v1/agent-runs`: what became of requests."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from django.test import Client

from apps.accounts.models import Organization
from apps.kit.clock import utc_now
from apps.kit.ids import uuid7
from apps.router.rows import DecisionRow, RequestRow
from tests.factories import make_key, make_org
from tests.router.ledger.rows import make_attempt, make_row, microseconds, ship

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOVEMBER = microseconds(datetime(2026, 11, 1, tzinfo=UTC))


@pytest.fixture
def org(transactional_db: None) -> Organization:
    return make_org("Acme")


class Reader:
    """Asks as a program with one key."""

    def __init__(self, token: str) -> None:
        self._headers = {"Authorization": f"Bearer {token}"}

    def __call__(self, path: str, **query: Any) -> Any:
        return Client().get(f"/v1/{path}", query, headers=self._headers)


@pytest.fixture
def read(org: Organization) -> Reader:
    return Reader(make_key(org)[1])


def uuid_of(row: RequestRow) -> str:
    return str(UUID(row.id))


def test_one_request_tells_everything(org: Organization, read: Reader) -> None:
    key, _ = make_key(org, name="CI")
    decision_id, experiment_id = uuid7(), uuid7()
    row = make_row(
        org.id,
        NOON,
        key_id=key.id.hex,
        decision_id=decision_id.hex,
        alias="uc/support",
        tags="env:ci team:a",
        cache="exact",
        cache_saved_nano=5,
        adjusted="dropped:top_k clamped:temperature",
        experiment_id=experiment_id.hex,
        arm="b",
        run_id="run-1",
        step=2,
    )
    attempts = [
        make_attempt(row, outcome="overloaded", cost_nano=0, raw_usage=""),
        make_attempt(
            row,
            number=2,
            is_hedge=True,
            key_kind="own",
            raw_usage='{"prompt_tokens":1}',
        ),
    ]
    content = msgspec.Raw(b'{"reason": "The cheapest that fits."}')
    decision = DecisionRow(org.id.hex, decision_id.hex, NOVEMBER, content)
    ship([row], attempts, [decision])

    body = read(f"requests/{uuid_of(row)}").json()

    assert body["id"] == uuid_of(row)
    assert (body["key"], body["key_id"]) == ("CI", str(key.id))
    assert (body["cost"], body["estimated_savings"]) == (0.0075, 0.0225)
    assert body["tokens"]["input"] == 1000
    assert (body["alias"], body["tags"]) == ("uc/support", ["env:ci", "team:a"])
    assert (body["cache"], body["cache_savings"]) == ("exact", 5e-9)
    assert body["adjusted"] == [
        {"change": "dropped", "parameter": "top_k"},
        {"change": "clamped", "parameter": "temperature"},
    ]
    assert (body["experiment_id"], body["arm"]) == (str(experiment_id), "b")
    assert (body["run_id"], body["step"]) == ("run-1", 2)
    first, second = body["attempts"]
    assert (first["outcome"], first["cost"], first["raw_usage"]) == (
        "overloaded",
        0,
        None,
    )
    assert (second["is_hedge"], second["raw_usage"]) == (True, {"prompt_tokens": 1})
    assert body["decision"]["reason"] == "The cheapest that fits."


def test_a_request_of_nobody_or_of_others_is_404(read: Reader) -> None:
    theirs = make_row(make_org("Globex").id, NOON)
    ship([theirs])
    # Neither is new, so nobody waits for a row.
    old = UUID("01890000-0000-7000-8000-000000000000")

    answers = [read(f"requests/{uuid_of(theirs)}"), read(f"requests/{old}")]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert {answer.json()["error"]["message"] for answer in answers} == {
        "There is no such request."
    }


def test_the_list_is_read_page_by_page(org: Organization, read: Reader) -> None:
    rows = [make_row(org.id, NOON + timedelta(seconds=n)) for n in range(5)]
    ship(rows)

    seen: list[str] = []
    cursor: str | None = ""
    for _ in range(3):
        page = read("requests", limit=2, cursor=cursor).json()
        seen += [one["id"] for one in page["data"]]
        cursor = page["next_cursor"]

    assert cursor is None
    assert seen == [uuid_of(row) for row in reversed(rows)]


FILTERS: list[dict[str, Any]] = [
    {"status": "failed"},
    {"model": "odd/one"},
    {"provider": "odd"},
    {"task": "coding"},
    {"alias": "uc/odd"},
    {"tag": "team:odd"},
    {"cache": "hit"},
    {"cache": "semantic"},
    {"purpose": "shadow"},
    {"run_id": "odd"},
    {"cost_from": "0.02"},
    {"latency_from_ms": 5000},
    {"mode": "test"},
    {"from": "2026-11-21", "to": "2026-11-21"},
]


def test_each_filter_finds_the_odd_one(org: Organization, read: Reader) -> None:
    odd = make_row(
        org.id,
        NOON + timedelta(days=1),
        status="failed",
        model="odd/one",
        provider="odd",
        task="coding",
        alias="uc/odd",
        tags="env:ci team:odd",
        cache="semantic",
        purpose="shadow",
        run_id="odd",
        cost_nano=20_000_000,
        latency_ms=5000,
        is_test=True,
    )
    ship([make_row(org.id, NOON, tags="team:odder"), odd])

    for query in FILTERS:
        found = read("requests", **query).json()["data"]
        assert [one["id"] for one in found] == [uuid_of(odd)], query


BAD: list[tuple[dict[str, Any], str]] = [
    ({"status": "odd"}, "status"),
    ({"key_id": "x"}, "key_id"),
    ({"cost_from": "-1"}, "cost_from"),
    ({"limit": 1000}, "limit"),
    ({"cursor": "nonsense"}, "cursor"),
    ({"from": "yesterday"}, "from"),
]


def test_a_bad_query_is_named(read: Reader) -> None:
    for query, param in BAD:
        answer = read("requests", **query)
        assert answer.status_code == 400, query
        assert answer.json()["error"]["param"] == param


def test_a_key_without_the_scope_is_refused(org: Organization) -> None:
    read = Reader(make_key(org, scopes=("chat",))[1])

    for path in ("requests", f"requests/{UUID(int=7)}", "generation", "agent-runs"):
        assert read(path).status_code == 403, path


def test_a_generation_is_told_in_the_other_words(
    org: Organization, read: Reader
) -> None:
    row = make_row(org.id, NOON, key_kind="own", first_token_ms=90, is_stream=True)
    ship([row], [make_attempt(row, key_kind="own")])

    data = read("generation", id=f"gen-{uuid_of(row)}").json()["data"]

    assert (data["id"], data["total_cost"], data["is_byok"]) == (
        uuid_of(row),
        0.0075,
        True,
    )
    assert (data["latency"], data["generation_time"]) == (90, 800)
    assert (data["tokens_prompt"], data["tokens_completion"]) == (1000, 500)
    assert [one["status"] for one in data["provider_responses"]] == [200]
    assert read("generation", id="x").status_code == 400
    assert read("generation").status_code == 400


# -- agent runs


def test_a_run_adds_up_and_its_steps_stand_in_order(
    org: Organization, read: Reader
) -> None:
    facts: dict[str, Any] = {"run_id": "run-1", "task": "agent_step"}
    rows = [
        make_row(org.id, NOON + timedelta(seconds=1), step=2, **facts),
        make_row(
            org.id, NOON, step=1, finish_reason="tool_calls", model="a/one", **facts
        ),
        make_row(
            org.id,
            NOON + timedelta(seconds=2),
            step=3,
            status="failed",
            cost_nano=None,
            **facts,
        ),
        make_row(org.id, NOON, run_id="run-2", step=1),
        make_row(make_org("Globex").id, NOON, run_id="run-1", step=1),
    ]
    ship(rows)

    body = read("agent-runs/run-1").json()

    assert [step["step"] for step in body["steps"]] == [1, 2, 3]
    assert body["steps"][0]["finish_reason"] == "tool_calls"
    totals = body["totals"]
    assert (totals["steps"], totals["failed_steps"], totals["unpriced_steps"]) == (
        3,
        1,
        1,
    )
    assert totals["total_cost"] == 0.015
    assert totals["estimated_savings"] == 0.045
    assert totals["total_tokens"] == 4500
    assert totals["total_latency_ms"] == 2400


def test_an_unknown_run_is_404(read: Reader) -> None:
    assert read("agent-runs/nobody").status_code == 404


def test_the_latest_runs_come_first(org: Organization, read: Reader) -> None:
    now = utc_now()
    ship(
        [
            make_row(org.id, now - timedelta(hours=2), run_id="early", step=1),
            make_row(org.id, now - timedelta(hours=1), run_id="late", step=1),
            make_row(org.id, now, run_id="early", step=2),
            make_row(org.id, now),
        ]
    )

    every = read("agent-runs").json()
    before = read("agent-runs", before=(now - timedelta(hours=1)).isoformat()).json()

    assert [run["run_id"] for run in every["data"]] == ["late", "early"]
    assert every["data"][1]["steps"] == 2
    assert every["next_before"] is None
    assert [run["run_id"] for run in before["data"]] == ["early"]
    assert read("agent-runs", before="soon").status_code == 400
