"""From lines to proposed use cases: sums agree, and no figure is made up."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.portfolio.imports.propose import (
    MOST_PROPOSALS,
    Averages,
    Proposal,
    averages,
    context_for,
    gather,
)
from apps.portfolio.imports.read import UsageLine
from apps.portfolio.volume import MONTH_DAYS

# A busy machine is no fault of what is tested.
CALM = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
costs = st.none() | st.decimals(0, 10**6, allow_nan=False, places=6)
lines = st.lists(
    st.builds(
        UsageLine,
        day=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
        model=st.sampled_from(["gpt-4o", "claude", "mini"]),
        group=st.sampled_from(["", "support", "search"]),
        maker=st.just("openai"),
        requests=st.none() | st.integers(0, 10**6),
        input_tokens=st.integers(0, 10**9),
        cached_tokens=st.none() | st.integers(0, 10**6),
        output_tokens=st.integers(0, 10**9),
        cost_usd=costs,
    ),
    max_size=30,
)


def proposal(**fields: object) -> Proposal:
    usual: dict[str, object] = {
        "source_model": "gpt-4o",
        "group": "",
        "maker": "openai",
        "requests": 3_000,
        "input_tokens": 4_500_000,
        "cached_tokens": 900_000,
        "output_tokens": 1_500_000,
        "cost_usd": None,
        "days": 30,
    }
    return Proposal(**{**usual, **fields})  # type: ignore[arg-type]  # fields of it


@CALM
@given(lines)
def test_what_is_proposed_sums_up_to_the_file(read: list[UsageLine]) -> None:
    found, left = gather(read)

    assert left == 0
    assert len({one.key for one in found}) == len(found)
    assert sum(p.input_tokens for p in found) == sum(n.input_tokens for n in read)
    assert sum(p.output_tokens for p in found) == sum(n.output_tokens for n in read)
    assert sum(p.requests or 0 for p in found) == sum(n.requests or 0 for n in read)
    assert sum(Decimal(p.cost_usd or 0) for p in found) == sum(
        n.cost_usd or 0 for n in read
    )


@CALM
@given(lines, st.randoms())
def test_the_order_of_rows_changes_nothing(
    read: list[UsageLine], random: object
) -> None:
    shuffled = list(read)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis's Random

    assert gather(shuffled) == gather(read)


@CALM
@given(lines)
def test_a_proposal_survives_its_way_through_the_database(
    read: list[UsageLine],
) -> None:
    for one in gather(read)[0]:
        assert Proposal.from_json(one.as_json()) == one


def test_costs_that_no_row_states_stay_unknown() -> None:
    line = UsageLine(date(2026, 11, 1), "m", "", "", 1, 10, None, 5, None)

    assert gather([line])[0][0].cost_usd is None


def test_a_month_is_worked_out_from_the_days_of_the_file() -> None:
    found = averages(proposal())

    assert found == Averages(3_044, 1_500, 500, 0.2)


def test_without_calls_nothing_is_said_of_a_call_until_its_owner_says_how_many() -> (
    None
):
    silent = proposal(requests=None)

    assert averages(silent) == Averages(None, None, None, 0.2)
    month = (Decimal(4_500_000) * MONTH_DAYS / 30 / 1_000).to_integral_value()
    assert averages(silent, calls_month=1_000).input_tokens == month


def test_a_typed_count_never_overrules_the_file_s_own() -> None:
    assert averages(proposal(), calls_month=5) == averages(proposal())


@CALM
@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_the_context_holds_an_average_call_and_is_no_model_s_whole(
    inputs: int, outputs: int
) -> None:
    context = context_for(Averages(1, inputs, outputs, None))

    assert context >= min(4_096, inputs + outputs)
    assert context == 4_096 or context < 2 * max(1, inputs + outputs)


def test_more_than_anybody_looks_through_is_counted_not_shown() -> None:
    start = date(2026, 11, 1)
    many = [
        UsageLine(start + timedelta(n % 5), f"m{n}", "", "", 1, n, None, n, None)
        for n in range(MOST_PROPOSALS + 7)
    ]

    found, left = gather(many)

    assert (len(found), left) == (MOST_PROPOSALS, 7)
    assert found[0].source_model == f"m{MOST_PROPOSALS + 6}"
