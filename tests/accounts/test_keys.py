"""How keys are written, checked and hashed, without a database."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from apps.accounts.keys import (
    ALPHABET,
    digest,
    earlier_digests,
    is_well_formed,
    new_token,
    pepper_version,
    peppers,
)


@pytest.mark.parametrize("is_test", [True, False])
def test_a_new_key_says_its_kind_and_is_well_formed(is_test: bool) -> None:
    token = new_token(is_test=is_test)

    assert token.startswith("mx_test_" if is_test else "mx_live_")
    assert len(token) == 8 + 32 + 6
    assert is_well_formed(token)


def test_no_two_keys_are_alike() -> None:
    assert len({new_token() for _ in range(1000)}) == 1000


@given(place=st.integers(8, 45), letter=st.sampled_from(ALPHABET))
def test_any_wrong_letter_is_found(place: int, letter: str) -> None:
    token = new_token()
    wrong = token[:place] + letter + token[place + 1 :]

    assert is_well_formed(wrong) == (wrong == token)


@given(st.text())
def test_any_other_text_is_no_key(text: str) -> None:
    assert not is_well_formed(text)
    assert not is_well_formed(f"mx_live_{text}")


def test_a_checksum_belongs_to_its_kind() -> None:
    token = new_token(is_test=True)

    assert not is_well_formed(token.replace("mx_test_", "mx_live_"))


def test_the_digest_depends_on_the_pepper() -> None:
    token = new_token()
    before = digest(token)
    with override_settings(KEY_PEPPER="another"):
        assert digest(token) != before

    assert len(before) == 32


def test_a_pepper_is_rotated_by_putting_a_new_one_before_it() -> None:
    token = new_token()
    with override_settings(KEY_PEPPER="1:old"):
        old, version = digest(token), pepper_version()
    with override_settings(KEY_PEPPER="2:new, 1:old"):
        assert pepper_version() == version + 1
        assert digest(token) != old
        assert earlier_digests(token) == [old]


@pytest.mark.parametrize("setting", ["x:new", "2:", "2:new,old"])
def test_a_malformed_pepper_is_refused(setting: str) -> None:
    with pytest.raises(ImproperlyConfigured):
        peppers(setting)
