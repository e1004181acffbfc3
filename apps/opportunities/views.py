"""Pages of opportunities.

`opportunities/list.html` takes `groups` (Group values of Card), `value` (OpenValue),
`form`, `counts`, `chips` and `can_manage`; `opportunities/detail.html` takes `card`,
`alternatives`, `changes`, `snippets`, `others`, `events`, `dismiss_form`,
`snooze_form`, `can_manage` and `can_switch`.
"""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.http import OrgRequest
from apps.accounts.roles import may, role_required
from apps.kit.errors import ConflictError
from apps.opportunities import services
from apps.opportunities.cards import Card
from apps.opportunities.forms import STATES, DismissForm, FilterForm, SnoozeForm
from apps.opportunities.migrating import migration_of
from apps.opportunities.models import Opportunity
from apps.opportunities.others import others
from apps.opportunities.queries import (
    counts_by_state,
    events_of,
    get_opportunity,
    grouped,
    listed,
    open_value,
    opportunities_of,
)
from apps.portfolio.models import Product


@login_required
@require_GET
@role_required("opportunities.read")
def opportunities(request: OrgRequest) -> HttpResponse:
    """What could be better, by what it saves; filters are in the address."""
    form = FilterForm(request.GET)
    wanted = form.wanted()
    found = listed(wanted)
    groups = [
        {"best": Card(one.best), "others": [Card(other) for other in one.others]}
        for one in grouped(found)
    ]
    context = {
        "groups": groups,
        "value": None if wanted.state else open_value(found),
        "form": form,
        "wanted": wanted,
        "chips": _chips(request),
        "products": Product.objects.order_by("name"),
        "is_filtered": any(value for value in request.GET.values()),
        "can_manage": _can(request, "opportunities.manage"),
        "can_switch": _can(request, "switches.manage"),
    }
    return render(request, "opportunities/list.html", context)


@login_required
@require_GET
@role_required("opportunities.read")
def opportunity(request: OrgRequest, opportunity_id: UUID) -> HttpResponse:
    """Everything that one opportunity rests on."""
    found = get_opportunity(opportunity_id)
    return _page(request, found)


@login_required
@require_POST
@role_required("opportunities.manage")
def dismiss(request: OrgRequest, opportunity_id: UUID) -> HttpResponse:
    """Put one away with a reason; the toast takes it back."""
    form = DismissForm(request.POST)
    if not form.is_valid():
        return _page(
            request, get_opportunity(opportunity_id), dismiss_form=form, status=422
        )
    data = form.cleaned_data
    return _decided(
        request,
        opportunity_id,
        lambda: services.dismiss(opportunity_id, data["reason"], data["note"]),
        "is put away for 30 days, or until its price or quality moves by a tenth.",
    )


@login_required
@require_POST
@role_required("opportunities.manage")
def snooze(request: OrgRequest, opportunity_id: UUID) -> HttpResponse:
    """Keep one out of the list until a day."""
    form = SnoozeForm(request.POST)
    if not form.is_valid():
        return _page(
            request, get_opportunity(opportunity_id), snooze_form=form, status=422
        )
    until = form.cleaned_data["until"]
    return _decided(
        request,
        opportunity_id,
        lambda: services.snooze(opportunity_id, until),
        f"is put off until {until:%d %B %Y}.",
    )


@login_required
@require_POST
@role_required("opportunities.manage")
def restore(request: OrgRequest, opportunity_id: UUID) -> HttpResponse:
    """Open one again."""
    try:
        found = services.restore(opportunity_id)
    except ConflictError as problem:
        messages.error(request, problem.message)
    else:
        messages.success(request, f"{found.candidate_model.name} is open again.")
    return redirect("opportunities:detail", opportunity_id)


def _decided(
    request: OrgRequest,
    opportunity_id: UUID,
    decide: Callable[[], Opportunity],
    said: str,
) -> HttpResponse:
    try:
        found = decide()
    except ConflictError as problem:
        messages.error(request, problem.message)
        return redirect("opportunities:detail", opportunity_id)
    undo = reverse("opportunities:restore", args=[opportunity_id])
    name = f"{found.candidate_model.name} for {found.use_case.name}"
    messages.success(request, f"{name} {said}", extra_tags=undo)
    return redirect("opportunities:list")


def _page(
    request: OrgRequest,
    found: Opportunity,
    *,
    dismiss_form: DismissForm | None = None,
    snooze_form: SnoozeForm | None = None,
    status: int = 200,
) -> HttpResponse:
    siblings = [
        one for one in opportunities_of(found.use_case_id) if one.id != found.id
    ]
    told = frozenset((found.candidate_model_id, *_models(siblings)))
    context: dict[str, Any] = {
        "card": Card(found),
        "alternatives": [Card(one) for one in siblings],
        "migration": migration_of(found, base_url=settings.SITE_URL),
        "others": others(found.use_case, told),
        "events": events_of(found),
        "dismiss_form": dismiss_form or DismissForm(),
        "snooze_form": snooze_form or SnoozeForm(),
        "can_manage": _can(request, "opportunities.manage"),
        "can_switch": _can(request, "switches.manage"),
        "can_check": _can(request, "checks.run"),
    }
    return render(request, "opportunities/detail.html", context, status=status)


def _models(rows: Iterable[Opportunity]) -> Iterable[UUID]:
    return (row.candidate_model_id for row in rows)


def _chips(request: OrgRequest) -> list[dict[str, Any]]:
    """The states as links that keep the other filters."""
    counts = counts_by_state()
    kept = {name: value for name, value in request.GET.items() if name != "state"}
    return [
        {
            "label": label,
            "count": counts[state],
            "query": urlencode({**kept, "state": state} if state else kept),
            "is_on": request.GET.get("state", "") == state,
        }
        for state, label in STATES
    ]


def _can(request: OrgRequest, action: str) -> bool:
    return may(request.membership.role, action)
