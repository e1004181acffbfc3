"""Errors as pages for people and as JSON for programs."""

import json
import logging
from typing import Any

import pytest
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from apps.accounts import http
from apps.kit import errors


def _page(path: str = "/keys/") -> HttpRequest:
    return RequestFactory().get(path)


ANSWERS: list[tuple[Any, int, str]] = [
    (lambda r: http.bad_request(r, SuspiciousOperation()), 400, "validation_error"),
    (lambda r: http.bad_request(r, RequestDataTooBig()), 413, "payload_too_large"),
    (lambda r: http.permission_denied(r, Exception()), 403, "permission_denied"),
    (http.csrf_failed, 403, "permission_denied"),
    (lambda r: http.not_found(r, Http404()), 404, "not_found"),
    (http.server_error, 500, "internal_error"),
]


@pytest.mark.parametrize(("answer", "status", "code"), ANSWERS)
def test_people_get_a_page(answer: Any, status: int, code: str) -> None:
    page: HttpResponse = answer(_page())

    assert page.status_code == status
    assert b"<html" in page.content


@pytest.mark.parametrize(("answer", "status", "code"), ANSWERS)
def test_programs_get_the_documented_shape(answer: Any, status: int, code: str) -> None:
    reply: HttpResponse = answer(_page("/v1/nothing"))

    assert reply.status_code == status
    body = json.loads(reply.content)
    assert body["error"]["code"] == code
    assert set(body["error"]) == {"code", "message", "type", "param"}
    assert body["request_id"]


def test_a_page_too_many_says_when_to_come_back() -> None:
    error = errors.RateLimitedError("Slow down.", retry_after_s=3)
    page = http.error_response(_page(), error)

    assert (page.status_code, page.headers["Retry-After"]) == (429, "3")


@pytest.mark.django_db
def test_a_host_that_is_not_ours_is_refused(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.CRITICAL):
        answer = client.get("/keys/", headers={"Host": "evil.example"})

    assert answer.status_code == 400
