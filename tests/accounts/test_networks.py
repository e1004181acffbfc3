"""Address ranges of allow lists, IPv4 and IPv6."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.accounts.key_rules import clean_models, clean_networks
from apps.accounts.networks import contains, network


@pytest.mark.parametrize(
    ("ranges", "address", "is_in"),
    [
        (["192.0.2.7"], "192.0.2.7", True),
        (["192.0.2.7"], "192.0.2.8", False),
        (["10.0.0.7/8"], "10.255.0.1", True),
        (["2001:db8::/32"], "2001:db8:1::5", True),
        (["2001:db8::/32"], "2001:db9::1", False),
        # A dual-stack socket's way to show an IPv4 peer.
        (["192.0.2.0/24"], "::ffff:192.0.2.1", True),
        (["::ffff:192.0.2.0/120"], "192.0.2.1", True),
        (["0.0.0.0/0"], "::1", False),
        (["192.0.2.0/24", "::1"], "::1", True),
        (["192.0.2.0/24"], "", False),
        (["192.0.2.0/24"], "unix:", False),
    ],
)
def test_an_address_is_in_a_range_or_not(
    ranges: list[str], address: str, *, is_in: bool
) -> None:
    assert contains(map(network, ranges), address) is is_in


@pytest.mark.parametrize("text", ["", "localhost", "192.0.2.0/33", "1.2.3", "*", "1"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no address and no range"):
        clean_networks([text])


@given(st.ip_addresses())
def test_every_address_is_in_its_own_range(address: object) -> None:
    text = str(address)

    assert contains([network(text)], text)


def test_ranges_are_kept_in_their_usual_spelling_and_once() -> None:
    given_ranges = ["10.1.2.3/8", "10.0.0.0/8", " 2001:DB8::1 "]

    assert clean_networks(given_ranges) == ["10.0.0.0/8", "2001:db8::1/128"]


@pytest.mark.parametrize(
    "patterns", [["[a-z]"], ["a b"], [""], ["x" * 201], ["a", "b%"], ["-x"]]
)
def test_a_pattern_is_an_id_with_stars_and_question_marks(patterns: list[str]) -> None:
    with pytest.raises(ValueError, match="no model id"):
        clean_models(patterns)


def test_patterns_are_kept_in_lower_case_and_once() -> None:
    assert clean_models(["OpenAI/*", "openai/*", "*"]) == ["openai/*", "*"]


def test_a_list_has_an_end() -> None:
    with pytest.raises(ValueError, match="50 entries"):
        clean_models([f"a/{n}" for n in range(51)])
