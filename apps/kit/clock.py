"""The one clock, so that a test can stop it."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    return datetime.now(UTC)
