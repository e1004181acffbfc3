"""Sealed values open where they belong, under a known key, and nowhere else."""

import base64
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.kit.sealing import (
    Keyring,
    SealError,
    Secret,
    _encrypt,
    parse_keyring,
    version_of,
)

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
RING = Keyring({1: OLD, 2: NEW})


def encoded(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).decode()


@given(st.text(), st.text())
def test_what_is_sealed_opens_where_it_belongs(clear: str, place: str) -> None:
    sealed = RING.seal(Secret(clear), bound_to=place)

    assert RING.open(sealed, bound_to=place).reveal() == clear


def test_it_opens_nowhere_else() -> None:
    sealed = RING.seal(Secret("sk-one"), bound_to="acme|openai|1")

    for place in ("globex|openai|1", "acme|groq|1", "acme|openai|2", ""):
        with pytest.raises(SealError):
            RING.open(sealed, bound_to=place)


@given(st.integers(min_value=0, max_value=10_000), st.integers(1, 255))
def test_a_changed_byte_is_noticed(place: int, flip: int) -> None:
    sealed = bytearray(RING.seal(Secret("sk-one"), bound_to="a"))
    sealed[place % len(sealed)] ^= flip

    with pytest.raises(SealError):
        RING.open(bytes(sealed), bound_to="a")


@pytest.mark.parametrize("rubbish", [b"", b"\x01", b"x" * 40, b"\x02" + bytes(140)])
def test_what_was_never_sealed_is_refused(rubbish: bytes) -> None:
    with pytest.raises(SealError):
        RING.open(rubbish, bound_to="a")


def test_what_is_cut_short_or_mixed_from_two_is_refused() -> None:
    one, two = (RING.seal(Secret("sk-one"), bound_to="a") for _ in range(2))

    for wrong in (one[:-1], one[:-8], one + b"x", one[:65] + two[65:]):
        with pytest.raises(SealError):
            RING.open(wrong, bound_to="a")
        with pytest.raises(SealError):
            RING.reseal(wrong, bound_to="a")


def test_what_holds_no_text_is_refused() -> None:
    sealed = RING.seal(Secret("\N{EM DASH}"), bound_to="a")
    data_key = RING._unwrapped(sealed, "a")

    with pytest.raises(SealError, match="text"):
        RING.open(sealed[:65] + _encrypt(data_key, b"\xff", b"a"), bound_to="a")


def test_the_highest_version_seals_and_all_of_them_open() -> None:
    before = Keyring({1: OLD}).seal(Secret("sk-one"), bound_to="a")

    assert version_of(before) == 1
    assert RING.open(before, bound_to="a") == Secret("sk-one")
    after = RING.reseal(before, bound_to="a")
    assert version_of(after) == 2
    assert RING.open(after, bound_to="a") == Secret("sk-one")


def test_a_key_that_is_gone_opens_nothing() -> None:
    sealed = RING.seal(Secret("sk-one"), bound_to="a")

    with pytest.raises(SealError, match="does not have"):
        Keyring({1: OLD}).open(sealed, bound_to="a")


def test_two_seals_of_one_secret_differ() -> None:
    assert RING.seal(Secret("a"), bound_to="b") != RING.seal(Secret("a"), bound_to="b")


def test_a_secret_and_a_keyring_do_not_show_themselves() -> None:
    secret = Secret("sk-one")

    assert "sk-one" not in f"{secret} {secret!r} {[secret]} {vars(Holder(secret))}"
    assert str(OLD) not in f"{RING} {RING!r}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)


class Holder:
    def __init__(self, secret: Secret) -> None:
        self.secret = secret


def test_secrets_compare_by_what_they_hold() -> None:
    assert {Secret("a"), Secret("a")} == {Secret("a")}
    assert Secret("a") != "a"


def test_a_keyring_is_read_from_a_setting() -> None:
    ring = parse_keyring(f"2:{encoded(NEW)}, 1:{encoded(OLD).rstrip('=')},")

    assert ring == RING
    assert ring.newest == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        encoded(OLD),
        f"x:{encoded(OLD)}",
        f"0:{encoded(OLD)}",
        f"-1:{encoded(OLD)}",
        f"1:{encoded(OLD)},1:{encoded(NEW)}",
        f"4294967296:{encoded(OLD)}",
        f"1:{encoded(OLD[:16])}",
        "1:not base64 at all, really not!",
        "1:é",
        "1:",
    ],
)
def test_a_malformed_setting_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError) as refusal:  # noqa: PT011  # the words differ
        parse_keyring(text)

    assert encoded(OLD)[:8] not in str(refusal.value)


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Keyring({1: b"short"})
