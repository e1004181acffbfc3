"""Pages of products and functions.

`portfolio/home.html` takes `trees` (Tree values), `places` (Places by name),
`month_usd`, `unknown`, `measured`, `use_case_count`, `is_measured`, `is_demo_alone`,
`has_demo` and `can_manage`;
`portfolio/product.html` takes `tree`, `places` and `can_manage`. `portfolio/form.html`
takes `form`, `title`, `lede`, `crumbs` (names and addresses), `action` (the button's
word) and `back`; `portfolio/delete.html` takes `form`, `name`, `kind`, `going` (Going),
`crumbs` and `back`.
"""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.http import OrgRequest
from apps.accounts.roles import may, role_required
from apps.kit.errors import (
    AppError,
    ConflictError,
    QuotaExceededError,
    ValidationError,
)
from apps.portfolio import demo, services
from apps.portfolio.forms import DeleteForm, FunctionForm, ProductForm
from apps.portfolio.going import going_with
from apps.portfolio.limits import places
from apps.portfolio.lines import are_measured, total, trees
from apps.portfolio.models import Function, Product, UseCase
from apps.portfolio.queries import get_function, get_product

# What a form shows beside its fields; anything else is our own mistake.
REFUSALS = (ValidationError, QuotaExceededError, ConflictError)
type Crumbs = list[tuple[str, str]]


@login_required
@require_GET
@role_required("portfolio.read")
def home(request: OrgRequest) -> HttpResponse:
    """The stack as a tree, with what it costs a month."""
    shown = trees()
    active = [tree for tree in shown if tree.product.status == Product.Status.ACTIVE]
    # What is made up is in no sum, unless there is nothing else to look at.
    counted = [tree for tree in active if not tree.product.is_demo] or active
    lines = [line for tree in counted for line in tree.lines]
    context = {
        "trees": shown,
        "places": places(),
        "month_usd": total(lines),
        "measured": sum(line.volume.is_measured for line in lines),
        "unknown": sum(tree.unknown for tree in counted),
        "use_case_count": len(lines),
        "is_measured": are_measured(lines),
        "is_demo_alone": bool(counted) and counted[0].product.is_demo,
        "has_demo": any(tree.product.is_demo for tree in shown),
        "can_manage": can_manage(request),
    }
    return render(request, "portfolio/home.html", context)


@login_required
@require_POST
@role_required("portfolio.manage")
def demo_portfolio(request: OrgRequest) -> HttpResponse:
    """Load the demo portfolio, or remove it."""
    if request.POST.get("action") == "remove":
        count = demo.remove_demo()
        said = f"The demo portfolio is removed: {count} use cases, nothing of yours."
        messages.success(request, said if count else "There is no demo portfolio.")
        return redirect("portfolio:home")
    try:
        demo.load_demo()
    except ConflictError as problem:
        messages.error(request, problem.message)
        return redirect("portfolio:home")
    messages.success(request, "The demo portfolio is loaded. Its figures are made up.")
    return redirect("portfolio:home")


@login_required
@require_GET
@role_required("portfolio.read")
def product(request: OrgRequest, product_id: UUID) -> HttpResponse:
    """One product with its functions and use cases."""
    [tree] = trees([get_product(product_id)])
    context = {"tree": tree, "places": places(), "can_manage": can_manage(request)}
    return render(request, "portfolio/product.html", context)


@login_required
@require_http_methods(["GET", "POST"])
@role_required("portfolio.manage")
def new_product(request: OrgRequest) -> HttpResponseBase:
    """A form for a new product; and make it."""
    form = ProductForm(request.POST or None, initial={"status": "active"})
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_product(services.NewProduct(**form.cleaned_data))
        except REFUSALS as problem:
            add_error(form, problem)
        else:
            messages.success(request, f"{made.name} is there. Add what it does.")
            return redirect("portfolio:product", made.id)
    context = {
        "title": "New product",
        "lede": "Something you build with models: an app, a bot, a pipeline.",
        "crumbs": _crumbs(),
        "action": "Create product",
        "back": reverse("portfolio:home"),
    }
    return form_page(request, form, context)


@login_required
@require_http_methods(["GET", "POST"])
@role_required("portfolio.manage")
def edit_product(request: OrgRequest, product_id: UUID) -> HttpResponseBase:
    """Change a product's own fields."""
    found = get_product(product_id)
    names = ("name", "description", "category", "status")
    initial = {name: getattr(found, name) for name in names}
    form = ProductForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_product(product_id, form.cleaned_data)
        except REFUSALS as problem:
            add_error(form, problem)
        else:
            messages.success(request, f"{form.cleaned_data['name']} is saved.")
            return redirect("portfolio:product", product_id)
    context = {
        "title": f"Edit {found.name}",
        "lede": "",
        "crumbs": _crumbs(found),
        "action": "Save product",
        "back": reverse("portfolio:product", args=[product_id]),
        "delete": reverse("portfolio:delete-product", args=[product_id]),
    }
    return form_page(request, form, context)


