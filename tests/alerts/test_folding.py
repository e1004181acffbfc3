"""When messages leave, when tries come, what a cool-down lets through."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from apps.alerts.cooling import let_through, still_cooling
from apps.alerts.folding import GRACE, joined
from apps.alerts.kinds import Severity
from apps.alerts.retrying import (
    CAP_S,
    MOST_TRIES,
    OFF_AFTER,
    OFF_AFTER_TRIES,
    is_hopeless,
    next_try,
)

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
FOLD = timedelta(minutes=5)
arrivals = st.lists(
    st.tuples(st.integers(0, 3600), st.sampled_from(list(Severity))), max_size=25
)


def left(times: list[tuple[int, Severity]]) -> list[tuple[datetime, int]]:
    """What a recipient gets of alerts at these seconds: moments, and how many each."""
    sent: list[tuple[datetime, int]] = []
    due: datetime | None = None
    count = 0
    for second, severity in sorted(times):
        now = START + timedelta(seconds=second)
        if due is not None and due <= now:
            sent.append((due, count))
            due, count = None, 0
        last = sent[-1][0] if sent else None
        due = joined(due, now, severity, fold=FOLD, last_left=last)
        count += 1
    return [*sent, (due, count)] if due else sent


@given(arrivals)
def test_all_leave_and_never_two_within_the_fold(
    times: list[tuple[int, Severity]],
) -> None:
    sent = left(times)

    assert sum(count for _, count in sent) == len(times)
    gaps = [b - a for (a, _), (b, _) in pairwise(sent)]
    assert all(gap >= FOLD for gap in gaps)


def test_a_burst_is_one_message_and_an_urgent_one_leaves_soon() -> None:
    burst = [(second, Severity.INFO) for second in range(60)]

    assert left(burst) == [(START + FOLD, 60)]
    assert left([*burst, (60, Severity.URGENT)]) == [
        (START + timedelta(seconds=60) + GRACE, 61)
    ]


@given(
    st.integers(1, MOST_TRIES - 1),
    st.floats(0, 1),
    st.none() | st.floats(0, 10**6),
)
def test_tries_come_later_each_time_and_within_bounds(
    tries: int, chance: float, wait_s: float | None
) -> None:
    due = next_try(START, tries, chance=chance, retry_after_s=wait_s)

    assert due is not None
    assert START < due <= START + timedelta(seconds=CAP_S * 1.25)
    if wait_s and wait_s <= CAP_S:
        assert due >= START + timedelta(seconds=wait_s)


def test_tries_end_and_a_channel_is_given_up_after_days() -> None:
    assert next_try(START, MOST_TRIES, chance=0.5) is None
    assert not is_hopeless(START, None, 99)
    assert not is_hopeless(START + OFF_AFTER, START, OFF_AFTER_TRIES - 1)
    early = START + OFF_AFTER - timedelta(seconds=1)
    assert not is_hopeless(early, START, 99)
    assert is_hopeless(START + OFF_AFTER, START, OFF_AFTER_TRIES)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 500)), max_size=30))
def test_a_subject_is_told_again_only_after_its_cool_down(
    found: list[tuple[str, int]],
) -> None:
    moments = [(s, START + timedelta(hours=h)) for s, h in sorted(found, key=_hour)]
    cooldown = timedelta(hours=24)
    told = [moments[place] for place in let_through(moments, {}, cooldown=cooldown)]

    for subject in "ab":
        mine = [at for s, at in told if s == subject]
        assert all(b - a >= cooldown for a, b in pairwise(mine))
        assert bool(mine) == any(s == subject for s, _ in moments)


def test_what_has_cooled_down_is_forgotten() -> None:
    told = {"old": START - timedelta(hours=24), "new": START - timedelta(hours=1)}

    assert set(still_cooling(told, START, cooldown=timedelta(hours=24))) == {"new"}


def _hour(pair: tuple[str, int]) -> int:
    return pair[1]
