"""Public pages of the catalog."""

from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from apps.catalog.forms import ModelFilterForm
from apps.catalog.models import AIModel
from apps.catalog.queries import CAPABILITIES, list_models, offers_of, tasks_of
from apps.kit.clock import utc_now

PAGE_SIZE = 50


@require_safe
def models(request: HttpRequest) -> HttpResponse:
    form = ModelFilterForm(request.GET)
    wanted = form.wanted()
    page = Paginator(list_models(wanted), PAGE_SIZE).get_page(request.GET.get("page"))
    state = {k: v for k, v in request.GET.items() if k != "page" and v}
    context = {"form": form, "page": page, "state": urlencode(state)}
    is_swap = request.headers.get("HX-Target") == "models"
    template = "catalog/models.html#results" if is_swap else "catalog/models.html"
    response = render(request, template, context)
    response["Vary"] = "HX-Request, HX-Target"
    return response


@require_safe
def model(request: HttpRequest, slug: str) -> HttpResponse:
    if "\x00" in slug:
        # Postgres stores no text with it, and refuses to look for one.
        raise Http404
    ai_model = get_object_or_404(AIModel, slug=slug)
    context = {
        "ai_model": ai_model,
        "abilities": [
            (label, getattr(ai_model, field)) for label, field in CAPABILITIES.items()
        ],
        "offers": offers_of(ai_model, at=utc_now()),
        "tasks": tasks_of(ai_model),
    }
    return render(request, "catalog/model.html", context)
