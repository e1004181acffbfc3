"""Pages of sanity checks.

`checks/list.html` takes `checks`, `sets`, `allowance` and `can_run`.
`checks/new.html` takes `form`, `models` (what can be called) and `allowance`.
`checks/detail.html` takes `check`, `progress`, `figures`, `results`, `criteria`,
`quote` or `quote_problem` (of a draft), `can_run`, `may_read`, and of what may be read
`pairs` and `page`.
"""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import (
    Http404,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.http import OrgRequest
from apps.accounts.roles import may, role_required
from apps.catalog.models import AIModel
from apps.checks import quota, services, set_services
from apps.checks.blinding import choice_of, is_flipped
from apps.checks.criteria import read_criteria
from apps.checks.events import last_event_id, tail
from apps.checks.forms import NewCheckForm
from apps.checks.models import Check
from apps.checks.page_queries import (
    checks,
    figures_of,
    get_check,
    pair,
    pairs,
    progress_of,
    prompt_sets,
    results_of,
)
from apps.checks.quoting import models_now, usual_judge
from apps.checks.set_services import NewSet
from apps.kit.errors import (
    AppError,
    ConflictError,
    NotFoundError,
    QuotaExceededError,
    ValidationError,
)
from apps.portfolio.queries import get_use_case

ACTS = {
    "start": (services.start, "The check runs. You may leave this page."),
    "cancel": (services.cancel, "The check is cancelled; what was answered stays."),
}


@login_required
@require_GET
@role_required("checks.read")
def check_list(request: OrgRequest) -> HttpResponse:
    """Every check and every set of prompts, newest first."""
    context = {
        "checks": checks(),
        "sets": prompt_sets(),
        "allowance": quota.allowance(),
        "can_run": _can_run(request),
    }
    return render(request, "checks/list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
@role_required("checks.run")
def new_check(request: OrgRequest) -> HttpResponseBase:
    """A form for a check, and make it: a draft, of which nothing is sent yet."""
    if request.method == "POST":
        form = NewCheckForm(request.POST, request.FILES)
        made = _make(form, by=request.user.id) if form.is_valid() else None
        if made is not None:
            return redirect("checks:detail", check_id=made.id)
    else:
        form = NewCheckForm(initial=_asked_for(request))
    context = {"form": form, "models": models_now(), "allowance": quota.allowance()}
    return render(
        request, "checks/new.html", context, status=422 if form.errors else 200
    )


@login_required
@require_GET
@role_required("checks.read")
def detail(request: OrgRequest, check_id: UUID) -> HttpResponse:
    """One check: what will be sent or how far it is, and what came of it."""
    check = _found(check_id)
    context: dict[str, Any] = {
        "check": check,
        "progress": progress_of(check),
        "figures": figures_of(check),
        "results": results_of(check),
        "criteria": read_criteria(check.criteria),
        "can_run": _can_run(request),
        "may_read": may(request.membership.role, "prompts.read"),
    }
    if check.state == Check.State.DRAFT:
        context |= _quoted(check) | {"allowance": quota.allowance()}
    elif context["may_read"]:
        page, found = pairs(
            check, page=request.GET.get("page", "1"), viewer=request.user.id
        )
        context |= {"page": page, "pairs": found}
    return render(request, "checks/detail.html", context)


@login_required
@require_GET
@role_required("checks.read")
def events(request: OrgRequest, check_id: UUID) -> HttpResponseBase:
    """How far the check is, told as it goes on."""
    _found(check_id)
    after = last_event_id(request.headers.get("Last-Event-ID", ""))
    response = StreamingHttpResponse(
        tail(request.org.id, check_id, after=after), content_type="text/event-stream"
    )
    response.headers["Cache-Control"] = "no-store"
    # Tells nginx to pass each event on as it comes.
    response.headers["X-Accel-Buffering"] = "no"
    return response


@login_required
@require_POST
@role_required("checks.run")
def start(request: OrgRequest, check_id: UUID) -> HttpResponse:
    return _act(request, check_id, "start")


@login_required
@require_POST
@role_required("checks.run")
def cancel(request: OrgRequest, check_id: UUID) -> HttpResponse:
    return _act(request, check_id, "cancel")


@login_required
@require_POST
@role_required("checks.run")
def delete(request: OrgRequest, check_id: UUID) -> HttpResponse:
    try:
        services.delete_check(check_id)
    except NotFoundError as problem:
        raise Http404 from problem
    except ConflictError as problem:
        messages.error(request, problem.message)
        return redirect("checks:detail", check_id=check_id)
    messages.success(request, "The check is deleted. What it cost stays in the ledger.")
    return redirect("checks:list")


@login_required
@require_POST
@role_required("checks.run")
def vote(request: OrgRequest, check_id: UUID) -> HttpResponse:
    """Note which answer is better; the pair comes back with its names."""
    check = _found(check_id)
    try:
        seat, position = (int(request.POST[name]) for name in ("seat", "position"))
        flipped = is_flipped(check.seed, seat, position)
        services.vote(
            check_id,
            seat=seat,
            position=position,
            choice=choice_of(request.POST.get("side", ""), flipped=flipped),
            voter=request.user.id,
            was_blind=check.is_blind,
        )
    except (KeyError, ValueError, NotFoundError) as problem:
        raise Http404 from problem
    if not request.headers.get("HX-Request"):
        query = urlencode({"page": request.POST.get("page", "1")})
        target = redirect("checks:detail", check_id=check_id)
        target["Location"] += f"?{query}#pair-{seat}-{position}"
        return target
    shown = pair(check, seat=seat, position=position, viewer=request.user.id)
    context = {
        "check": check,
        "pair": shown,
        "can_run": True,
        "results": results_of(check),
    }
    return render(request, "checks/voted.html", context)


@login_required
@require_POST
@role_required("checks.run")
def delete_set(request: OrgRequest, set_id: UUID) -> HttpResponse:
    try:
        set_services.delete_set(set_id)
    except NotFoundError as problem:
        raise Http404 from problem
    except ConflictError as problem:
        messages.error(request, problem.message)
    else:
        messages.success(request, "The prompts and the answers to them are deleted.")
    return redirect("checks:list")


def _act(request: OrgRequest, check_id: UUID, name: str) -> HttpResponse:
    act, done = ACTS[name]
    try:
        act(check_id)
    except NotFoundError as problem:
        raise Http404 from problem
    except (ConflictError, QuotaExceededError) as problem:
        messages.error(request, problem.message)
    else:
        messages.success(request, done)
    return redirect("checks:detail", check_id=check_id)


def _make(form: NewCheckForm, *, by: UUID) -> Check | None:
    """The draft, with its set where that is new; None: the form says why not."""
    try:
        set_id, is_new = _set_of(form, by=by)
        try:
            return services.create_check(form.wanted(set_id), by=by)
        except AppError:
            # Nobody wants the prompts of a check that was never made.
            if is_new:
                set_services.delete_set(set_id)
            raise
    except (ValidationError, NotFoundError) as problem:
        named = {"models": "model_2", "prompt_set": "source"}
        field = named.get(problem.param or "", problem.param)
        form.add_error(field if field in form.fields else None, problem.message)
        return None


def _set_of(form: NewCheckForm, *, by: UUID) -> tuple[UUID, bool]:
    data = form.cleaned_data
    if data["source"] == "set":
        return UUID(data["prompt_set"]), False
    if data["source"] == "sampled" and form.use_case_id is not None:
        made = set_services.sample(
            use_case_id=form.use_case_id,
            size=data["sample_size"] or 50,
            name=f"Traffic for {data['name']}"[:120],
            by=by,
        )
        return made.id, True
    wanted = NewSet(
        name=data["name"],
        source=form.set_source,
        prompts=data["prompts"],
        use_case_id=form.use_case_id,
    )
    return set_services.create_set(wanted, by=by).id, True


def _asked_for(request: OrgRequest) -> dict[str, Any]:
    """What the address names: a use case with its model, a candidate, a set."""
    found: dict[str, Any] = {}
    candidate = _slug(request.GET.get("candidate", ""))
    if candidate:
        found["model_2"] = candidate
    try:
        case = get_use_case(UUID(request.GET.get("use_case", "")))
    except (ValueError, NotFoundError):
        pass
    else:
        found |= {"use_case": str(case.id), "model_1": case.current_model.slug}
        found["name"] = f"{case.name}: {candidate or 'another model'}"[:120]
        found["judge_model"] = usual_judge([case.current_model.slug, candidate])
    if request.GET.get("set"):
        found |= {"source": "set", "prompt_set": request.GET["set"]}
    return found


def _slug(text: str) -> str:
    """A model's slug, by its slug or its id."""
    try:
        model = AIModel.objects.filter(id=UUID(text)).first()
    except ValueError:
        return text[:200]
    return model.slug if model else ""


def _quoted(check: Check) -> dict[str, Any]:
    try:
        return {"quote": services.quote_of(check)}
    except AppError as problem:
        return {"quote_problem": problem.message}


def _found(check_id: UUID) -> Check:
    try:
        return get_check(check_id)
    except NotFoundError as problem:
        raise Http404 from problem


def _can_run(request: OrgRequest) -> bool:
    return may(request.membership.role, "checks.run")
