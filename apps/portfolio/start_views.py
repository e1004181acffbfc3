"""The quick start in three steps, each with an address of its own.

`portfolio/start.html` takes `form`, `step` (1 or 2), `templates` and, on the second
step, `template` (the chosen one) and `models`; `portfolio/insight.html` takes `line`
(UseCaseLine), `shares` (what of the month's cost is input and output) and `can_alias`.
"""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.http import OrgRequest
from apps.accounts.roles import may, role_required
from apps.portfolio.blueprints import TEMPLATES
from apps.portfolio.forms import StartForm, StartModelForm, known_models
from apps.portfolio.limits import places
from apps.portfolio.lines import lines_of
from apps.portfolio.queries import get_use_case
from apps.portfolio.starting import Start, start
from apps.portfolio.views import REFUSALS, add_error


@login_required
@require_http_methods(["GET", "POST"])
@role_required("portfolio.manage")
def quick_start(request: OrgRequest) -> HttpResponseBase:
    """Which product, what it does; then its model; then make all of it at once."""
    if request.method == "POST":
        return _make(request)
    if "product" not in request.GET:
        return _page(request, StartForm(), step=1)
    first = StartForm(request.GET)
    if not first.is_valid() or "back" in request.GET:
        form = first if "back" not in request.GET else StartForm(initial=_said(first))
        return _page(request, form, step=1)
    template = first.chosen()
    tokens = {
        "input_tokens": template.input_tokens,
        "output_tokens": template.output_tokens,
    }
    return _page(request, StartModelForm(initial={**_said(first), **tokens}), step=2)


@login_required
@require_GET
@role_required("portfolio.read")
def insight(request: OrgRequest, use_case_id: UUID) -> HttpResponse:
    """What a new use case costs, and where better models for it will show."""
    [line] = lines_of([get_use_case(use_case_id)])
    can_alias = may(request.membership.role, "policy.manage")
    context = {"line": line, "can_alias": can_alias}
    return render(request, "portfolio/insight.html", context)


def _make(request: OrgRequest) -> HttpResponseBase:
    form = StartModelForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        said = Start(
            product=data["product"],
            template=form.chosen(),
            model=data["current_model"],
            calls_month=data["calls_month"],
            input_tokens=data["input_tokens"],
            output_tokens=data["output_tokens"],
        )
        try:
            made = start(said)
        except REFUSALS as problem:
            if problem.param == "name":
                form.add_error(None, f"{data['product']}: {problem.message}")
            else:
                add_error(form, problem)
        else:
            return redirect("portfolio:first-insight", made.id)
    is_lost = bool({"product", "template"} & set(form.errors))
    if is_lost:
        return _page(request, StartForm(request.POST), step=1)
    return _page(request, form, step=2)


def _said(form: StartForm) -> dict[str, str]:
    return {name: form.data.get(name, "") for name in ("product", "template")}


def _page(request: OrgRequest, form: StartForm, *, step: int) -> HttpResponse:
    chosen = form["template"].value()
    context = {
        "form": form,
        "step": step,
        "templates": TEMPLATES,
        "template": next((one for one in TEMPLATES if one.slug == chosen), None),
        "models": known_models() if step == 2 else [],
        "places": places(),
    }
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "portfolio/start.html", context, status=status)
