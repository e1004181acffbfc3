"""Two to four models side by side; the address holds the whole comparison."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.catalog.caching import publicly_cached
from apps.catalog.forms import mix_form
from apps.catalog.models import AIModel
from apps.catalog.queries.comparison import FEWEST, MOST, compare, models_named
from apps.kit.clock import utc_now


@require_safe
@publicly_cached
def comparison(request: HttpRequest) -> HttpResponse:
    slugs = [s.strip() for s in request.GET.getlist("m") if s.strip() and "\0" not in s]
    models = models_named(slugs)
    form, mix = mix_form(request.GET)
    shown = models[:MOST]
    groups = compare(shown, mix=mix, at=utc_now()) if len(shown) >= FEWEST else []
    known = {model.slug for model in models}
    context = {
        "models": [(model, _without(request, shown, model)) for model in shown],
        "unknown": [slug for slug in dict.fromkeys(slugs) if slug not in known],
        "dropped": models[MOST:],
        "can_add": len(shown) < MOST,
        "most": MOST,
        "groups": groups,
        "form": form,
        "mix": mix,
        "suggestions": _suggestions(shown),
    }
    return render(request, "catalog/compare.html", context)


def _without(request: HttpRequest, models: list[AIModel], gone: AIModel) -> str:
    """The address of the same comparison without one of its models."""
    rest = [("m", model.slug) for model in models if model != gone]
    kept = [
        (name, request.GET[name])
        for name in ("tokens_in", "tokens_out", "cached")
        if request.GET.get(name)
    ]
    return f"?{urlencode([*rest, *kept])}"


def _suggestions(chosen: list[AIModel]) -> list[str]:
    """Ids to complete what is typed: every listed chat model that is not there yet."""
    listed = AIModel.objects.filter(status="active", kind="chat")
    return list(
        listed.exclude(pk__in=[m.pk for m in chosen]).values_list("slug", flat=True)
    )
