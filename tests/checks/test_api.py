"""Checks and prompt sets in the API."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Organization, User
from apps.checks.models import Check, PromptSet, Vote
from apps.kit.ids import uuid7
from apps.tenancy.scope import scope
from tests.checks.conftest import BASELINE, CANDIDATE
from tests.checks.making import SEATS, make_done
from tests.factories import make_key, make_org
from tests.router.conftest import make_market

CANDIDATE_SEAT = SEATS[1]


def caller(org: Organization, *scopes: str) -> Callable[..., Any]:
    """A program with a key of these scopes."""
    _, token = make_key(org, scopes=scopes)
    client = Client(headers={"authorization": f"Bearer {token}"})

    def call(method: str, path: str, body: object = None) -> Any:
        send = getattr(client, method)
        if body is None:
            return send(f"/api/v1/{path}")
        return send(f"/api/v1/{path}", body, content_type="application/json")

    return call


@pytest.fixture
def program(acme: Organization) -> Callable[..., Any]:
    return caller(acme, "checks:run")


@pytest.fixture
def done(acme: Organization) -> Check:
    with scope(acme.id):
        return make_done()


def test_prompts_are_stored_and_deleted(
    program: Callable[..., Any], acme: Organization
) -> None:
    prompts = [{"prompt": "Hi", "expected": "Hello"}]

    made = program("post", "prompt-sets", {"name": "Ours", "prompts": prompts})

    assert made.status_code == 201
    set_id = made.json()["id"]
    assert program("get", f"prompt-sets/{set_id}").json()["size"] == 1
    assert program("get", "prompt-sets").json()["data"][0]["source"] == "typed"
    assert program("delete", f"prompt-sets/{set_id}").status_code == 204
    with scope(acme.id):
        assert not PromptSet.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "x"},
        {"name": "x", "prompts": []},
        {"name": "x", "prompts": [{"prompt": ""}]},
        {"name": "x", "prompts": [{"messages": [{"role": "king", "content": "x"}]}]},
        {"name": "x", "prompts": [{"prompt": "x"}], "sample": 3},
        {"name": "x", "sample": 3},
        {"name": "x", "prompts": [{"prompt": "x"}] * 201},
        {"name": "x", "prompts": [{"prompt": "x"}], "mood": "good"},
    ],
)
def test_prompts_that_cannot_be_are_refused(
    program: Callable[..., Any], body: dict[str, object]
) -> None:
    answer = program("post", "prompt-sets", body)

    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_check_is_read_with_its_progress_and_answers(
    program: Callable[..., Any], done: Check
) -> None:
    found = program("get", f"checks/{done.id}").json()
    first = program("get", f"checks/{done.id}/answers").json()

    assert found["check"]["state"] == "done"
    assert found["progress"]["answers"] == 4
    assert (first["data"][0]["text"], first["next_after"]) == ("Answer 0 of 0", None)
    rest = program("get", f"checks/{done.id}/answers?after=3").json()
    assert [line["position"] for line in rest["data"]] == [1]
    assert program("get", f"checks/{done.id}/answers?after=x").status_code == 400


def test_vote_by_name_and_by_side(
    program: Callable[..., Any], acme: Organization, done: Check
) -> None:
    path = f"checks/{done.id}/votes"
    named = {"model": CANDIDATE_SEAT, "position": 0, "choice": "candidate"}

    said = program("post", path, named)
    program("post", path, {**named, "position": 1, "choice": "neither"})

    assert said.json()["results"][0]["wins"] == 1
    with scope(acme.id):
        assert {vote.choice for vote in Vote.objects.all()} == {"win", "neither"}
        assert not Vote.objects.get(position=0).was_blind
    stranger = {**named, "model": "nobody/nothing"}
    assert program("post", path, stranger).status_code == 400
    assert program("post", path, {**named, "position": 50}).status_code == 404


def test_a_viewer_reads_figures_without_texts(
    sign_in: Callable[[User], Client], vic: User, done: Check
) -> None:
    client = sign_in(vic)

    answers = client.get(f"/api/v1/checks/{done.id}/answers").json()["data"]

    assert all(line["text"] is None for line in answers)
    assert answers[0]["output_tokens"] == 10
    assert client.post(f"/api/v1/checks/{done.id}/cancel").status_code == 403


def test_only_a_key_that_may_run_checks_gets_in(
    acme: Organization, globex: Organization, done: Check
) -> None:
    assert caller(acme, "chat")("get", "checks").status_code == 403
    assert caller(globex, "checks:run")("get", f"checks/{done.id}").status_code == 404
    assert Client().get("/api/v1/checks").status_code == 401
    assert caller(acme, "checks:run")("get", f"checks/{uuid7()}").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_check_is_made_started_refused_twice_and_cancelled(settings: Any) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = False
    make_market("http://127.0.0.1:9/v1")
    program = caller(make_org("Acme"), "checks:run")
    prompts = [{"prompt": "Hi"}]
    made = program("post", "prompt-sets", {"name": "Ours", "prompts": prompts}).json()
    wanted = {
        "name": "Cheaper",
        "models": [BASELINE, CANDIDATE],
        "prompt_set": made["id"],
    }

    draft = program("post", "checks", wanted)

    check_id = draft.json()["check"]["id"]
    assert draft.json()["quote"][0]["providers"] == ["primary-house"]
    assert program("post", f"checks/{check_id}/start").json()["check"]["state"] == (
        "running"
    )
    assert program("post", f"checks/{check_id}/start").status_code == 409
    assert program("delete", f"checks/{check_id}").status_code == 409
    assert program("post", f"checks/{check_id}/cancel").status_code == 200
    assert program("delete", f"checks/{check_id}").status_code == 204
    unknown = program("post", "checks", {**wanted, "models": [BASELINE, "no/no"]})
    assert unknown.json()["error"]["code"] == "not_checkable"
    wrong = program("post", "checks", {**wanted, "parameters": {"temperature": 9}})
    assert wrong.json()["error"]["param"] == "parameters"
