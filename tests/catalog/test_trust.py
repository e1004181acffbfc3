"""Eight dimensions out of facts; what nobody says is not assessed."""

from dataclasses import replace
from datetime import date

import pytest

from apps.catalog.trust import (
    DIMENSIONS,
    Assessment,
    assess_model,
    assess_provider,
    combined,
    tier_of,
)
from apps.catalog.trust_inputs import (
    Document,
    Index,
    ModelFacts,
    Notices,
    Policy,
    PriceHistory,
    ProviderFacts,
    Served,
)

ON = date(2026, 11, 21)
POLICY = Policy("https://a.example/privacy", ON, trains=False, retains=False)
PAPER = Document("a paper", "https://a.example", ON)
GOOD = ProviderFacts(
    policy=POLICY,
    headquarters=PAPER,
    privacy=PAPER,
    terms=PAPER,
    status_page=PAPER,
)


def of_provider(dimension: str, **facts: object) -> Assessment:
    found = assess_provider(ProviderFacts(**facts))  # type: ignore[arg-type]  # as given
    return next(one for one in found if one.dimension == dimension)


def test_there_are_eight_dimensions_and_each_is_somebodys() -> None:
    ours = [*assess_provider(ProviderFacts()), *assess_model(ModelFacts("", ON))]

    assert len(DIMENSIONS) == 8
    assert {one.dimension for one in ours} == set(DIMENSIONS)


def test_without_facts_nothing_is_assessed() -> None:
    ours = [*assess_provider(ProviderFacts()), *assess_model(ModelFacts("", ON))]

    assert all(one.score is None and one.evidence == () for one in ours)


@pytest.mark.parametrize(
    ("fields", "score"),
    [
        ({}, 100),
        ({"retains": True, "retention_days": 30}, 85),
        ({"retains": True, "retention_days": 31}, 70),
        ({"retains": True, "retention_days": 91}, 50),
        ({"retains": True}, 60),
        ({"trains": True}, 0),
        ({"may_publish": True}, 0),
        ({"retains": None}, None),
    ],
)
def test_data_use_is_what_the_policy_says(
    fields: dict[str, object], score: int | None
) -> None:
    policy = replace(POLICY, **fields)  # type: ignore[arg-type]  # as given

    found = of_provider("data_use", policy=policy)

    assert found.score == score
    assert all(fact.url and fact.on == ON for fact in found.evidence)


def test_an_unknown_training_policy_is_not_assessed() -> None:
    assert of_provider("data_use", policy=replace(POLICY, trains=None)).score is None


@pytest.mark.parametrize(
    ("share", "score"),
    [(0.9, 33), (0.99, 67), (0.999, 100), (1.0, 100), (0.5, 10), (0.0, 0)],
)
def test_reliability_counts_nines(share: float, score: int) -> None:
    served = Served("a source", "https://a.example", ON, availability=share)

    assert of_provider("reliability", served=[served]).score == score


def test_our_own_traffic_counts_once_there_is_enough() -> None:
    own = Served("our own traffic", "", ON, attempts=30, availability=0.9)
    stated = Served("a source", "https://a.example", ON, availability=0.999)

    assert of_provider("reliability", served=[own, stated]).score == 33
    few = replace(own, attempts=29)
    assert of_provider("reliability", served=[few, stated]).score == 100
    assert of_provider("reliability", served=[few]).score is None


@pytest.mark.parametrize(
    ("p90", "score"), [(100, 100), (200, 50), (400, 0), (900, 0), (90, 100)]
)
def test_speed_is_how_far_the_slowest_tenth_is(p90: float, score: int) -> None:
    served = Served("a source", "", ON, p50_ms=100, p90_ms=p90)

    assert of_provider("speed", served=[served]).score == score


@pytest.mark.parametrize(
    ("history", "score"),
    [
        (PriceHistory(10, 365, 0, 0, ON), 100),
        (PriceHistory(10, 365, 10, 0, ON), 50),
        (PriceHistory(10, 365, 0, 40, ON), 50),
        (PriceHistory(10, 89, 0, 0, ON), None),
        (PriceHistory(0, 365, 0, 0, ON), None),
    ],
)
def test_price_halves_with_each_increase_an_offer_and_year(
    history: PriceHistory, score: int | None
) -> None:
    assert of_provider("price", prices=history).score == score


@pytest.mark.parametrize(
    ("days", "score"),
    [((0, 90, 365), 50), ((180, 200, 300), 100), ((0, 0, 0), 0), ((100, 100), None)],
)
def test_lifecycle_is_the_median_notice(
    days: tuple[int, ...], score: int | None
) -> None:
    assert of_provider("lifecycle", notices=Notices(days, "x", ON)).score == score


def test_transparency_is_the_published_index() -> None:
    index = Index(46, "Foundation Model Transparency Index", "https://a.example", ON)

    found = of_provider("transparency", transparency=index)

    assert found.score == 46
    assert found.evidence[0].url == "https://a.example"


@pytest.mark.parametrize(
    ("is_open", "providers", "score"),
    [(True, 8, 100), (True, 1, 60), (False, 1, 0), (False, 4, 27), (None, 9, None)],
)
def test_openness_is_weights_and_exits(
    is_open: bool | None,
    providers: int,
    score: int | None,
) -> None:
    facts = ModelFacts("x", ON, is_open_weights=is_open, providers=providers)

    assert assess_model(facts)[-1].score == score


def test_jurisdiction_is_the_documented_share() -> None:
    assert of_provider("jurisdiction", privacy=PAPER).score is None
    assert of_provider("jurisdiction", privacy=PAPER, terms=PAPER).score == 33
    six = ("headquarters", "datacenters", "privacy", "terms", "certification", "dpa")
    assert of_provider("jurisdiction", **dict.fromkeys(six, PAPER)).score == 100


def test_fewer_than_three_dimensions_make_no_figure() -> None:
    assert combined([100, None, 50]) is None
    assert combined([100, None, 50, 0]) == 50


def test_a_provider_without_a_fault_is_tier_a() -> None:
    assert tier_of(GOOD).tier == "A"
    brief = replace(GOOD, policy=replace(POLICY, retains=True, retention_days=30))
    assert tier_of(brief).tier == "A"


@pytest.mark.parametrize(
    "facts",
    [
        replace(GOOD, policy=replace(POLICY, retains=True, retention_days=55)),
        replace(GOOD, policy=replace(POLICY, retains=True)),
        replace(GOOD, policy=replace(POLICY, retains=None)),
        replace(GOOD, privacy=None),
        replace(GOOD, status_page=None),
    ],
)
def test_what_is_missing_for_a_is_tier_b_and_is_named(facts: ProviderFacts) -> None:
    decision = tier_of(facts)

    assert decision.tier == "B"
    assert len(decision.reasons) == 2


@pytest.mark.parametrize(
    "facts",
    [
        replace(GOOD, policy=replace(POLICY, trains=True)),
        replace(GOOD, policy=replace(POLICY, may_publish=True)),
        replace(GOOD, terms=None),
        replace(GOOD, headquarters=None),
    ],
)
def test_a_provider_with_a_fault_is_tier_c(facts: ProviderFacts) -> None:
    assert tier_of(facts).tier == "C"


def test_a_provider_nobody_speaks_of_has_no_tier() -> None:
    assert tier_of(ProviderFacts()).tier == ""
    assert tier_of(replace(GOOD, policy=replace(POLICY, trains=None))).tier == ""
