"""What pairs allow to be said, and that nothing more is said."""

from hypothesis import given
from hypothesis import strategies as st

from apps.checks.statistics import (
    find,
    mcnemar,
    needed_for,
    net_of,
    net_of_passes,
    sign_test,
)


def of(wins: int, losses: int, ties: int) -> list[float]:
    return [1.0] * wins + [-1.0] * losses + [0.0] * ties


numbers = st.integers(0, 70)
worths = st.builds(of, numbers, numbers, numbers)


def passes(both: int, gained: int, lost: int, neither: int) -> list[tuple[bool, bool]]:
    return [
        *[(True, True)] * both,
        *[(False, True)] * gained,
        *[(True, False)] * lost,
        *[(False, False)] * neither,
    ]


@given(worths)
def test_interval_holds_the_net_share_and_stays_within_its_range(
    values: list[float],
) -> None:
    net = net_of(values)

    assert -1 <= net.low <= net.net <= net.high <= 1


@given(worths)
def test_swapping_the_models_turns_the_interval_around(values: list[float]) -> None:
    net, turned = net_of(values), net_of([-value for value in values])

    assert abs(net.low + turned.high) < 1e-9
    assert abs(net.net + turned.net) < 1e-9


@given(worths, st.floats(0.01, 0.9), st.floats(0.8, 1))
def test_there_is_a_verdict_or_a_reason(
    values: list[float], margin: float, consistency: float
) -> None:
    finding = find(net_of(values), margin=margin, consistency=consistency)

    assert bool(finding.verdict) != bool(finding.why)
    if finding.verdict:
        assert len(values) >= 30


@given(st.builds(passes, numbers, numbers, numbers, numbers))
def test_interval_of_pass_rates_holds_their_difference(
    pairs: list[tuple[bool, bool]],
) -> None:
    net = net_of_passes(pairs)

    assert -1 <= net.low <= net.net <= net.high <= 1


@given(st.integers(0, 200), st.integers(0, 200))
def test_sign_test_is_a_probability_and_knows_no_side(wins: int, losses: int) -> None:
    assert 0 <= sign_test(wins, losses) <= 1
    assert sign_test(wins, losses) == sign_test(losses, wins)


def test_few_pairs_have_no_verdict_however_clear_they_look() -> None:
    finding = find(net_of(of(29, 0, 0)), margin=0.15)

    assert (finding.verdict, finding.why) == ("", "Not enough prompts: need about 30.")


def test_equal_models_are_not_worse_once_there_are_enough_prompts() -> None:
    few, many = of(12, 12, 26), of(50, 50, 100)

    assert find(net_of(few), margin=0.15).needed == 132
    assert find(net_of(many), margin=0.15).verdict == "not_worse"


def test_a_model_that_wins_is_better_and_one_that_loses_is_worse() -> None:
    assert find(net_of(of(40, 10, 50)), margin=0.15).verdict == "better"
    assert find(net_of(of(10, 60, 30)), margin=0.15).verdict == "worse"


def test_a_judge_that_contradicts_itself_gets_no_verdict() -> None:
    finding = find(net_of(of(90, 5, 5)), margin=0.15, consistency=0.79)

    assert finding.verdict == ""
    assert "79%" in finding.why
    assert finding.needed is None


def test_no_number_of_prompts_is_called_for_at_the_margin_itself() -> None:
    assert needed_for(net_of(of(35, 50, 15)), 0.15) is None


def test_pairs_that_all_tie_are_no_proof_of_no_difference_at_all() -> None:
    net = net_of(of(0, 0, 30))

    assert net.low < 0 < net.high


def test_where_all_pass_the_interval_is_wider_than_nothing() -> None:
    net = net_of_passes([(True, True)] * 30)

    assert net.net == 0
    assert -0.15 < net.low < -0.05


def test_mcnemar_counts_only_where_the_two_differ() -> None:
    assert mcnemar(0, 0) == 1
    assert round(mcnemar(1, 9), 4) == 0.0215
