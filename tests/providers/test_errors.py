from datetime import UTC, datetime

import pytest

from apps.providers import errors


@pytest.mark.parametrize(
    ("status", "kind", "is_retryable"),
    [
        (400, errors.BadRequestError, False),
        (401, errors.AuthError, True),
        (402, errors.AuthError, True),
        (403, errors.AuthError, True),
        (404, errors.BadRequestError, False),
        (408, errors.ProviderTimeoutError, True),
        (409, errors.ServerError, True),
        (413, errors.TooLongError, False),
        (418, errors.BadRequestError, False),
        (422, errors.BadRequestError, False),
        (429, errors.RateLimitedError, True),
        (500, errors.ServerError, True),
        (502, errors.ServerError, True),
        (503, errors.OverloadedError, True),
        (504, errors.ProviderTimeoutError, True),
        (529, errors.OverloadedError, True),
        (302, errors.BadAnswerError, True),
        (700, errors.BadAnswerError, True),
    ],
)
def test_a_status_decides_the_type(
    status: int, kind: type[errors.UpstreamError], is_retryable: bool
) -> None:
    error = errors.from_status(status)

    assert type(error) is kind
    assert error.is_retryable is is_retryable
    assert error.http_status == status
    assert error.message == f"HTTP status {status}"


def test_the_words_of_the_ledger_are_distinct() -> None:
    kinds: list[type[errors.UpstreamError]] = [
        *errors.UpstreamError.__subclasses__(),
        errors.OverloadedError,
    ]

    assert len({kind.outcome for kind in kinds}) == len(kinds)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error": {"message": "no such model"}}', "no such model"),
        (b'{"error": "plain"}', "plain"),
        (b'{"message": "at the top"}', "at the top"),
        (b'{"detail": [{"msg": "field required"}]}', "field required"),
        (b'{"object":"error","message":{"detail":[{"msg":"extra"}]}}', "extra"),
        (b'[{"error": {"message": "in a list"}}]', "in a list"),
        (b"<h1>Bad gateway</h1>", "HTTP status 500"),
        (b'{"error": {"code": 1}}', "HTTP status 500"),
        (b"[]", "HTTP status 500"),
        (b"7", "HTTP status 500"),
        (b'"\xff"', "HTTP status 500"),
        (b"[" * 5000, "HTTP status 500"),
        (
            b'{"error":{"error":{"error":{"error":{"error":"deep"}}}}}',
            "HTTP status 500",
        ),
    ],
)
def test_the_message_is_found_in_the_body(body: bytes, message: str) -> None:
    assert errors.from_status(500, body=body).message == message


@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        ({"code": 429, "message": "slow down"}, errors.RateLimitedError, 429),
        ({"code": "429"}, errors.RateLimitedError, 429),
        ({"type": "overloaded_error"}, errors.OverloadedError, 529),
        ({"code": "insufficient_quota", "type": "x"}, errors.RateLimitedError, 429),
        ({"code": None, "type": "invalid_request_error"}, errors.BadRequestError, 400),
        ({"code": "invalid_api_key"}, errors.AuthError, 401),
        ({"code": 200}, errors.ServerError, 500),
        ({"code": True}, errors.ServerError, 500),
        ({}, errors.ServerError, 500),
        ("it broke", errors.ServerError, 500),
        (None, errors.ServerError, 500),
    ],
)
def test_an_error_inside_an_answer_is_typed_by_its_code(
    error: object, kind: type[errors.UpstreamError], status: int
) -> None:
    made = errors.from_error_object(error)

    assert type(made) is kind
    assert made.http_status == status
    assert made.message


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-AbCdEf0123456789",
        "gsk_abcdefghijklmnop",
        "AIzaSyA-abcdefghijk",
        "Bearer abc.def",
        "0123456789abcdef0123456789abcdef",
        "mx_live_abcdefghijkl",
    ],
)
def test_key_material_is_hidden(secret: str) -> None:
    message = errors.from_status(401, f"Incorrect key: {secret}.").message

    assert secret not in message
    assert "[hidden]" in message


def test_a_message_is_one_short_line() -> None:
    message = errors.clean("a\x00b\r\n\tc " + "long " * 200)

    assert message.startswith("a b c long")
    assert len(message) == errors.MAX_MESSAGE
    assert message.endswith("…")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("nan", None),
        ("inf", None),
        ("999999999", errors.MAX_RETRY_AFTER_S),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30.0),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0.0),
        ("Sat, 21 Nov 2026 12:00:10 -0000", 10.0),
        ("soon", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(
    header: str | None, seconds: float | None
) -> None:
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)

    assert errors.retry_after_s(header, noon) == seconds


def test_a_retry_date_is_compared_with_the_clock() -> None:
    assert errors.retry_after_s("Mon, 01 Jan 2001 00:00:00 GMT") == 0.0
