"""When a circuit opens, who probes it, and when it closes again."""

from dataclasses import dataclass, field
from uuid import UUID

import pytest

from apps.router import breaker
from apps.router.breaker import Breakers, Verdict
from apps.router.engine.need import Scored
from tests.router.engine.offers import offer


@dataclass
class Clock:
    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Scene:
    """Three offers and their circuits."""

    clock: Clock = field(default_factory=Clock)
    verdicts: list[tuple[UUID, Verdict]] = field(default_factory=list)
    wanted: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.breakers = Breakers(
            clock=self.clock,
            on_verdict=lambda offer_id, verdict: self.verdicts.append(
                (offer_id, verdict)
            ),
            on_wanted=lambda: self.wanted.append("now"),
        )
        offers = [offer(name) for name in ("a/one", "b/two", "c/three")]
        self.chain = tuple(Scored(o, 1.0, None, None, None, None) for o in offers)
        self.first = offers[0].offer_id

    def order(self) -> list[str]:
        return [s.candidate.model for s in self.breakers.ordered(self.chain)]

    def fail(self, times: int = breaker.FAILURES_IN_ROW) -> None:
        for _ in range(times):
            self.breakers.failed(self.first, 0.0)

    def rest_over(self) -> None:
        self.clock.now = self.breakers.verdict(self.first).until + 0.1


IN_ORDER = ["a/one", "b/two", "c/three"]
FIRST_LAST = ["b/two", "c/three", "a/one"]


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_failures_in_a_row_open_it_and_the_offer_goes_to_the_end(scene: Scene) -> None:
    scene.fail(breaker.FAILURES_IN_ROW - 1)
    assert scene.order() == IN_ORDER

    scene.fail(1)

    assert scene.order() == FIRST_LAST
    assert scene.breakers.state(scene.first) == "open"
    [(offer_id, verdict)] = scene.verdicts
    assert (offer_id, verdict.is_open) == (scene.first, True)
    assert verdict.reason == "5 failures in a row"


def test_answers_between_them_keep_it_closed(scene: Scene) -> None:
    for _ in range(4):
        scene.fail(breaker.FAILURES_IN_ROW - 1)
        scene.breakers.passed(scene.first, 0.0)
        scene.breakers.passed(scene.first, 0.0)
        scene.clock.now += 61

    assert scene.breakers.state(scene.first) == "closed"


def test_half_of_a_minute_s_calls_open_it(scene: Scene) -> None:
    for _ in range(breaker.LEAST_CALLS // 2 + 1):
        scene.breakers.passed(scene.first, 0.0)
        scene.fail(1)
        scene.clock.now += 1

    assert scene.breakers.state(scene.first) == "open"
    assert "calls failed within a minute" in scene.verdicts[0][1].reason


def test_the_last_offer_is_never_taken_out(scene: Scene) -> None:
    scene.fail()

    alone = scene.breakers.ordered(scene.chain[:1])

    assert alone == scene.chain[:1]


def test_one_request_probes_when_the_rest_is_over(scene: Scene) -> None:
    scene.fail()
    scene.rest_over()

    assert scene.order() == FIRST_LAST
    assert scene.wanted == ["now"]
    assert scene.breakers.wanted() == [scene.first]
    scene.breakers.grant_probe(scene.first)
    assert scene.order() == IN_ORDER
    scene.breakers.begin(scene.first)

    assert scene.order() == FIRST_LAST
    assert scene.breakers.state(scene.first) == "half_open"


def _probe(scene: Scene) -> None:
    scene.rest_over()
    scene.order()
    scene.breakers.grant_probe(scene.first)
    scene.breakers.begin(scene.first)
    scene.clock.now += 0.1


def test_a_probe_that_is_answered_closes_it(scene: Scene) -> None:
    scene.fail()
    _probe(scene)

    scene.breakers.passed(scene.first, 0.1)

    assert scene.order() == IN_ORDER
    assert scene.breakers.state(scene.first) == "closed"
    assert [verdict.is_open for _, verdict in scene.verdicts] == [True, False]


def test_a_probe_that_fails_doubles_the_rest_up_to_a_limit(scene: Scene) -> None:
    scene.fail()
    rests = []
    for _ in range(8):
        verdict = scene.breakers.verdict(scene.first)
        rests.append(verdict.until - verdict.at)
        _probe(scene)
        scene.breakers.failed(scene.first, 0.1)

    assert rests == [10, 20, 40, 80, 160, 300, 300, 300]


def test_an_offer_that_breaks_again_at_once_rests_longer(scene: Scene) -> None:
    scene.fail()
    _probe(scene)
    scene.breakers.passed(scene.first, 0.1)

    scene.fail()

    verdict = scene.breakers.verdict(scene.first)
    assert verdict.until - verdict.at == 20


def test_a_probe_whose_caller_leaves_may_be_sent_again(scene: Scene) -> None:
    scene.fail()
    _probe(scene)

    scene.breakers.left(scene.first)

    assert scene.order() == IN_ORDER
    scene.clock.now += breaker.PROBE_LEASE_S + 1
    assert scene.order() == FIRST_LAST


def test_what_was_under_way_before_it_opened_decides_nothing(scene: Scene) -> None:
    scene.fail()
    scene.clock.now += 1

    scene.breakers.passed(scene.first, 5.0)
    assert scene.breakers.state(scene.first) == "open"
    scene.breakers.passed(scene.first, 0.5)

    assert scene.breakers.state(scene.first) == "closed"


def test_the_later_of_two_verdicts_holds(scene: Scene) -> None:
    now = scene.clock.now
    scene.breakers.learn(scene.first, breaker._opened(now, 1, "elsewhere"))
    assert scene.order() == FIRST_LAST

    scene.breakers.learn(scene.first, Verdict(now - 1, is_open=False))
    assert scene.breakers.state(scene.first) == "open"
    scene.breakers.learn(scene.first, Verdict(now + 1, is_open=False))

    assert scene.breakers.state(scene.first) == "closed"
    assert scene.verdicts == []


def test_nothing_is_kept_of_offers_that_are_well(scene: Scene) -> None:
    scene.breakers.begin(scene.first)
    scene.breakers.passed(scene.first, 0.1)
    scene.breakers.left(scene.first)
    scene.breakers.grant_probe(scene.first)
    scene.breakers.put_off(scene.first)
    scene.breakers.learn(scene.first, Verdict(1.0, is_open=False))

    assert scene.breakers.state(scene.first) == "closed"
    assert list(scene.breakers.verdicts()) == []
