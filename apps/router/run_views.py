"""Agent runs: their list, and one run step by step."""

from datetime import datetime

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.accounts.http import OrgRequest
from apps.accounts.roles import role_required
from apps.router.run_queries import MOST_RUNS, find_run, latest_runs


@login_required
@require_GET
@role_required("requests.read")
def runs(request: OrgRequest) -> HttpResponse:
    """The runs that were begun last; `router/runs.html` takes `runs` and `before`."""
    found = latest_runs(before=_before(request))
    next_before = found[-1].started_at if len(found) == MOST_RUNS else None
    return render(request, "router/runs.html", {"runs": found, "before": next_before})


@login_required
@require_GET
@role_required("requests.read")
def run(request: OrgRequest, run_id: str) -> HttpResponse:
    """One run; `router/run.html` takes `run`."""
    found = find_run(run_id)
    if found is None:
        raise Http404
    return render(request, "router/run.html", {"run": found})


def _before(request: OrgRequest) -> datetime | None:
    try:
        moment = datetime.fromisoformat(request.GET["before"])
    except (KeyError, ValueError):
        return None
    return moment if moment.tzinfo else None
