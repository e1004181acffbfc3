"""The playground's page, and what it streams."""

from collections.abc import Callable

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from django.utils.http import urlencode

from apps.accounts.models import Organization, User
from apps.router.runtime import Runtime
from tests.asgi import exchange
from tests.factories import make_member
from tests.router.conftest import DJANGO, attempts, ledger

SignIn = Callable[[User], Client]
RUN = "/playground/run/"
FORM = {
    "prompt": "Hi",
    "priority": "balanced",
    "latency_pref": "normal",
    "model": "auto",
}


def test_a_member_finds_the_form(sign_in: SignIn, mia: User) -> None:
    page = sign_in(mia).get("/playground/").content.decode()

    assert 'name="prompt"' in page
    assert 'value="balanced"' in page


def test_a_viewer_may_not_spend(sign_in: SignIn, vic: User) -> None:
    assert sign_in(vic).get("/playground/").status_code == 403
    assert sign_in(vic).post(RUN, FORM).status_code == 403


@pytest.mark.django_db
def test_the_playground_needs_a_sign_in(client: Client) -> None:
    assert client.get("/playground/").status_code == 302
    assert client.post(RUN, FORM).status_code == 302


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", ""),
        ("prompt", "\x00"),
        ("priority", "dear"),
        ("latency_pref", "slow"),
        ("max_cost", "-1"),
        ("max_cost", "nan"),
        ("max_cost", "much"),
        ("model", ""),
    ],
)
def test_bad_input_is_named_by_its_field(
    sign_in: SignIn, mia: User, field: str, value: str
) -> None:
    answer = sign_in(mia).post(RUN, {**FORM, field: value})

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]


def _cookies(org: Organization) -> dict[str, str]:
    client = Client()
    client.force_login(make_member(org, "mia"))
    session = client.cookies["sessionid"].value
    return {"cookie": f"sessionid={session}"}


async def _run(org: Organization, **fields: str) -> list[tuple[str, dict[str, object]]]:
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        **await sync_to_async(_cookies)(org),
    }
    csrf = "a" * 32
    headers["cookie"] += f"; csrftoken={csrf}"
    headers["x-csrftoken"] = csrf
    body = urlencode({**FORM, **fields}).encode()
    answer = await exchange(DJANGO, "POST", RUN, headers=headers, body=body).answer()
    assert answer.status == 200, answer.body
    return answer.events()


async def test_a_run_streams_its_decision_its_words_and_its_cost(
    org: Organization, router: Runtime
) -> None:
    events = await _run(org, prompt="Hello there")

    names = [name for name, _ in events]
    assert names[0] == "decision"
    assert "primary" in str(events[0][1]["html"])
    assert set(names[1:-1]) == {"token"}
    name, done = events[-1]
    assert name == "done"
    assert done["model_used"] == "primary-house/primary"
    assert done["cost"]


async def test_a_run_is_in_the_ledger_without_a_key(
    org: Organization, router: Runtime
) -> None:
    await _run(org, system="Be short.")

    [row] = await ledger()
    assert row["org_id"] == str(org.id)
    assert row["key_id"] is None
    assert [attempt["outcome"] for attempt in await attempts()] == ["ok"]


async def test_a_refusal_is_an_event_of_the_stream(
    org: Organization, router: Runtime
) -> None:
    [(name, body)] = await _run(org, model="nobody/nothing")

    assert name == "error"
    assert body["error"]["code"] == "not_found"  # type: ignore[index]  # an error body


async def test_a_limit_too_low_shows_what_was_left_out(
    org: Organization, router: Runtime
) -> None:
    decision, (name, body) = await _run(org, max_cost="0")

    assert "Left out" in str(decision[1]["html"])
    assert name == "error"
    assert body["error"]["code"] == "max_cost_exceeded"  # type: ignore[index]  # an error body


async def test_without_a_router_the_stream_says_so(org: Organization) -> None:
    [(name, body)] = await _run(org)

    assert name == "error"
    assert body["error"]["code"] == "no_model_available"  # type: ignore[index]  # an error body
