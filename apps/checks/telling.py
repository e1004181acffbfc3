"""Tell of a check that has ended."""

from django.urls import reverse

from apps.alerts.services import Kind, Severity, emit
from apps.checks.evidence import ORDER
from apps.checks.models import Check, Result

WORDS = {
    "better": "is better than",
    "not_worse": "is not worse than",
    "worse": "is worse than",
}


def tell(check: Check) -> None:
    """One alert a check, in the caller's transaction."""
    is_failed = check.state == Check.State.FAILED
    emit(
        Kind.CHECK_DONE,
        severity=Severity.WARNING if is_failed else Severity.INFO,
        title=f"{check.name}: {'failed' if is_failed else _outcome(check)}",
        body=check.reason,
        url=reverse("checks:detail", args=[check.id]),
        subject=check.name,
        key=f"check-{check.id}",
    )


def _outcome(check: Check) -> str:
    """The verdicts in words; without one, that it is ready to be looked at."""
    found = Result.objects.filter(check_run=check.id).exclude(verdict="")
    rows = sorted(found, key=lambda row: (row.seat, ORDER.index(row.method)))
    first = {row.seat: row for row in reversed(rows)}
    told = [
        f"{check.seats[seat]} {WORDS[row.verdict]} {check.seats[0]}"
        for seat, row in sorted(first.items())
    ]
    return "; ".join(told) if told else "done, with no verdict yet"
