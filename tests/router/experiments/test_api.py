"""Experiments and stored answers in the control plane and on their pages."""

from collections.abc import Callable
from typing import Any

import pytest
import redis
from django.conf import settings
from django.test import Client

from apps.accounts.models import Organization, User
from apps.catalog.models import AIModel
from apps.kit.clock import utc_now
from apps.router.alias_models import Alias
from apps.router.answer_cache import index_of, prefix_of
from apps.router.cache_keys import alias_tag
from apps.router.cache_models import KeyCache
from apps.router.experiment_models import Experiment
from apps.tenancy.scope import scope
from tests.factories import make_key

pytestmark = pytest.mark.django_db(transaction=True)

HERE = "/api/v1/experiments"


@pytest.fixture
def models(transactional_db: None) -> None:
    facts = {"source": "test", "sourced_on": utc_now().date()}
    for author, name in (("openai", "one"), ("anthropic", "two"), ("google", "three")):
        AIModel.objects.using("owner").create(
            slug=f"{author}/{name}", name=name, author=author, **facts
        )


@pytest.fixture
def triage(acme: Organization, models: None) -> Alias:
    with scope(acme.id):
        return Alias.objects.create(name="uc/triage", rules={"forced": "openai/one"})


@pytest.fixture
def client_of(acme: Organization, olga: User, sign_in: Callable[..., Client]) -> Client:
    return sign_in(olga)


@pytest.fixture
def body(triage: Alias) -> dict[str, Any]:
    return {
        "name": "Cheaper",
        "alias_id": str(triage.id),
        "kind": "shadow",
        "model": "anthropic/two",
        "quality": "judge",
        "judge_model": "google/three",
        "budget_usd": 2,
    }


def post(client: Client, path: str, body: Any = None) -> Any:
    return client.post(path, body or {}, content_type="application/json")


def test_an_experiments_whole_life_by_api(
    client_of: Client, body: dict[str, Any]
) -> None:
    made = post(client_of, HERE, body)
    assert (made.status_code, made.json()["state"]) == (201, "draft")
    here = f"{HERE}/{made.json()['id']}"

    started = post(client_of, f"{here}/start").json()
    again = post(client_of, f"{here}/start")
    stopped = post(client_of, f"{here}/stop").json()
    promoted = post(client_of, f"{here}/promote").json()
    undone = post(client_of, f"{here}/undo").json()

    assert started["state"] == "running"
    assert again.status_code == 409
    assert (stopped["state"], stopped["end_reason"]) == ("stopped", "Stopped by hand.")
    assert promoted["promoted_at"]
    assert undone["promoted_at"] is None
    assert [arm["name"] for arm in undone["results"]["arms"]] == [
        "control",
        "candidate",
    ]
    assert client_of.get(HERE).json()["data"][0]["name"] == "Cheaper"
    assert client_of.delete(here).status_code == 204
    assert client_of.get(here).status_code == 404


WRONG: list[dict[str, Any]] = [
    {"kind": "both"},
    {"margin": 2},
    {"budget_usd": None},
    {"model": "nobody/nothing"},
    {"judge_model": "anthropic/two"},
    {"margins": 0.1},
]


def test_a_body_that_cannot_be_is_refused(
    client_of: Client, body: dict[str, Any]
) -> None:
    for change in WRONG:
        refused = post(client_of, HERE, {**body, **change})
        assert refused.status_code == 400
        assert refused.json()["error"]["code"] == "validation_error"


def test_an_act_that_is_none_is_not_there(
    client_of: Client, body: dict[str, Any]
) -> None:
    made = post(client_of, HERE, body).json()

    assert post(client_of, f"{HERE}/{made['id']}/explode").status_code == 404


FORM = {
    "name": "Cheaper",
    "kind": "ab",
    "model": "anthropic/two",
    "share": "100",
    "candidate_share": "20",
    "sticky": "session",
    "quality": "feedback",
    "margin": "15",
    "max_days": "7",
}


def test_the_pages_make_start_stop_and_promote(
    client_of: Client, triage: Alias
) -> None:
    made = client_of.post("/router/experiments/new/", {**FORM, "alias_id": triage.id})
    page = made["location"]
    draft = client_of.get(page).content.decode()
    client_of.post(f"{page}start/")
    running = client_of.get(page).content.decode()
    part = client_of.get(page, headers={"HX-Request": "true"}).content.decode()
    client_of.post(f"{page}stop/")
    client_of.post(f"{page}promote/")
    promoted = client_of.get(page).content.decode()

    assert "Not started" in draft
    assert 'hx-trigger="every 10s"' in running
    assert part.lstrip().startswith('<div id="results"')
    assert "Undo the promotion" in promoted
    with scope(triage.org_id):
        [experiment] = Experiment.objects.all()
        assert Alias.objects.get().rules == {"forced": "anthropic/two"}
    assert experiment.arms[1] == {
        "name": "candidate",
        "weight": 0.2,
        "model": "anthropic/two",
    }


def test_a_form_that_cannot_be_says_why(client_of: Client, triage: Alias) -> None:
    form = {**FORM, "alias_id": triage.id}
    for change in ({"model": "nobody/nothing"}, {"margin": "200"}, {"kind": "shadow"}):
        page = client_of.post("/router/experiments/new/", {**form, **change})
        assert page.status_code == 422
        assert "field-error" in page.content.decode()


def test_pages_of_nothing_say_what_to_do(client_of: Client) -> None:
    assert "no experiment yet" in client_of.get("/router/experiments/").content.decode()
    new = client_of.get("/router/experiments/new/").content.decode()
    assert "no alias to compare on" in new
    assert "no alias yet" in client_of.get("/router/cache/").content.decode()


@pytest.fixture
def stored(acme: Organization) -> Any:
    """Two answers of an alias and one of none, as the router stores them."""
    ends, sizes = index_of(acme.id)
    fields = [f"{alias_tag('uc/triage')}:a", f"{alias_tag('uc/triage')}:b", "-:c"]
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        for field in fields:
            client.set(prefix_of(acme.id) + field, b"sealed")
            client.zadd(ends, {field: 9e9})
            client.hset(sizes, field, 6)
        client.hset(sizes, "", 18)
        yield client
        client.delete(ends, sizes, *(prefix_of(acme.id) + field for field in fields))


def test_answers_are_cleared_by_alias_and_all(
    client_of: Client, stored: Any, acme: Organization
) -> None:
    before = client_of.get("/api/v1/cache").json()
    some = client_of.delete("/api/v1/cache?alias=uc/triage").json()
    between = client_of.get("/api/v1/cache").json()
    client_of.post("/router/cache/clear/", {})
    after = client_of.get("/api/v1/cache").json()

    assert (before["entries"], before["bytes"]) == (3, 18)
    assert some == {"cleared": 2}
    assert (between["entries"], between["bytes"]) == (1, 6)
    assert (after["entries"], after["bytes"]) == (0, 0)
    assert list(stored.scan_iter(f"{prefix_of(acme.id)}*:?")) == []


def test_a_keys_answers_are_given_again_for_so_long(
    client_of: Client, acme: Organization
) -> None:
    key, _ = make_key(acme)
    found = []

    for ttl_s in ("60", "x", "9" * 9, "", "30", "0"):
        client_of.post(f"/router/cache/keys/{key.id}/", {"ttl_s": ttl_s})
        with scope(acme.id):
            found.append(KeyCache.objects.values_list("ttl_s", flat=True).first())

    assert found == [60, 60, 60, None, 30, None]
