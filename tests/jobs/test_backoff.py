"""Waits grow, stay below their cap, and spread by a quarter."""

from hypothesis import given
from hypothesis import strategies as st

from apps.jobs.backoff import delay_s

CHANCES = st.floats(0, 1)


@given(st.integers(1, 10_000), CHANCES)
def test_a_wait_is_never_far_from_its_usual(attempt: int, chance: float) -> None:
    usual = delay_s(attempt, base_s=30, cap_s=3600, chance=0.5)

    assert 30 <= usual <= 3600
    wait = delay_s(attempt, base_s=30, cap_s=3600, chance=chance)
    assert usual * 0.75 <= wait <= usual * 1.25


def test_waits_double_up_to_the_cap() -> None:
    waits = [delay_s(n, base_s=30, cap_s=300, chance=0.5) for n in range(1, 7)]

    assert waits == [30, 60, 120, 240, 300, 300]
