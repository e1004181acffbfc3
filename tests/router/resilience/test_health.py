"""Percentiles from bins, what counts against an offer, and what waits for Postgres."""

import pytest

from apps.providers import errors
from apps.router import health
from apps.router.account import Try
from apps.router.engine.need import Scored
from apps.router.health import Average, Health, bin_of, quantile_ms
from tests.router.engine.offers import offer


def _try(duration_ms: int = 100) -> Try:
    attempt = Try(1, Scored(OFFER, 1.0, None, None, None, None), 0)
    attempt.duration_ms = duration_ms
    return attempt


OFFER = offer("a/one")


@pytest.mark.parametrize("milliseconds", [1, 7, 50, 333, 2_000, 59_000, 600_000])
def test_a_percentile_is_off_by_a_tenth_at_most(milliseconds: int) -> None:
    bins = [0] * health.BINS
    bins[bin_of(milliseconds)] = 100

    for share in (0.05, 0.5, 0.95):
        found = quantile_ms(bins, share)
        assert found is not None
        assert found == pytest.approx(milliseconds, rel=0.2, abs=1)


def test_the_ends_of_the_bins() -> None:
    assert bin_of(0) == 0
    assert bin_of(10**9) == health.BINS - 1
    assert quantile_ms([0] * health.BINS, 0.95) is None


def test_nineteen_of_twenty_are_within_the_p95() -> None:
    seen = Health()
    for _ in range(95):
        seen.answered(_try(100))
    for _ in range(5):
        seen.answered(_try(5_000))

    p95_s = seen.p95_s(OFFER.offer_id, is_stream=False)

    assert p95_s == pytest.approx(0.1, rel=0.2)
    assert seen.p95_s(OFFER.offer_id, is_stream=True) is None


def test_few_answers_make_no_percentile() -> None:
    seen = Health()
    assert seen.p95_s(OFFER.offer_id, is_stream=False) is None
    for _ in range(health.LEAST_SAMPLES - 1):
        seen.answered(_try())

    assert seen.p95_s(OFFER.offer_id, is_stream=False) is None


def test_what_all_processes_saw_goes_before_ones_own() -> None:
    seen = Health()
    for _ in range(health.LEAST_SAMPLES):
        seen.first_token(_try(), 100)
    own = seen.p95_s(OFFER.offer_id, is_stream=True)

    seen.shared_p95 = {OFFER.offer_id: (None, 700)}

    assert own == pytest.approx(0.1, rel=0.2)
    assert seen.p95_s(OFFER.offer_id, is_stream=True) == 0.7


def test_old_measurements_fade() -> None:
    seen = Health()
    for _ in range(health.LEAST_SAMPLES):
        seen.answered(_try())

    seen.fade()

    assert seen.p95_s(OFFER.offer_id, is_stream=False) is None


AGAINST_IT = [
    errors.ServerError("x"),
    errors.OverloadedError("x"),
    errors.ConnectionFailedError("x"),
    errors.BadAnswerError("x"),
    errors.ProviderTimeoutError("x"),
]
NOT_AGAINST_IT = [
    errors.AuthError("x"),
    errors.RateLimitedError("x"),
    errors.BadRequestError("x"),
    errors.TooLongError("x"),
    errors.UnsupportedError("x"),
]


@pytest.mark.parametrize("problem", AGAINST_IT, ids=lambda p: type(p).__name__)
def test_an_offer_s_own_failures_open_its_circuit(
    problem: errors.UpstreamError,
) -> None:
    seen = Health()
    for _ in range(5):
        seen.failed(_try(), problem)

    assert seen.breakers.state(OFFER.offer_id) == "open"
    pulse = seen.pulse(OFFER.offer_id)
    assert pulse is not None
    assert pulse.failed.value == 1


@pytest.mark.parametrize("problem", NOT_AGAINST_IT, ids=lambda p: type(p).__name__)
def test_a_key_s_or_a_request_s_failures_do_not(problem: errors.UpstreamError) -> None:
    seen = Health()
    for _ in range(50):
        seen.failed(_try(), problem)

    assert seen.breakers.state(OFFER.offer_id) == "closed"


def test_a_timeout_of_a_request_with_little_time_left_is_its_own() -> None:
    seen, attempt = Health(), _try()
    attempt.has_full_time = False
    for _ in range(50):
        seen.failed(attempt, errors.ProviderTimeoutError("x"))

    assert seen.breakers.state(OFFER.offer_id) == "closed"


def test_every_end_is_counted_once() -> None:
    seen = Health()
    seen.answered(_try())
    seen.failed(_try(), errors.OverloadedError("x"))
    seen.failed(_try(), errors.UpstreamError("x"))
    seen.left(_try())

    [tally] = seen.take_tallies().values()

    counts = {n: c for n, c in zip(health.OUTCOMES, tally.outcomes, strict=True) if c}
    assert counts == {"ok": 1, "overloaded": 1, "upstream_error": 1, "cancelled": 1}
    assert sum(tally.latencies) == 1
    assert seen.take_tallies() == {}


def test_what_could_not_be_written_is_counted_with_the_next() -> None:
    seen = Health()
    seen.answered(_try())
    unwritten = seen.take_tallies()
    seen.answered(_try())

    seen.give_back(unwritten)

    taken = seen.take_tallies()
    assert sum(tally.outcomes[0] for tally in taken.values()) == 2


def test_what_waits_for_postgres_is_bounded() -> None:
    seen = Health()
    for span in range(100):
        tally = health.Tally("a", "a/one")
        seen.give_back({(span * health.SPAN_S, OFFER.offer_id): tally})

    spans = [span for span, _ in seen.take_tallies()]

    assert len(spans) == health.MOST_SPANS
    assert max(spans) == 99 * health.SPAN_S


def test_an_average_moves_by_a_tenth() -> None:
    average = Average()
    for _ in range(20):
        average.add(100)
    average.add(200)

    assert average.value == pytest.approx(110)
    assert average.samples == 21
