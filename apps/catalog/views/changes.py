"""What changed in the market: a page, and feeds in RSS and JSON."""

from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.syndication.views import Feed
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from apps.catalog.caching import publicly_cached
from apps.catalog.models import ModelChange
from apps.catalog.queries.changes import TOPICS, public_changes
from apps.catalog.templatetags.changes import headline_of, said

PAGE_SIZE: Final = 50
FEED_SIZE: Final = 100
TITLE: Final = "AI model and price changes"


def _asked(request: HttpRequest) -> tuple[str, str]:
    topic = request.GET.get("topic", "")
    model = request.GET.get("model", "").replace("\0", "").strip()[:160]
    return (topic if topic in TOPICS else ""), model


@require_safe
@publicly_cached
def changes(request: HttpRequest) -> HttpResponse:
    topic, model = _asked(request)
    found = Paginator(public_changes(topic, model), PAGE_SIZE)
    state = {k: v for k, v in (("topic", topic), ("model", model)) if v}
    context = {
        "page": found.get_page(request.GET.get("page")),
        "topics": [(key, label) for key, (label, _) in TOPICS.items()],
        "topic": topic,
        "model": model,
        "state": urlencode(state),
    }
    return render(request, "catalog/changes.html", context)


class ChangesFeed(Feed):  # type: ignore[type-arg]  # generic in its stubs alone
    """The newest changes as RSS 2.0; `?topic=` and `?model=` narrow it."""

    title = f"ModelOptix: {TITLE.lower()}"
    description = "Prices, new models, ends and parameters, each with its source."

    def get_object(self, request: HttpRequest) -> dict[str, str]:
        topic, model = _asked(request)
        return {"topic": topic, "model": model}

    def link(self, obj: dict[str, str]) -> str:
        return reverse("catalog:changes")

    def items(self, obj: dict[str, str]) -> list[ModelChange]:
        return list(public_changes(**obj)[:FEED_SIZE])

    def item_title(self, item: ModelChange) -> str:
        return headline_of(item)

    def item_description(self, item: ModelChange) -> str:
        return f"{said(item)} Source: {item.source}."

    def item_link(self, item: ModelChange) -> str:
        return _page_of(item)

    def item_guid(self, item: ModelChange) -> str:
        return str(item.pk)

    item_guid_is_permalink = False

    def item_pubdate(self, item: ModelChange) -> Any:
        return item.at


@require_safe
@publicly_cached
def json_feed(request: HttpRequest) -> HttpResponse:
    """The same as JSON Feed 1.1 (jsonfeed.org/version/1.1)."""
    topic, model = _asked(request)
    items = [_as_item(change) for change in public_changes(topic, model)[:FEED_SIZE]]
    body = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": ChangesFeed.title,
        "home_page_url": settings.SITE_URL + reverse("catalog:changes"),
        "feed_url": settings.SITE_URL + request.get_full_path(),
        "items": items,
    }
    return JsonResponse(body, content_type="application/feed+json")


def _as_item(change: ModelChange) -> dict[str, Any]:
    return {
        "id": str(change.pk),
        "url": settings.SITE_URL + _page_of(change),
        "title": headline_of(change),
        "content_text": said(change),
        "date_published": change.at.isoformat(),
        "_modeloptix": {
            "what": change.what,
            "model": change.ai_model.slug if change.ai_model else None,
            "field": change.field,
            "old": change.old,
            "new": change.new,
            "source": change.source,
        },
    }


def _page_of(change: ModelChange) -> str:
    if change.ai_model:
        return reverse("catalog:model", args=[change.ai_model.slug])
    assert change.provider is not None  # noqa: S101  # a constraint of the table
    return reverse("catalog:provider", args=[change.provider.slug])
