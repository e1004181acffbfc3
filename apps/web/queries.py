"""Reads that join several apps, as the pages of this one show them."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.urls import reverse

from apps.accounts.roles import may
from apps.catalog.models import AIModel, Provider
from apps.router.period import Mode, Period
from apps.router.queries import (
    RequestFilter,
    RequestLine,
    UsageLine,
    UsageReport,
    recent_requests,
    usage,
)

LATEST = 8
MOST_FOUND = 8


@dataclass(frozen=True)
class DayLine:
    """One day of the chart and of the table beside it; quiet days are zeros."""

    day: date
    requests: int
    failed: int
    cost: Decimal
    savings: Decimal


@dataclass(frozen=True)
class Board:
    """Everything on the dashboard, for one range of days."""

    usage: UsageReport
    days: list[DayLine]
    latest: list[RequestLine]  # of any day, so that a quiet range shows how old

    @property
    def is_new(self) -> bool:
        """Nothing was ever asked, so there is nothing but a first step to show."""
        return not self.usage.total_requests and not self.latest

    @property
    def newest_at(self) -> datetime | None:
        return self.latest[0].request.created_at if self.latest else None

    @property
    def failed_share(self) -> float | None:
        total = self.usage.total_requests
        return self.usage.failed_requests / total if total else None

    @property
    def savings_share(self) -> float | None:
        """Savings as a share of what the baseline would have cost."""
        baseline = self.usage.baseline_cost
        return float(self.usage.estimated_savings / baseline) if baseline else None

    @property
    def priced_requests(self) -> int:
        return self.usage.total_requests - self.usage.unpriced_requests


@dataclass(frozen=True)
class Destination:
    """Somewhere the search can lead."""

    title: str
    url: str
    icon: str
    note: str


# Title, address, icon, and what one's role must allow, if anything.
PAGES = (
    ("Dashboard", "web:dashboard", "gauge", "usage.read"),
    ("Portfolio", "portfolio:home", "layers", "portfolio.read"),
    ("Quick start", "portfolio:quick-start", "layers", "portfolio.manage"),
    ("Import usage", "portfolio:import", "download", "portfolio.manage"),
    ("Opportunities", "opportunities:list", "lightbulb", "opportunities.read"),
    ("Sanity checks", "checks:list", "list-checks", "checks.read"),
    ("New sanity check", "checks:new", "list-checks", "checks.run"),
    ("Savings", "savings:home", "wallet", "savings.read"),
    ("Switches", "savings:switches", "wallet", "savings.read"),
    ("Alerts", "alerts:inbox", "bell", "alerts.read"),
    ("Alert preferences", "alerts:preferences", "bell", "alerts.read"),
    ("Alert channels", "alerts:channels", "bell", "alerts.read"),
    ("Alert rules", "alerts:rules", "bell", "alerts.read"),
    ("Usage", "router:usage", "chart-column", "usage.read"),
    ("Requests", "router:requests", "scroll-text", "requests.read"),
    ("Agent runs", "router:runs", "bot", "requests.read"),
    ("Provider health", "router:health", "heart-pulse", "usage.read"),
    ("Connect a program", "router:connect", "plug", "usage.read"),
    ("Reconcile a bill", "router:reconcile", "scale", "invoices.read"),
    ("Aliases", "router:aliases", "route", "aliases.read"),
    ("Routing policy", "router:policy", "route", "aliases.read"),
    ("Experiments", "router:experiments", "flask-conical", "aliases.read"),
    ("Playground", "router:playground", "flask-conical", "router.call"),
    ("API keys", "accounts:keys", "key-round", "keys.read"),
    ("Catalog", "catalog:models", "boxes", ""),
    ("Compare models", "catalog:compare", "boxes", ""),
    ("Price changes", "catalog:changes", "boxes", ""),
    ("Deprecations", "catalog:deprecations", "boxes", ""),
    ("Providers", "catalog:providers", "boxes", ""),
    ("Calculator", "web:calculator", "gauge", ""),
    ("Pricing", "web:pricing", "wallet", ""),
    ("API reference", "api-docs", "book-open", ""),
    ("E-mail addresses", "account_email", "mail", ""),
    ("Password", "account_change_password", "user", ""),
)


def dashboard_of(period: Period, mode: Mode) -> Board:
    """The organization's usage of the period, and its latest requests of the mode."""
    report = usage(period.start, period.end, mode)
    return Board(
        usage=report,
        days=_every_day(report.by_day, period),
        latest=list(recent_requests(RequestFilter(mode=mode), size=LATEST).lines),
    )


def _every_day(lines: list[UsageLine], period: Period) -> list[DayLine]:
    by_day = {line.label: line for line in lines}
    return [_day_line(day, by_day.get(day.isoformat())) for day in period.days]


def _day_line(day: date, line: UsageLine | None) -> DayLine:
    if line is None:
        return DayLine(day, 0, 0, Decimal(0), Decimal(0))
    return DayLine(day, line.requests, line.failed, line.cost, line.savings)


def catalog_size() -> dict[str, int]:
    """How much of the market this installation knows."""
    return {
        "models": AIModel.objects.count(),
        "providers": Provider.objects.filter(offers__isnull=False).distinct().count(),
    }


def find_destinations(words: str, *, role: str) -> list[Destination]:
    """Pages that the role may open first, then models."""
    pages = [
        Destination(title, reverse(name), icon, "Page")
        for title, name, icon, action in PAGES
        if words.lower() in title.lower() and (not action or may(role, action))
    ]
    return pages + (_models(words) if words else [])


def _models(words: str) -> list[Destination]:
    slugs = AIModel.objects.filter(slug__icontains=words).values_list("slug", flat=True)
    return [
        Destination(slug, reverse("catalog:model", args=[slug]), "layers", "Model")
        for slug in slugs[:MOST_FOUND]
    ]