@login_required
@require_POST
@role_required("portfolio.manage")
def set_status(request: OrgRequest, product_id: UUID) -> HttpResponse:
    """Archive a product, or take it up again; the toast takes it back."""
    status = request.POST.get("status", "")
    if status not in Product.Status.values:
        raise ValidationError("There is no such status.", param="status")
    try:
        changed = services.change_product(product_id, {"status": status})
    except QuotaExceededError as problem:
        messages.error(request, problem.message)
        return redirect("portfolio:product", product_id)
    said = {"archived": "archived: the advisor no longer looks at it"}
    words = said.get(status, f"{changed.get_status_display().lower()} again")
    messages.success(request, f"{changed.name} is {words}.")
    return redirect("portfolio:product", product_id)


@login_required
@require_http_methods(["GET", "POST"])
@role_required("portfolio.manage")
def delete_product(request: OrgRequest, product_id: UUID) -> HttpResponseBase:
    """Say what goes with a product; delete it once its name is typed."""
    found = get_product(product_id)
    form = DeleteForm(request.POST or None, name=found.name)
    if request.method == "POST" and form.is_valid():
        services.delete_product(product_id)
        messages.success(request, f"{found.name} is deleted. Booked savings stay.")
        return redirect("portfolio:home")
    back = reverse("portfolio:product", args=[product_id])
    return delete_page(request, form, found, crumbs=_crumbs(found), back=back)


@login_required
@require_http_methods(["GET", "POST"])
@role_required("portfolio.manage")
def new_function(request: OrgRequest, product_id: UUID) -> HttpResponseBase:
    """A form for a new function of a product; and make it."""
    found = get_product(product_id)
    form = FunctionForm(request.POST or None)
    back = reverse("portfolio:product", args=[product_id])
    if request.method == "POST" and form.is_valid():
        try:
            wanted = services.NewFunction(**form.cleaned_data)
            made = services.create_function(product_id, wanted)
        except REFUSALS as problem:
            add_error(form, problem)
        else:
            messages.success(request, f"{made.name} is there.")
            return redirect(back)
    context = {
        "title": "New function",
        "lede": f"Something that {found.name} does with models.",
        "crumbs": _crumbs(found),
        "action": "Create function",
        "back": back,
    }
    return form_page(request, form, context)


@login_required
@require_http_methods(["GET", "POST"])
@role_required("portfolio.manage")
def edit_function(request: OrgRequest, function_id: UUID) -> HttpResponseBase:
    """Change a function."""
    found = get_function(function_id)
    names = ("name", "priority", "quality_need", "latency_need_ms")
    initial = {name: getattr(found, name) for name in names}
    form = FunctionForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_function(function_id, form.cleaned_data)
        except REFUSALS as problem:
            add_error(form, problem)
        else:
            messages.success(request, f"{form.cleaned_data['name']} is saved.")
            return redirect("portfolio:product", found.product_id)
    context = {
        "title": f"Edit {found.name}",
        "lede": "What its use cases need holds for each of them.",
        "crumbs": _crumbs(found.product),
        "action": "Save function",
        "back": reverse("portfolio:product", args=[found.product_id]),
        "delete": reverse("portfolio:delete-function", args=[function_id]),
    }
    return form_page(request, form, context)


@login_required
@require_http_methods(["GET", "POST"])
@role_required("portfolio.manage")
def delete_function(request: OrgRequest, function_id: UUID) -> HttpResponseBase:
    """Say what goes with a function; delete it once its name is typed."""
    found = get_function(function_id)
    form = DeleteForm(request.POST or None, name=found.name)
    if request.method == "POST" and form.is_valid():
        services.delete_function(function_id)
        messages.success(request, f"{found.name} is deleted. Booked savings stay.")
        return redirect("portfolio:product", found.product_id)
    back = reverse("portfolio:product", args=[found.product_id])
    crumbs = _crumbs(found.product)
    return delete_page(request, form, found, crumbs=crumbs, back=back)


def form_page(request: OrgRequest, form: Form, context: dict[str, Any]) -> HttpResponse:
    """A form by itself; with errors it is 422 and keeps what was typed."""
    status = 422 if form.errors else 200
    return render(
        request, "portfolio/form.html", {"form": form, **context}, status=status
    )


def delete_page(
    request: OrgRequest,
    form: DeleteForm,
    row: Product | Function | UseCase,
    *,
    crumbs: Crumbs,
    back: str,
) -> HttpResponse:
    """What goes with a row, before it goes."""
    context = {
        "form": form,
        "name": row.name,
        "kind": str(row._meta.verbose_name),
        "going": going_with(row),
        "crumbs": crumbs,
        "back": back,
    }
    status = 422 if form.errors else 200
    return render(request, "portfolio/delete.html", context, status=status)


def can_manage(request: OrgRequest) -> bool:
    return may(request.membership.role, "portfolio.manage")


def add_error(form: Form, problem: AppError) -> None:
    """Put a service's refusal under its field, or above the form."""
    name = problem.param if problem.param in form.fields else None
    form.add_error(name, problem.message)


def _crumbs(found: Product | None = None) -> Crumbs:
    crumbs = [("Portfolio", reverse("portfolio:home"))]
    if found:
        crumbs.append((found.name, reverse("portfolio:product", args=[found.id])))
    return crumbs
