"""Pages of switches: the list, the form, one switch while it runs and after.

`savings/switches.html` takes `switches` and `can_manage`.
`savings/switch_new.html` takes `proposal`, `form`, `opportunity` (or None), `target`,
`migration` and `suggestions`.
`savings/switch.html` takes `progress` (Progress) and `can_manage`; its partial
`progress` renews itself.
"""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.http import OrgRequest
from apps.accounts.roles import may, role_required
from apps.catalog.models import AIModel
from apps.kit.clock import utc_now
from apps.kit.errors import ConflictError, NotFoundError, ValidationError
from apps.opportunities.models import Opportunity
from apps.opportunities.queries import get_opportunity
from apps.portfolio.models import UseCase
from apps.portfolio.queries import get_use_case
from apps.router.alias_queries import suggestions
from apps.savings import services
from apps.savings.forms import SwitchForm, TargetForm
from apps.savings.migrating import migration_of
from apps.savings.models import Switch
from apps.savings.progress import progress_of
from apps.savings.proposing import Proposal, propose
from apps.savings.queries import get_switch, switches

DONE: Final = {
    "at_once": "{0} answers from now on. One click undoes it.",
    "canary": "The canary runs: {0} answers its part of the conversations.",
    "shadow": "The shadow runs: {0} answers too, and nobody hears it.",
    "recorded": "The decision is recorded. Change the model in your code next.",
}
ACTS: Final[dict[str, tuple[Callable[[UUID], Switch], str]]] = {
    "promote": (services.promote, "The switch goes on."),
    "roll-back": (services.roll_back, "Rolled back: all is as it was before."),
    "undo": (services.undo, "Undone: the use case runs as it did before."),
}


@login_required
@require_GET
@role_required("savings.read")
def switch_list(request: OrgRequest) -> HttpResponse:
    """Every switch, newest first."""
    context = {"switches": switches(), "can_manage": _can_manage(request)}
    return render(request, "savings/switches.html", context)


@login_required
@require_http_methods(["GET", "POST"])
@role_required("switches.manage")
def switch_opportunity(request: OrgRequest, opportunity_id: UUID) -> HttpResponseBase:
    """Accept an opportunity: what will happen, and do it."""
    try:
        opportunity = get_opportunity(opportunity_id)
        use_case = get_use_case(opportunity.use_case_id)
    except NotFoundError as problem:
        raise Http404 from problem
    proposal = propose(
        use_case, opportunity.candidate_model, opportunity.candidate_provider_id
    )
    return _switch(request, proposal, opportunity)


@login_required
@require_http_methods(["GET", "POST"])
@role_required("switches.manage")
def switch_use_case(request: OrgRequest, use_case_id: UUID) -> HttpResponseBase:
    """A switch of one's own: `to` in the address names the model."""
    try:
        use_case = get_use_case(use_case_id)
    except NotFoundError as problem:
        raise Http404 from problem
    target = TargetForm(request.GET or None)
    if not target.is_valid():
        return _choose(request, use_case, target)
    model = AIModel.objects.filter(slug=target.cleaned_data["to"]).first()
    if model is None:
        target.add_error("to", "There is no model of this name.")
        return _choose(request, use_case, target)
    return _switch(request, propose(use_case, model), None)


@login_required
@require_GET
@role_required("savings.read")
def switch_detail(request: OrgRequest, switch_id: UUID) -> HttpResponse:
    """One switch; while it is under way its figures renew themselves."""
    try:
        found = get_switch(switch_id)
    except NotFoundError as problem:
        raise Http404 from problem
    context = {
        "switch": found,
        "progress": progress_of(found, utc_now()),
        "can_manage": _can_manage(request),
    }
    part = "#progress" if request.headers.get("HX-Request") else ""
    return render(request, f"savings/switch.html{part}", context)


@login_required
@require_POST
@role_required("switches.manage")
def act_on_switch(request: OrgRequest, switch_id: UUID, act: str) -> HttpResponse:
    """Promote, roll back or undo."""
    if act not in ACTS:
        raise Http404
    return _act(request, switch_id, act)


def _act(request: OrgRequest, switch_id: UUID, act: str) -> HttpResponse:
    service, done = ACTS[act]
    try:
        service(switch_id)
    except NotFoundError as problem:
        raise Http404 from problem
    except (ConflictError, ValidationError) as problem:
        messages.error(request, problem.message)
    else:
        messages.success(request, done)
    return redirect("savings:switch-detail", switch_id=switch_id)


@login_required
@require_POST
@role_required("switches.manage")
def undo_switch(request: OrgRequest, switch_id: UUID) -> HttpResponse:
    """One click takes a switch back."""
    return _act(request, switch_id, "undo")


def _choose(request: OrgRequest, use_case: UseCase, target: TargetForm) -> HttpResponse:
    context = {"use_case": use_case, "target": target, "suggestions": suggestions()}
    status = 422 if target.errors else 200
    return render(request, "savings/switch_target.html", context, status=status)


def _switch(
    request: OrgRequest, proposal: Proposal, opportunity: Opportunity | None
) -> HttpResponseBase:
    form = SwitchForm(
        request.POST or None,
        can_route=proposal.can_route,
        initial={"seen_model": proposal.from_model.slug},
    )
    if request.method == "POST" and form.is_valid():
        made = _made(request, form, proposal, opportunity)
        if made is not None:
            done = DONE[made.mode].format(made.to_model.name)
            messages.success(request, done)
            return redirect("savings:switch-detail", switch_id=made.id)
    context: dict[str, Any] = {
        "proposal": proposal,
        "form": form,
        "opportunity": opportunity,
        "migration": migration_of(proposal),
    }
    status = 422 if form.errors else 200
    return render(request, "savings/switch_new.html", context, status=status)


def _made(
    request: OrgRequest,
    form: SwitchForm,
    proposal: Proposal,
    opportunity: Opportunity | None,
) -> Switch | None:
    after = proposal.after
    wanted = form.wanted(
        use_case_id=proposal.use_case.id,
        to_model=proposal.to_model.slug,
        to_provider=after.provider if after else "",
        opportunity_id=opportunity.id if opportunity else None,
    )
    try:
        return services.switch(wanted, by=request.user)
    except (ConflictError, ValidationError) as problem:
        field = problem.param if problem.param in form.fields else None
        form.add_error(field, problem.message)
    return None


def _can_manage(request: OrgRequest) -> bool:
    return may(request.membership.role, "switches.manage")
