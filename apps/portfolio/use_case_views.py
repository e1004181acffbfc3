"""Pages of use cases.

`portfolio/use_case.html` takes `line` (UseCaseLine), `answered` (UsageLine values by
model, of its alias in 30 days), `free_aliases`, `snippets`, `can_manage` and
`can_alias`. `portfolio/use_case_form.html` takes `form`, `product`, `use_case` (None
for a new one), `models`, `functions` and `back`.
"""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.http import OrgRequest
from apps.accounts.roles import may, role_required
from apps.catalog.models import Provider
from apps.kit.clock import utc_now
from apps.kit.errors import ConflictError, NotFoundError, ValidationError
from apps.portfolio import aliasing, services
from apps.portfolio.calling import snippets_for
from apps.portfolio.forms import DeleteForm, UseCaseForm, known_models
from apps.portfolio.lines import lines_of
from apps.portfolio.models import Product, UseCase
from apps.portfolio.queries import (
    OWN_CALLS,
    functions,
    get_function,
    get_product,
    get_use_case,
    products,
)
from apps.portfolio.views import REFUSALS, add_error, can_manage, delete_page
from apps.portfolio.volume import MEASURED_OVER
from apps.router.usage import UsageFilter, UsageLine, usage


@login_required
@require_GET
@role_required("portfolio.read")
def use_case(request: OrgRequest, use_case_id: UUID) -> HttpResponse:
    """What one use case needs, how much it is used, and what that costs."""
    [line] = lines_of([get_use_case(use_case_id)])
    can_alias = may(request.membership.role, "policy.manage")
    alias = line.use_case.alias
    context = {
        "line": line,
        "answered": _answered(alias.name) if alias else [],
        "free_aliases": aliasing.free_aliases() if can_alias and not alias else [],
        "alias_name": "" if alias else aliasing.alias_name_for(line.use_case),
        "snippets": snippets_for(alias.name, settings.SITE_URL) if alias else [],
        "can_manage": can_manage(request),
        "can_alias": can_alias,
    }
    return render(request, "portfolio/use_case.html", context)


@login_required
@require_http_methods(["GET", "POST"])
@role_required("portfolio.manage")
def new_use_case(request: OrgRequest) -> HttpResponseBase:
    """Choose a product first, then fill in the form; and make it."""
    chosen, function = _place(request)
    if chosen is None:
        return _choose_product(request)
    providers = _providers()
    if request.method == "POST":
        form = UseCaseForm(request.POST, providers=providers)
        if form.is_valid():
            try:
                made = _create(chosen, form)
            except REFUSALS as problem:
                add_error(form, problem)
            else:
                messages.success(request, f"{made.name} is there.")
                return redirect("portfolio:use-case", made.id)
    else:
        form = UseCaseForm(providers=providers, initial={"function": function})
    return _form_page(request, form, chosen)


@login_required
@require_http_methods(["GET", "POST"])
@role_required("portfolio.manage")
def edit_use_case(request: OrgRequest, use_case_id: UUID) -> HttpResponseBase:
    """Change a use case."""
    found = get_use_case(use_case_id)
    providers = _providers()
    if request.method == "POST":
        form = UseCaseForm(request.POST, providers=providers)
        if form.is_valid():
            try:
                _change(found, form)
            except REFUSALS as problem:
                add_error(form, problem)
            else:
                messages.success(request, f"{form.cleaned_data['name']} is saved.")
                return redirect("portfolio:use-case", use_case_id)
    else:
        form = UseCaseForm(providers=providers, initial=UseCaseForm.initial_of(found))
    return _form_page(request, form, found.function.product, found)


