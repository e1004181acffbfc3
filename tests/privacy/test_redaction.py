"""What is taken out of a prompt before it is stored, and what stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.privacy.redaction import KINDS, pieces, redact

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc\n-----END RSA PRIVATE KEY-----"
HITS = [
    ("email", "write to olga.o+x@mail.example.co.uk, please", 1),
    ("email", "a@b.de and c@d.org", 2),
    ("phone", "+49 30 1234567", 1),
    ("phone", "+1 (555) 123-4567", 1),
    ("phone", "0044 20 7946 0958", 1),
    ("phone", "(555) 123-4567", 1),
    ("phone", "555-234-5678", 1),
    ("phone", "call 0171/1234567 or 030 12345678", 2),
    ("card", "4111 1111 1111 1111.", 1),
    ("card", "5500-0000-0000-0004", 1),
    ("card", "378282246310005", 1),
    ("iban", "DE89 3704 0044 0532 0130 00", 1),
    ("iban", "to GB82WEST12345698765432 now", 1),
    ("secret", "sk-proj-abcdefghijklmnopqrstuvwx", 1),
    ("secret", "mx_live_" + "aB3" * 13, 1),
    ("secret", "AKIAIOSFODNN7EXAMPLE", 1),
    ("secret", "password: hunter2hunter2", 1),
    ("secret", "API_KEY='abc123def456'", 1),
    ("secret", "Authorization: Bearer abcdefghijklmnopqrstuvwxyz", 1),
    ("secret", "postgres://bob:hunter2@db/x", 1),
    ("secret", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghijklmnop", 1),
    ("secret", PEM, 1),
]
MISSES = [
    "2026-11-21",
    "01-02-2026",
    "2026-11-21T08:09:10+00:00",
    "192.168.10.20",
    "version 1.2.3",
    "3.14159265358979",
    "$1,234,567.89",
    "order 4111111111111112",
    "1234567890123456",
    "DE89370400440532013001",
    "user@host",
    "@olga",
    "secret santa",
    "the password is long",
    "input_tokens: 1200",
    "018f3b1c-4e5d-7a6b-8c9d-0e1f2a3b4c5d",
    "ISBN 978-3-16-148410-0",
    "1763712000000",
    "a+b+12",
    "https://example.com/a:b",
]


@pytest.mark.parametrize(("kind", "text", "found"), HITS)
def test_what_is_private_is_taken_out(kind: str, text: str, found: int) -> None:
    clean = redact(text, KINDS)

    assert clean.found == found
    assert clean.text.count(f"[{kind} removed]") == found


@pytest.mark.parametrize("text", MISSES)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert redact(text, KINDS).text == text


@pytest.mark.parametrize(("kind", "text", "found"), HITS)
def test_a_kind_that_is_not_asked_for_stays(kind: str, text: str, found: int) -> None:
    others = [other for other in KINDS if other != kind]

    assert f"[{kind} removed]" not in redact(text, others).text


def test_what_surrounds_a_find_stays() -> None:
    text = "From olga@example.com: my card is 4111 1111 1111 1111, thanks."

    assert redact(text, KINDS).text == (
        "From [email removed]: my card is [card removed], thanks."
    )


def test_a_private_key_stays_in_one_piece() -> None:
    text = f"{'x' * 50}\n{PEM}\n{'y' * 50}\n"

    assert any(PEM in piece for piece in pieces(text, 10))


@given(st.text(alphabet="ab1 @+.-:/\n=", max_size=400), st.integers(1, 50))
def test_pieces_are_the_whole_text(text: str, size: int) -> None:
    assert "".join(pieces(text, size)) == text


@given(st.text(max_size=300))
def test_any_text_is_taken(text: str) -> None:
    assert redact(text, KINDS).found >= 0


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "1",
        "1 ",
        "+1 ",
        "A1B2 ",
        "password=",
        "://a:",
        "-----BEGIN PRIVATE KEY-----",
        "01234 ",
        "a@b.",
        "eyJ",
    ],
)
def test_hostile_text_is_done_with(unit: str) -> None:
    """Work that grew with the square of the length would take minutes here."""
    text = unit * (100_000 // len(unit))

    assert redact(text, KINDS).found >= 0
