"""Pages of experiments.

`router/experiments.html` takes `experiments` and `can_manage`.
`router/experiment_new.html` takes `form` and `suggestions`.
`router/experiment.html` takes `experiment`, `results`, `judgements`, `can_manage`,
`promotion` (what a promotion would do, in words) and `can_undo`.
"""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.http import OrgRequest
from apps.accounts.roles import may, role_required
from apps.kit.errors import ConflictError, NotFoundError, ValidationError
from apps.router import experiment_services
from apps.router.alias_queries import suggestions
from apps.router.experiment_api import ACTS
from apps.router.experiment_forms import NewExperimentForm
from apps.router.experiment_queries import (
    experiments,
    get_experiment,
    judgements,
    results,
)

DONE = {
    "start": "The experiment runs: the next request takes part.",
    "stop": "The experiment is stopped.",
    "promote": "The candidate answers the alias from now on.",
    "undo": "The alias is routed as it was before.",
}


@login_required
@require_GET
@role_required("aliases.read")
def experiment_list(request: OrgRequest) -> HttpResponse:
    """Every experiment, newest first."""
    context = {"experiments": experiments(), "can_manage": _can_manage(request)}
    return render(request, "router/experiments.html", context)


@login_required
@require_http_methods(["GET", "POST"])
@role_required("policy.manage")
def new_experiment(request: OrgRequest) -> HttpResponseBase:
    """A form for a new experiment, and make it: a draft."""
    form = NewExperimentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = experiment_services.create_experiment(form.wanted())
        except ValidationError as problem:
            field = problem.param if problem.param in form.fields else None
            form.add_error(field, problem.message)
        else:
            messages.success(request, "The draft is made. Start it when you like.")
            return redirect("router:experiment", experiment_id=made.id)
    status = 422 if form.errors else 200
    context = {"form": form, "suggestions": suggestions()}
    return render(request, "router/experiment_new.html", context, status=status)


@login_required
@require_GET
@role_required("aliases.read")
def experiment(request: OrgRequest, experiment_id: UUID) -> HttpResponse:
    """One experiment with what it says by now; the figures renew themselves."""
    try:
        found = get_experiment(experiment_id)
    except NotFoundError as problem:
        raise Http404 from problem
    context: dict[str, Any] = {
        "experiment": found,
        "results": results(found),
        "judgements": judgements(found),
        "can_manage": _can_manage(request),
        "can_undo": found.promoted_arm and found.alias.rules == found.rules_after,
    }
    part = "#results" if request.headers.get("HX-Request") else ""
    return render(request, f"router/experiment.html{part}", context)


@login_required
@require_POST
@role_required("policy.manage")
def change_experiment(
    request: OrgRequest, experiment_id: UUID, act: str
) -> HttpResponse:
    """Start, stop, promote or undo; `delete` removes it."""
    if act not in {*ACTS, "delete"}:
        raise Http404
    try:
        if act == "delete":
            experiment_services.delete_experiment(experiment_id)
            messages.success(request, "The experiment is deleted.")
            return redirect("router:experiments")
        ACTS[act](experiment_id)
    except NotFoundError as problem:
        raise Http404 from problem
    except (ConflictError, ValidationError) as problem:
        messages.error(request, problem.message)
    else:
        messages.success(request, DONE[act])
    return redirect("router:experiment", experiment_id=experiment_id)


def _can_manage(request: OrgRequest) -> bool:
    return may(request.membership.role, "policy.manage")
