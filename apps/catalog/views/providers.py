"""Who serves models: the list, and the page of one."""

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from apps.catalog.caching import publicly_cached
from apps.catalog.models import Provider
from apps.catalog.queries.changes import endings
from apps.catalog.queries.model import offer_on_page
from apps.catalog.queries.providers import list_providers, offers_at
from apps.catalog.queries.trust import tier_of, trust_of_provider
from apps.catalog.runs import Mix
from apps.kit.clock import utc_now

PAGE_SIZE = 50


@require_safe
@publicly_cached
def providers(request: HttpRequest) -> HttpResponse:
    words = request.GET.get("q", "").replace("\0", "").strip()[:100]
    found = list_providers()
    if words:
        found = found.filter(Q(name__icontains=words) | Q(slug__icontains=words))
    context = {"providers": found, "words": words}
    return render(request, "catalog/providers.html", context)


@require_safe
@publicly_cached
def provider(request: HttpRequest, name: str) -> HttpResponse:
    found = get_object_or_404(Provider, slug=name)
    now = utc_now()
    page = Paginator(offers_at(found), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "provider": found,
        "page": page,
        "offers": [offer_on_page(offer, Mix(), now) for offer in page],
        "policy": [
            ("Trains on prompts", found.trains_on_prompts),
            ("Keeps prompts", found.retains_prompts),
            ("May publish prompts", found.may_publish_prompts),
            ("Needs an id of the end user", found.needs_user_ids),
        ],
        "trust": trust_of_provider(found),
        "tier": tier_of(found),
        "endings": endings(now.date(), provider=found.slug),
    }
    return render(request, "catalog/provider.html", context)
