"""What our own attempts say of providers."""

from datetime import timedelta
from typing import Any

import pytest

from apps.catalog.measurements import Measured, measured_since
from apps.kit.clock import utc_now
from apps.kit.ids import uuid7
from apps.router.measured import measure
from apps.router.models import Attempt
from tests.factories import make_org

pytestmark = pytest.mark.django_db(transaction=True)


def attempt(org_id: Any, **fields: Any) -> None:
    values = {
        "org_id": org_id,
        "id": uuid7(),
        "created_at": utc_now(),
        "request_id": uuid7(),
        "number": 1,
        "provider": "groq",
        "model": "a/b",
        "outcome": "ok",
        "started_ms": 0,
        "duration_ms": 100,
    }
    Attempt(**{**values, **fields}).save(using="owner", force_insert=True)


def test_attempts_of_all_organizations_count_by_provider() -> None:
    for org in (make_org("Acme"), make_org("Globex")):
        for duration in (100, 200, 300):
            attempt(org.id, duration_ms=duration)
    attempt(org.id, outcome="server_error", duration_ms=9000)
    # The caller's doing, or ours.
    for outcome in ("cancelled", "bad_request", "refused_key", "rate_limited"):
        attempt(org.id, outcome=outcome)
    attempt(org.id, provider="mistral", outcome="timeout")

    found = {row.provider: row for row in measure(utc_now() - timedelta(days=1))}

    assert found["groq"] == Measured("groq", 7, 1, 200.0, 300.0)
    assert found["mistral"] == Measured("mistral", 1, 1, None, None)


def test_the_catalog_asks_without_knowing_the_router() -> None:
    attempt(make_org("Acme").id)

    assert measured_since(utc_now() - timedelta(days=1))["groq"].attempts == 1
    assert measured_since(utc_now() + timedelta(days=1)) == {}
