"""What signs a message, and what its receiver refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.alerts.signing import WINDOW_S, is_genuine, new_secret, sign

NOW = 1_790_000_000
KEY = "whsec_of-the-tests-only"


@given(st.binary(max_size=200), st.integers(-WINDOW_S, WINDOW_S))
def test_what_was_signed_is_genuine_within_the_window(body: bytes, late: int) -> None:
    header = sign(body, [KEY], at=NOW)

    assert is_genuine(header, body, KEY, now=NOW + late)
    assert not is_genuine(header, body + b"x", KEY, now=NOW + late)
    assert not is_genuine(header, body, "whsec_other", now=NOW + late)


def test_an_old_message_is_refused() -> None:
    header = sign(b"{}", [KEY], at=NOW)

    assert not is_genuine(header, b"{}", KEY, now=NOW + WINDOW_S + 1)
    assert not is_genuine(header, b"{}", KEY, now=NOW - WINDOW_S - 1)


def test_while_a_secret_is_replaced_both_are_right() -> None:
    header = sign(b"{}", ["whsec_new", KEY], at=NOW)

    assert is_genuine(header, b"{}", KEY, now=NOW)
    assert is_genuine(header, b"{}", "whsec_new", now=NOW)


@pytest.mark.parametrize(
    "header", ["", "v1=ab", "t=x,v1=ab", f"t={NOW}", f"t={NOW},t={NOW},v1=é", "t=٣,v1="]
)
def test_what_is_no_signature_is_refused(header: str) -> None:
    assert not is_genuine(header, b"{}", KEY, now=NOW)


def test_each_secret_is_another_of_256_bits() -> None:
    made = {new_secret() for _ in range(20)}

    assert len(made) == 20
    assert all(len(secret) == len("whsec_") + 43 for secret in made)
