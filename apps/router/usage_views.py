"""The page of usage and its download.

`router/usage.html` takes `board` (UsageBoard), `period`, `presets`, `mode`, `modes`,
`form` (UsageFilterForm) and `state` (the address's query); its partial `report` is what
HTMX swaps.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from apps.accounts.http import OrgRequest
from apps.accounts.queries import list_keys
from apps.accounts.roles import role_required
from apps.accounts.streaming import streamed
from apps.kit.clock import utc_now
from apps.router.period import MODES, PRESETS, Period, read_mode, read_period
from apps.router.queries import UsageFilter, UsageLine, UsageReport, usage
from apps.router.request_filters import TASK_CHOICES
from apps.router.usage_export import usage_csv

# Up to here a chart of hours can be told apart; beyond, it is drawn by day.
MOST_HOURLY_DAYS: Final = 3
NOTHING: Final = UsageLine("", 0, 0, Decimal(0), Decimal(0), 0, 0)


@dataclass(frozen=True)
class Moment:
    """One hour or day of the chart and of the table beside it."""

    at: datetime
    line: UsageLine


@dataclass(frozen=True)
class UsageBoard:
    """Everything on the page, for one range and one set of filters."""

    usage: UsageReport
    moments: list[Moment]
    is_hourly: bool

    @property
    def failed_share(self) -> float | None:
        total = self.usage.total_requests
        return self.usage.failed_requests / total if total else None

    @property
    def step_s(self) -> int:
        return 3_600 if self.is_hourly else 86_400


class UsageFilterForm(forms.Form):
    """What the usage is of; kept in the address, and nonsense filters nothing."""

    model = forms.CharField(max_length=200, required=False)
    task = forms.ChoiceField(
        choices=TASK_CHOICES,
        required=False,
    )
    key = forms.ChoiceField(required=False)
    alias = forms.CharField(max_length=100, required=False)
    tag = forms.CharField(max_length=100, required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        keys = [(str(key.id), key.name) for key in list_keys()]
        self.fields["key"].choices = [("", "Any key"), *keys]  # type: ignore[attr-defined]  # a ChoiceField

    def wanted(self, mode: Any) -> UsageFilter:
        self.is_valid()
        data = self.cleaned_data
        names = ("model", "task", "alias", "tag")
        given = {name: data.get(name, "").strip() for name in names}
        key = data.get("key")
        return UsageFilter(mode=mode, key_id=UUID(key) if key else None, **given)

    @property
    def is_set(self) -> bool:
        return any(self.cleaned_data.values())


@login_required
@require_GET
@role_required("usage.read")
def usage_page(request: OrgRequest) -> HttpResponse:
    """What was used over a range: in total, over time, and by what it went to."""
    period = read_period(request.GET, today=utc_now().date())
    form, mode = UsageFilterForm(request.GET), read_mode(request.GET)
    context = {
        "board": _board(period, form.wanted(mode)),
        "period": period,
        "presets": PRESETS,
        "mode": mode,
        "modes": MODES,
        "form": form,
        "state": _state(request),
    }
    part = "#report" if request.headers.get("HX-Request") else ""
    return render(request, f"router/usage.html{part}", context)


@login_required
@require_GET
@role_required("usage.read")
def usage_download(request: OrgRequest) -> HttpResponseBase:
    """The same as CSV, in every detail, sent as it is read."""
    period = read_period(request.GET, today=utc_now().date())
    wanted = UsageFilterForm(request.GET).wanted(read_mode(request.GET))
    by_hour = _is_hourly(period)

    return streamed(
        request,
        lambda: usage_csv(period.start, period.end, wanted=wanted, by_hour=by_hour),
        org_id=request.org.id,
        content_type="text/csv; charset=utf-8",
        filename=f"usage-{period.first}-{period.last}.csv",
    )


def _board(period: Period, wanted: UsageFilter) -> UsageBoard:
    is_hourly = _is_hourly(period)
    report = usage(
        period.start, period.end, wanted.mode, wanted=wanted, by_hour=is_hourly
    )
    moments = _hours(report, period) if is_hourly else _days(report, period)
    return UsageBoard(report, moments, is_hourly)


def _is_hourly(period: Period) -> bool:
    return len(period.days) <= MOST_HOURLY_DAYS


def _days(report: UsageReport, period: Period) -> list[Moment]:
    by_day = {line.label: line for line in report.by_day}
    return [
        Moment(_midnight(day), by_day.get(day.isoformat(), NOTHING))
        for day in period.days
    ]


def _hours(report: UsageReport, period: Period) -> list[Moment]:
    """Every hour up to the present one; quiet ones are zeros."""
    by_hour = {line.label: line for line in report.by_hour}
    until = min(period.end, utc_now())
    count = -(-(until - period.start) // timedelta(hours=1))
    hours = (period.start + timedelta(hours=n) for n in range(max(count, 1)))
    return [Moment(hour, by_hour.get(hour.isoformat(), NOTHING)) for hour in hours]


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _state(request: OrgRequest) -> str:
    """The address's query without what is empty, for the download."""
    return urlencode({name: str(one) for name, one in request.GET.items() if one})