@login_required
@require_http_methods(["GET", "POST"])
@role_required("portfolio.manage")
def delete_use_case(request: OrgRequest, use_case_id: UUID) -> HttpResponseBase:
    """Say what goes with a use case; delete it once its name is typed."""
    found = get_use_case(use_case_id)
    form = DeleteForm(request.POST or None, name=found.name)
    product = found.function.product
    if request.method == "POST" and form.is_valid():
        services.delete_use_case(use_case_id)
        messages.success(request, f"{found.name} is deleted. Booked savings stay.")
        return redirect("portfolio:product", product.id)
    crumbs = [
        ("Portfolio", reverse("portfolio:home")),
        (product.name, reverse("portfolio:product", args=[product.id])),
        (found.name, reverse("portfolio:use-case", args=[use_case_id])),
    ]
    back = reverse("portfolio:use-case", args=[use_case_id])
    return delete_page(request, form, found, crumbs=crumbs, back=back)


@login_required
@require_POST
@role_required("policy.manage")
def set_alias(request: OrgRequest, use_case_id: UUID) -> HttpResponse:
    """Give the use case an alias of its own, attach another, or detach it."""
    action = request.POST.get("action", "create")
    try:
        if action == "detach":
            aliasing.detach_alias(use_case_id)
            said = "The alias answers on, but its requests no longer count here."
        elif action == "attach":
            alias = aliasing.attach_alias(use_case_id, _uuid(request.POST.get("alias")))
            said = f"What is sent to {alias.name} counts for this use case."
        else:
            alias = aliasing.create_alias_for(use_case_id)
            said = f"{alias.name} answers from now on."
    except (ConflictError, ValidationError) as problem:
        messages.error(request, problem.message)
    else:
        messages.success(request, said)
    return redirect(reverse("portfolio:use-case", args=[use_case_id]) + "#alias")


def _create(product: Product, form: UseCaseForm) -> UseCase:
    data, values = form.cleaned_data, form.values()
    task, model = values.pop("task"), values.pop("current_model")
    wanted = services.NewUseCase(data["name"], task, model, values)
    return services.create_in(product.id, data["function"], wanted)


def _change(found: UseCase, form: UseCaseForm) -> None:
    data = form.cleaned_data
    changes: dict[str, Any] = {"name": data["name"], **form.values()}
    typed = data["function"]
    has_moved = bool(typed) and typed.lower() != found.function.name.lower()
    services.change_use_case(found.id, changes, function=typed if has_moved else None)


def _place(request: OrgRequest) -> tuple[Product | None, str]:
    """The product and the function that the address names, if any."""
    asked = request.GET
    try:
        if "function" in asked:
            function = get_function(_uuid(asked["function"]))
            return get_product(function.product_id), function.name
        if "product" in asked:
            return get_product(_uuid(asked["product"])), ""
    except NotFoundError:
        return None, ""
    own = [p for p in products() if not p.is_demo and p.status != "archived"]
    return (own[0], "") if len(own) == 1 else (None, "")


def _choose_product(request: OrgRequest) -> HttpResponse:
    own = [p for p in products() if not p.is_demo and p.status != "archived"]
    return render(request, "portfolio/choose_product.html", {"products": own})


def _form_page(
    request: OrgRequest,
    form: UseCaseForm,
    product: Product,
    found: UseCase | None = None,
) -> HttpResponse:
    if found:
        back = reverse("portfolio:use-case", args=[found.id])
    else:
        back = reverse("portfolio:product", args=[product.id])
    context = {
        "form": form,
        "product": product,
        "use_case": found,
        "models": known_models(),
        "functions": functions(product.id),
        "back": back,
    }
    status = 422 if form.errors else 200
    return render(request, "portfolio/use_case_form.html", context, status=status)


def _answered(alias: str) -> list[UsageLine]:
    """Which models answered an alias's own calls in 30 days."""
    now = utc_now()
    wanted = UsageFilter(alias=alias, purpose=OWN_CALLS.purpose)
    return usage(now - MEASURED_OVER, now, "live", wanted=wanted).by_model


def _providers() -> list[tuple[str, str]]:
    return list(Provider.objects.order_by("name").values_list("slug", "name"))


def _uuid(text: str | None) -> UUID:
    try:
        return UUID(text or "")
    except ValueError as problem:
        raise NotFoundError("There is nothing here.") from problem
