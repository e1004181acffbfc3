"""What ends, and when: a page and a calendar to subscribe to."""

from datetime import timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from icalendar import Alarm, Calendar, Event

from apps.catalog.caching import publicly_cached
from apps.catalog.queries.changes import PAST_DAYS, Ending, endings
from apps.kit.clock import utc_now

PAGE_SIZE = 100
# How long before its last day a calendar reminds of an ending.
REMIND_DAYS = (30, 7)


def _provider(request: HttpRequest) -> str:
    return request.GET.get("provider", "").replace("\0", "").strip()[:64]


@require_safe
@publicly_cached
def deprecations(request: HttpRequest) -> HttpResponse:
    provider = _provider(request)
    found = endings(utc_now().date(), provider=provider)
    coming = Paginator([e for e in found if e.days_left >= 0], PAGE_SIZE)
    context = {
        "coming": coming.get_page(request.GET.get("page")),
        "state": urlencode({"provider": provider}) if provider else "",
        "past": [ending for ending in reversed(found) if ending.days_left < 0],
        "past_days": PAST_DAYS,
        "provider": provider,
    }
    return render(request, "catalog/deprecations.html", context)


@require_safe
@publicly_cached
def calendar(request: HttpRequest) -> HttpResponse:
    """The same as an iCalendar feed (RFC 5545), one all-day event an ending."""
    feed = Calendar()
    feed.add("prodid", "-//ModelOptix//Deprecations//EN")
    feed.add("version", "2.0")
    feed.add("x-wr-calname", "AI model deprecations")
    for ending in endings(utc_now().date(), provider=_provider(request)):
        feed.add_component(_event(ending))
    return HttpResponse(feed.to_ical(), content_type="text/calendar; charset=utf-8")


def _event(ending: Ending) -> Event:
    event = Event()
    event.add("uid", f"{ending.uid}@modeloptix")
    event.add("summary", f"Last day of {_name(ending)}")
    event.add("dtstart", ending.on)
    event.add("dtend", ending.on + timedelta(days=1))
    subject = ending.offer or ending.ai_model
    event.add("dtstamp", subject.updated_at)
    event.add("description", _description(ending))
    page = reverse("catalog:model", args=[ending.ai_model.slug])
    event.add("url", settings.SITE_URL + page)
    for days in REMIND_DAYS:
        event.add_component(_alarm(ending, days))
    return event


def _name(ending: Ending) -> str:
    where = f" at {ending.offer.provider.name}" if ending.offer else ""
    return f"{ending.ai_model.slug}{where}"


def _description(ending: Ending) -> str:
    successor = ending.ai_model.successor
    follows = f"Successor: {successor.slug}. " if successor else ""
    return f"{follows}Source: {ending.source}."


def _alarm(ending: Ending, days: int) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", f"{_name(ending)} ends in {days} days")
    alarm.add("trigger", timedelta(days=-days))
    return alarm
