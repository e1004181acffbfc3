"""Whose address counts, whatever the headers say."""

import pytest
from django.test import RequestFactory, override_settings

from apps.accounts.client_ip import client_ip


@pytest.mark.parametrize(
    ("peer", "headers", "expected"),
    [
        ("203.0.113.9", {}, "203.0.113.9"),
        ("203.0.113.9", {"X-Forwarded-For": "1.1.1.1"}, "203.0.113.9"),
        ("203.0.113.9", {"CF-Connecting-IP": "1.1.1.1"}, "203.0.113.9"),
        ("10.0.0.1", {}, "10.0.0.1"),
        ("10.0.0.1", {"X-Forwarded-For": "1.1.1.1, 203.0.113.9"}, "203.0.113.9"),
        ("10.0.0.1", {"X-Forwarded-For": "1.1.1.1, 10.0.0.7"}, "1.1.1.1"),
        ("10.0.0.1", {"X-Forwarded-For": "nonsense"}, "10.0.0.1"),
        ("10.0.0.1", {"X-Forwarded-For": "10.0.0.7"}, "10.0.0.1"),
        ("10.0.0.1", {"CF-Connecting-IP": "203.0.113.9"}, "203.0.113.9"),
        ("", {"X-Forwarded-For": "1.1.1.1"}, "0.0.0.0"),  # noqa: S104  # nothing binds
    ],
)
@override_settings(TRUSTED_PROXIES=["10.0.0.0/8"])
def test_only_a_trusted_proxy_is_believed(
    peer: str, headers: dict[str, str], expected: str
) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers)

    assert client_ip(request) == expected
