"""What runs on the clock: archives, retention, deletions."""

from apps.jobs.job import job
from apps.jobs.lock import Held
from apps.privacy import erasing, exporting, retention


@job("privacy.export")
def build_archives(held: Held) -> str:
    return exporting.build_archives(held)


@job("privacy.retention")
def enforce_retention(held: Held) -> str:
    """Archives last a week, prompts as long as their organization says."""
    summary = retention.enforce(held)
    archives, late = exporting.expire(held), erasing.sweep_late_rows(held)
    return f"{summary}, {archives} archives expired, {late} late rows removed"


@job("privacy.erase")
def erase_due(held: Held) -> str:
    reminded = erasing.remind(held)
    return f"{erasing.erase_due(held)}, {reminded} reminded"
