"""The page of the savings ledger and its download.

`savings/home.html` takes `board` (SavingsBoard), `period` and `presets`; its partial
`report` is what HTMX swaps.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.accounts.http import OrgRequest
from apps.accounts.roles import may, role_required
from apps.accounts.streaming import streamed
from apps.kit.clock import utc_now
from apps.router.period import PRESETS, Period, read_period
from apps.savings.export import savings_csv
from apps.savings.queries import (
    Line,
    Totals,
    by_day,
    by_product,
    by_use_case,
    has_switches,
    last_booked,
    lifetime,
    totals,
)

USUAL: Final = "30d"
SHOWN: Final = {name: PRESETS[name] for name in ("7d", "30d", "90d")}
NONE: Final = Totals()


@dataclass(frozen=True)
class Moment:
    """One day of the chart and of the table beside it."""

    at: datetime
    totals: Totals


@dataclass(frozen=True)
class SavingsBoard:
    """Everything on the page, for one range; each figure a sum of the ledger."""

    totals: Totals
    lifetime: Totals
    moments: list[Moment]
    products: list[Line]
    use_cases: list[Line]
    has_switches: bool
    booked_at: datetime | None


@login_required
@require_GET
@role_required("savings.read")
def home(request: OrgRequest) -> HttpResponse:
    """What was saved over a range: measured and estimated apart."""
    period = _period(request)
    context = {
        "board": _board(period),
        "period": period,
        "presets": SHOWN,
        "can_manage": may(request.membership.role, "switches.manage"),
    }
    part = "#report" if request.headers.get("HX-Request") else ""
    return render(request, f"savings/home.html{part}", context)


@login_required
@require_GET
@role_required("savings.read")
def download(request: OrgRequest) -> HttpResponseBase:
    """The ledger's rows of the range as CSV, sent as they are read."""
    period = _period(request)
    return streamed(
        request,
        lambda: savings_csv(period.first, period.last),
        org_id=request.org.id,
        content_type="text/csv; charset=utf-8",
        filename=f"savings-{period.first}-{period.last}.csv",
    )


def _period(request: OrgRequest) -> Period:
    asked = request.GET.dict()
    return read_period({"range": USUAL, **asked}, today=utc_now().date())


def _board(period: Period) -> SavingsBoard:
    first, last = period.first, period.last
    return SavingsBoard(
        totals(first, last),
        lifetime(),
        _moments(period),
        by_product(first, last),
        by_use_case(first, last),
        has_switches(),
        last_booked(),
    )


def _moments(period: Period) -> list[Moment]:
    """Every day of the range; days without a switch in force saved nothing."""
    days = {line.key: line.totals for line in by_day(period.first, period.last)}
    return [Moment(_midnight(day), days.get(day, NONE)) for day in period.days]


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
