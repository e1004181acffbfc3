"""The list of models and the page of one."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from apps.catalog.caching import publicly_cached
from apps.catalog.forms import ModelFilterForm, mix_form
from apps.catalog.models import AIModel
from apps.catalog.quality import tasks_of
from apps.catalog.queries.listing import CAPABILITIES, list_models
from apps.catalog.queries.model import (
    OfferOnPage,
    changes_of,
    history_of,
    offers_of,
    parameters_of,
)
from apps.catalog.queries.trust import trust_of_model
from apps.catalog.structured import facts_of
from apps.kit.clock import utc_now

PAGE_SIZE: Final = 50


@dataclass(frozen=True, slots=True)
class Column:
    """A head of the table; a click sorts by it, a second one the other way round."""

    label: str
    href: str
    direction: str  # "ascending", "descending" or ""
    css: str


# (label, sort at the first click, CSS classes)
COLUMNS: Final = (
    ("Model", "name", ""),
    ("Input from", "input", "num"),
    ("Output from", "output", "num"),
    ("Context", "-context", "num"),
    ("Can", "", "wide"),
    ("Offers", "-offers", "num wide"),
    ("Released", "-released", "wide"),
)


@require_safe
@publicly_cached
def models(request: HttpRequest) -> HttpResponse:
    form = ModelFilterForm(request.GET)
    wanted = form.wanted()
    page = Paginator(list_models(wanted), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "state": _state(request.GET),
        "columns": _columns(request.GET, wanted.sort),
    }
    is_swap = request.headers.get("HX-Target") == "models"
    template = "catalog/models.html#results" if is_swap else "catalog/models.html"
    response = render(request, template, context)
    response["Vary"] = "HX-Request, HX-Target"
    return response


def _state(query: QueryDict, **changes: str) -> str:
    """The address's query without its page and without what is empty."""
    kept = {
        name: values
        for name, values in {**dict(query.lists()), **changes}.items()
        if name != "page" and any(values)
    }
    return urlencode(kept, doseq=True)


def _columns(query: QueryDict, sort: str) -> list[Column]:
    now = sort or "name"
    columns = []
    for label, first, css in COLUMNS:
        name = first.removeprefix("-")
        is_sorted = bool(name) and now.removeprefix("-") == name
        turned = now.removeprefix("-") if now.startswith("-") else f"-{now}"
        href = f"?{_state(query, sort=turned if is_sorted else first)}" if name else ""
        direction = "descending" if now.startswith("-") else "ascending"
        columns.append(Column(label, href, direction if is_sorted else "", css))
    return columns


@require_safe
@publicly_cached
def model(request: HttpRequest, slug: str) -> HttpResponse:
    ai_model = get_object_or_404(AIModel.objects.select_related("successor"), slug=slug)
    form, mix = mix_form(request.GET)
    offers = offers_of(ai_model, mix=mix, at=utc_now())
    charted = _charted(ai_model, offers, request.GET.get("offer", ""))
    context = {
        "ai_model": ai_model,
        "abilities": [
            (label, getattr(ai_model, field)) for label, field in CAPABILITIES.items()
        ],
        "offers": offers,
        "form": form,
        "mix": mix,
        "parameters": parameters_of(offers),
        "charted": charted,
        "history": history_of(charted) if charted else [],
        "tasks": tasks_of(ai_model),
        "trust": trust_of_model(ai_model),
        "changes": changes_of(ai_model),
        "facts": facts_of(ai_model, offers),
    }
    return render(request, "catalog/model.html", context)


def _charted(
    model: AIModel, offers: list[OfferOnPage], wanted: str
) -> OfferOnPage | None:
    """Whose price history is drawn: as asked, else its maker's, else the cheapest."""
    priced = [row for row in offers if row.priced_by]
    asked = [row for row in priced if str(row.offer.pk) == wanted]
    own = [row for row in priced if row.offer.provider.slug == model.author]
    return next(iter(asked or own or priced), None)
