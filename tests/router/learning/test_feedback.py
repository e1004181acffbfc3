"""Grades over the API, and a router that chooses by them once a replay says so."""

from uuid import UUID

import pytest
from asgiref.sync import sync_to_async

from apps.accounts.models import Organization
from apps.kit.ids import uuid7
from apps.providers.fake import FakeProvider
from apps.router import learning
from apps.router.models import Policy
from apps.router.outcome_models import Learner, Outcome, PromptVector
from apps.router.runtime import Runtime
from apps.tenancy.scope import scope, unscoped
from tests.factories import make_key, make_org
from tests.router.conftest import DJANGO, Caller
from tests.router.learning.synthetic import outcomes

pytestmark = pytest.mark.django_db(transaction=True)

# The market of these tests: as dear as in the outcomes, about.
NAMES = {"strong": "third-house/third", "cheap": "primary-house/primary"}


@pytest.fixture
def caller(live_token: str) -> Caller:
    return Caller(DJANGO, live_token)


async def answered(caller: Caller) -> str:
    answer = await caller.chat("Hi")
    assert answer.status == 200
    return str(answer.json()["request_id"])


async def grade(caller: Caller, request_id: str, **given: object) -> int:
    body = {"request_id": request_id, **given}
    return (await caller.post("/v1/feedback", body)).status


async def test_a_later_grade_replaces_the_same_keys_earlier_one(
    router: Runtime, caller: Caller, org: Organization
) -> None:
    request_id = await answered(caller)

    first = await caller.post(
        "/v1/feedback", {"request_id": request_id, "rating": "down"}
    )
    second = await caller.post(
        "/v1/feedback",
        {"request_id": request_id, "score": 0.9, "label": "nice", "comment": "Well"},
    )

    assert (first.status, first.json()["quality"]) == (200, 0.0)
    assert second.json() == {
        "request_id": request_id,
        "quality": 0.9,
        "label": "nice",
        "model": "primary-house/primary",
        "teaches": False,  # nothing was kept of it: nobody had learned before
    }
    assert await sync_to_async(_grades)(org) == [(0.9, "feedback")]


def _grades(org: Organization) -> list[tuple[float | None, str]]:
    with scope(org.id):
        return list(Outcome.objects.values_list("quality", "source"))


async def test_another_organizations_request_is_not_there(
    router: Runtime, caller: Caller
) -> None:
    request_id = await answered(caller)
    other = await sync_to_async(lambda: make_key(make_org("Globex"))[1])()

    assert await grade(Caller(DJANGO, other), request_id, rating="up") == 404
    assert await grade(caller, str(UUID(int=7)), rating="up") == 404


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"rating": "six"},
        {"score": 1.2},
        {"score": "nan"},
        {"score": 0.5, "rating": "up"},
        {"comment": "only words"},
    ],
    ids=["nothing", "no rating", "no share", "no number", "both", "words alone"],
)
async def test_what_is_no_grade_is_refused(
    router: Runtime, caller: Caller, given: dict[str, object]
) -> None:
    assert await grade(caller, str(uuid7()), **given) == 400


async def test_after_the_first_grade_prompts_are_remembered_as_vectors(
    router: Runtime, caller: Caller, org: Organization
) -> None:
    await grade(caller, await answered(caller), rating="5")
    await router._refresh(is_forced=True)

    request_id = await answered(caller)
    await router.vectors.flush()
    assert await sync_to_async(_is_kept)(org, request_id)
    answer = await caller.post(
        "/v1/feedback", {"request_id": request_id, "rating": "4"}
    )

    assert answer.json()["teaches"] is True
    assert answer.json()["quality"] == 0.75


def _is_kept(org: Organization, request_id: str) -> bool:
    with scope(org.id):
        return PromptVector.objects.filter(request_id=request_id).exists()


def _teach(org: Organization, *, count: int = 400) -> Learner:
    """Outcomes as sanity checks leave them, judged; and a policy that asks for them."""
    with scope(org.id):
        Outcome.objects.bulk_create(
            Outcome(
                source="check",
                model=NAMES[row.model],
                quality=row.quality,
                cost_usd=row.cost_usd,
                prompt=row.prompt[:16].ljust(16),
                vector=row.vector,
                request_id=uuid7(),
            )
            for row in outcomes(count)
        )
        Policy.objects.create(rules={"strategy": "learned"})
        return learning.judge_org()


async def test_models_are_chosen_by_own_grades_once_they_gain(
    router: Runtime, caller: Caller, org: Organization, fake: FakeProvider
) -> None:
    learner = await sync_to_async(_teach)(org)
    await router._refresh(is_forced=True)

    law = await caller.chat("court judge statute plaintiff contract")
    cooking = await caller.chat("oven flour butter garlic soup")

    assert learner.rates
    assert law.json()["model_used"] == NAMES["strong"]
    assert cooking.json()["model_used"] == NAMES["cheap"]


async def test_it_says_why_it_does_not_choose_yet(
    router: Runtime, caller: Caller, org: Organization
) -> None:
    await sync_to_async(_teach)(org, count=50)
    await router._refresh(is_forced=True)
    body = {"messages": [{"role": "user", "content": "oven flour butter soup"}]}

    debug = (await caller.post("/v1/router/debug", body)).json()

    assert debug["learned"] is None
    assert debug["learning"]["is_on"] is False
    assert "100 graded answers, 300 needed" in debug["learning"]["why"]


async def test_the_state_of_learning_can_be_read(
    router: Runtime, org: Organization
) -> None:
    await sync_to_async(_teach)(org)
    token = await sync_to_async(
        lambda: make_key(org, scopes=("chat", "usage:read"))[1]
    )()

    state = (await Caller(DJANGO, token).get("/v1/router/learning")).json()

    assert state["is_on"] is True
    assert "99" in state["targets"]
    assert state["replay"]["99"]["points"]["low"] > 0


def test_old_vectors_are_forgotten(transactional_db: None) -> None:
    with unscoped("nothing is there"):
        assert learning.forget_vectors() == 0
        assert learning.due_orgs() == []
