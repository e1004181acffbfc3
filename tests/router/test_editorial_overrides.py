"""What editors keep out or rank down is not chosen; who names it still gets it."""

from datetime import timedelta

import pytest

from apps.catalog import overrides
from apps.catalog.models import EditorialOverride, ModelQuality, Offer, Price
from apps.catalog.overrides import NewOverride
from apps.kit.clock import utc_now
from apps.router.engine.chain import decide
from apps.router.engine.need import Candidate
from apps.router.snapshot import fingerprint, load
from tests.catalog.editing import EVA, ON, make_model, make_offer, make_provider, soon
from tests.router.engine.offers import need, offer

GOOD = offer("a/good", usd=("1", "2"), task_scores={"chat": 0.9})
OTHER = offer("b/other", usd=("1", "2"), task_scores={"chat": 0.4})


def kept_out(model: str = "a/good") -> Candidate:
    return offer(
        model,
        usd=("1", "2"),
        task_scores={"chat": 0.9},
        exclusion="recalled (until 2027)",
    )


def test_what_is_excluded_is_not_chosen_and_says_why() -> None:
    decision = decide([kept_out(), OTHER], need())

    assert [one.candidate.model for one in decision.chain] == ["b/other"]
    (gone,) = decision.excluded
    assert gone.code == "excluded"
    assert gone.reason == "excluded by an editor: recalled (until 2027)"


def test_a_list_of_models_does_not_bring_it_back_but_its_name_does() -> None:
    listed = decide([kept_out(), OTHER], need(models=("a/good", "b/other")))
    named = decide([kept_out(), OTHER], need(model="a/good"))

    assert listed.chain[0].candidate.model == "b/other"
    assert named.chain[0].candidate.model == "a/good"


def test_a_downranked_score_is_multiplied() -> None:
    half = offer("a/good", usd=("1", "2"), task_scores={"chat": 0.9}, downrank=0.5)

    whole, less = (decide([one, OTHER], need()) for one in (GOOD, half))

    assert whole.chain[0].candidate.model == "a/good"
    assert less.chain[0].candidate.model == "b/other"
    scores = {s.candidate.model: s.score for s in less.ranked}
    best = {s.candidate.model: s.score for s in whole.ranked}
    assert scores["a/good"] == pytest.approx(best["a/good"] / 2)


@pytest.fixture
def market(transactional_db: None) -> Offer:
    provider = make_provider("mine", base_url="http://127.0.0.1:9/v1")
    made = make_offer(make_model("mine/model"), provider)
    for component in ("input", "output"):
        Price.objects.using("jobs").create(
            offer=made,
            component=component,
            usd=1,
            valid_from=utc_now() - timedelta(days=1),
            source="x",
            sourced_on=ON,
        )
    return made


def of_snapshot() -> Candidate:
    (found,) = load().pool
    return found


def test_the_snapshot_carries_the_override_and_ends_with_it(market: Offer) -> None:
    before = fingerprint()
    expires_at = soon()
    overrides.propose(
        market.provider,
        NewOverride("exclude", "Under investigation.", expires_at),
        by=EVA,
    )
    overrides.propose(
        market, NewOverride("downrank", "Slow lately.", soon(60), factor=0.8), by=EVA
    )

    snapshot = load()

    assert fingerprint() != before
    assert snapshot.pool[0].exclusion.startswith("Under investigation. (until ")
    assert snapshot.pool[0].downrank == 0.8
    assert snapshot.valid_until == expires_at


def test_an_override_that_is_over_is_not_in_the_snapshot(market: Offer) -> None:
    overrides.propose(
        market.ai_model, NewOverride("exclude", "A reason.", soon()), by=EVA
    )
    past = utc_now() - timedelta(days=1)
    EditorialOverride.objects.using("jobs").update(
        proposed_at=past - timedelta(days=1), expires_at=past
    )

    assert of_snapshot().exclusion == ""


def test_the_snapshot_carries_tasks_and_the_general_quality(market: Offer) -> None:
    for domain, score in (("general", 0.5), ("code", 0.8)):
        ModelQuality.objects.using("jobs").create(
            ai_model=market.ai_model,
            domain=domain,
            score=score,
            low=score,
            high=score,
            benchmarks=1,
            results=1,
            independent=1,
            newest=ON,
            updated_at=utc_now(),
        )

    scores = of_snapshot().task_scores

    assert set(scores) == {"general", "coding"}
    assert 0.5 < scores["coding"] < 0.8
