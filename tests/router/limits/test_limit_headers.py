"""What a caller is told of his limits: one limit has a shorter way of its own."""

from hypothesis import given
from hypothesis import strategies as st

from apps.router.limits import rates
from apps.router.limits.gcra import Bucket, Outcome

BUCKETS = st.builds(
    Bucket,
    name=st.just("a"),
    kind=st.sampled_from(["requests", "tokens"]),
    owner=st.sampled_from(["API key", "organization"]),
    limit=st.integers(1, 10**9),
    window_s=st.integers(1, 100),
    cost=st.integers(0, 1000),
)


@given(BUCKETS, st.floats(0, 200))
def test_one_limit_is_told_like_several(bucket: Bucket, used_s: float) -> None:
    outcome = Outcome([used_s])

    assert rates.headers_of([bucket], outcome) == rates._of_several([bucket], outcome)
