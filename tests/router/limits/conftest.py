"""Times that suit tests: leases go back soon, a busy machine may take its time."""

import pytest


@pytest.fixture(autouse=True)
def _times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.router.limits.desk.IDLE_AFTER_S", 0.2)
    # Where a count is expected, a slow moment must not have it counted elsewhere.
    monkeypatch.setattr("apps.router.limits.link.TIMEOUT_S", 5.0)
