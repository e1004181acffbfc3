"""No secret reaches a stored error."""

import pytest
from django.conf import settings

from apps.jobs.redact import MASK, describe, redact

SECRET = "aB3dE5gH7jK9mN1p"


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://app:{SECRET}@db/x refused",
        f"Authorization: Bearer {SECRET}",
        f"{{'authorization': 'Basic {SECRET}'}}",
        f"GET /v1/models?api_key={SECRET}&page=2 gave 401",
        f"x-api-key: {SECRET}",
        f"client_secret={SECRET}",
        f'"password": "{SECRET}"',
        f"Incorrect API key provided: sk-{SECRET}",
        f"key mx_live_{SECRET} is unknown",
        f"token eyJ{SECRET}.{SECRET}.{SECRET}",
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text: str) -> None:
    assert SECRET not in redact(text)
    assert MASK in redact(text)


def test_our_own_secrets_are_taken_out_wherever_they_stand() -> None:
    assert settings.SECRET_KEY not in redact(f"signed with {settings.SECRET_KEY}!")


def test_the_rest_stays_readable() -> None:
    text = "OpenRouter answered 503 to GET https://openrouter.ai/api/v1/models?page=2"

    assert redact(text) == text


def test_an_error_is_told_with_its_type_and_bounded() -> None:
    assert describe(ValueError("no rows")) == "ValueError: no rows"
    assert describe(TimeoutError()) == "TimeoutError"
    assert len(describe(ValueError("x" * 9999))) == 2000
    assert "\0" not in describe(ValueError("a\0b"))
