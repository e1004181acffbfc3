"""How whatever goes wrong is told."""

import logging
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import OperationalError, connections
from django.http import Http404
from django.test import Client, RequestFactory
from rest_framework import exceptions
from rest_framework.request import Request

from apps.accounts.http import as_app_error, exception_handler, request_id_of
from apps.accounts.models import Organization
from apps.kit import errors
from tests.factories import make_key


@pytest.mark.parametrize(
    ("exception", "status", "code"),
    [
        (errors.BudgetExceededError("Spent."), 402, "budget_exceeded"),
        (Http404(), 404, "not_found"),
        (exceptions.NotFound(), 404, "not_found"),
        (PermissionDenied(), 403, "permission_denied"),
        (exceptions.PermissionDenied(), 403, "permission_denied"),
        (exceptions.NotAuthenticated(), 401, "invalid_api_key"),
        (exceptions.AuthenticationFailed(), 401, "invalid_api_key"),
        (exceptions.ParseError(), 400, "validation_error"),
        (exceptions.ValidationError({"a": {"b": ["No."]}}), 400, "validation_error"),
        (exceptions.MethodNotAllowed("PUT"), 405, "validation_error"),
        (exceptions.NotAcceptable(), 406, "validation_error"),
        (exceptions.UnsupportedMediaType("x"), 415, "validation_error"),
        (exceptions.Throttled(wait=3), 429, "rate_limited"),
        (RequestDataTooBig(), 413, "payload_too_large"),
        (OperationalError("secret host"), 503, "internal_error"),
        (ZeroDivisionError("secret detail"), 500, "internal_error"),
    ],
)
def test_each_exception_has_its_answer(
    exception: Exception, status: int, code: str
) -> None:
    error = as_app_error(exception)

    assert (error.status, error.code) == (status, code)
    assert error.message
    assert "secret" not in error.message


def test_a_complaint_names_its_field() -> None:
    nested = exceptions.ValidationError({"a": {"b": ["No."]}})
    overall = exceptions.ValidationError({"non_field_errors": ["Neither."]})

    assert (as_app_error(nested).param, as_app_error(nested).message) == ("a.b", "No.")
    assert as_app_error(overall).param is None


def test_an_unexpected_error_is_logged_with_its_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    request = Request(RequestFactory().get("/v1/models"))
    with caplog.at_level(logging.ERROR):
        answer = exception_handler(ZeroDivisionError("detail"), {"request": request})

    assert answer.status_code == 500
    assert "ZeroDivisionError: detail" in caplog.text


def test_a_wait_is_told_in_whole_seconds() -> None:
    request = Request(RequestFactory().get("/v1/models"))
    error = errors.RateLimitedError("Slow down.", retry_after_s=1.2)

    answer = exception_handler(error, {"request": request})

    assert answer.headers["Retry-After"] == "2"


def test_the_raw_front_gives_the_request_its_id() -> None:
    request: Any = RequestFactory().get("/")
    request.scope = {"modeloptix.request_id": "given"}

    assert request_id_of(request) == request_id_of(Request(request)) == "given"


def test_a_key_cannot_be_checked_while_the_database_is_away(
    transactional_db: None,
    acme: Organization,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, token = make_key(acme)
    connections["default"].close()
    monkeypatch.setitem(connections["default"].settings_dict, "HOST", "/nowhere")

    answer = client.get("/api/v1/keys", headers={"X-API-Key": token})

    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "internal_error"
