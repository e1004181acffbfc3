"""The page of providers' health: what is up, how quick, and what was out when.

`router/health.html` takes `providers` (ProviderHealth values), `chosen` (one of them or
none), `points` (Point values of the chosen one), `incidents`, `spans` and `span`.
Counts are of all organizations, so the page shows shares and percentiles alone.
"""

from datetime import timedelta
from typing import Final

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.accounts.http import OrgRequest
from apps.accounts.roles import role_required
from apps.kit.clock import utc_now
from apps.router.health_queries import (
    ProviderHealth,
    incidents,
    providers_now,
    series,
)

# What it is called, how long it is, and how long a step of its chart is.
SPANS: Final = {
    "1h": ("1 hour", timedelta(hours=1), timedelta(minutes=5)),
    "24h": ("24 hours", timedelta(hours=24), timedelta(hours=1)),
    "7d": ("7 days", timedelta(days=7), timedelta(hours=6)),
}
USUAL: Final = "24h"
INCIDENT_DAYS: Final = 30


@login_required
@require_GET
@role_required("usage.read")
def health(request: OrgRequest) -> HttpResponse:
    """Every provider that was asked in the span, one of them over time."""
    name = request.GET.get("range", USUAL)
    name = name if name in SPANS else USUAL
    _, length, step = SPANS[name]
    now = utc_now()
    providers = providers_now(over=length)
    chosen = _chosen(providers, request.GET.get("provider", ""))
    points = (
        series(provider=chosen.provider, hours=length // timedelta(hours=1), step=step)
        if chosen
        else []
    )
    context = {
        "providers": providers,
        "chosen": chosen,
        "points": points,
        "incidents": incidents(days=INCIDENT_DAYS),
        "spans": SPANS,
        "span": name,
        "words": SPANS[name][0],
        "step_s": int(step.total_seconds()),
        "since": now - length,
        "until": now - step,
        "incident_days": INCIDENT_DAYS,
    }
    return render(request, "router/health.html", context)


def _chosen(providers: list[ProviderHealth], name: str) -> ProviderHealth | None:
    named = (one for one in providers if one.provider == name)
    return next(named, providers[0] if providers else None)
