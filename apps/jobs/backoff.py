"""How long to wait before the next try: longer each time, and never in step."""

from typing import Final

# Many that failed together must not come back together.
JITTER: Final = 0.25


def delay_s(attempt: int, *, base_s: float, cap_s: float, chance: float) -> float:
    """Seconds after the given failed attempt (from 1), `chance` from 0 to 1.

    `base_s · 2ⁿ⁻¹`, at most `cap_s`, then up to a quarter more or less.
    """
    # The exponent is bounded as well: a float ends at 2¹⁰²³.
    usual = min(base_s * 2.0 ** min(attempt - 1, 64), cap_s)
    return usual * (1 + JITTER * (2 * chance - 1))
