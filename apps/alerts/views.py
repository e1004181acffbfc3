"""The inbox, and what a person wants to be told.

`alerts/inbox.html` takes `page` (of Notice), `form` (InboxForm), `state` (the filters
as a query), `unread` and `back`; its partial `results` is what HTMX swaps.
`alerts/badge.html` takes `unread`: the count that the rail polls.
`alerts/preferences.html` takes `form` (PreferencesForm), `refuses_all`, `has_email`.
"""

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts import entitlements
from apps.accounts.http import OrgRequest
from apps.accounts.roles import role_required
from apps.alerts import preferences, queries, reading
from apps.alerts.audience import Person
from apps.alerts.forms import InboxForm, PreferencesForm
from apps.mail.kinds import Kind as MailKind

PER_PAGE: Final = 30


@login_required
@require_GET
@role_required("alerts.read")
def inbox(request: OrgRequest) -> HttpResponse:
    """The person's alerts, the newest first."""
    form = InboxForm(request.GET)
    notices = queries.inbox(request.membership, form.wanted())
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "page": Paginator(notices, PER_PAGE).get_page(request.GET.get("page")),
        "form": form,
        "state": query.urlencode(),
        "unread": queries.count_unread(request.membership),
        "back": request.get_full_path(),
    }
    part = "#results" if request.headers.get("HX-Request") else ""
    return render(request, f"alerts/inbox.html{part}", context)


@login_required
@require_GET
@never_cache
@role_required("alerts.read")
def badge(request: OrgRequest) -> HttpResponse:
    """The number of unread alerts, for the rail of every page."""
    unread = queries.count_unread(request.membership)
    return render(request, "alerts/badge.html", {"unread": unread})


@login_required
@require_POST
@role_required("alerts.read")
def mark(request: OrgRequest, alert_id: UUID) -> HttpResponse:
    """Mark an alert read or unread in one's own inbox."""
    alert = queries.get_alert(alert_id)
    is_read = request.POST.get("as") != "unread"
    reading.mark(request.membership, [alert.id], is_read=is_read)
    return _back(request)


@login_required
@require_POST
@role_required("alerts.read")
def mark_all(request: OrgRequest) -> HttpResponse:
    """Mark everything in one's own inbox read."""
    number = reading.mark_all_read(request.membership)
    messages.success(request, f"{number} marked as read.")
    return _back(request)


@login_required
@require_GET
@role_required("alerts.read")
def open_alert(request: OrgRequest, alert_id: UUID) -> HttpResponse:
    """Go where an alert leads; on the way it counts as read."""
    alert = queries.get_alert(alert_id)
    reading.mark(request.membership, [alert.id], is_read=True)
    return redirect(alert.url if _is_ours(alert.url) else "alerts:inbox")


@login_required
@require_http_methods(["GET", "POST"])
@role_required("alerts.read")
def edit_preferences(request: OrgRequest) -> HttpResponse:
    """The matrix of kinds and ways, and the quiet hours."""
    member = request.membership
    person = preferences.person_of(member)
    if request.method != "POST":
        initial = PreferencesForm.initial_of(
            preferences.wishes_of(person), preferences.times_of(member)
        )
        return _preferences_page(request, PreferencesForm(initial=initial), person)
    form = PreferencesForm(request.POST)
    if not form.is_valid():
        return _preferences_page(request, form, person, status=422)
    preferences.save(member, form.wishes(), form.times())
    messages.success(request, "Your preferences are saved.")
    return redirect("alerts:preferences")


def _preferences_page(
    request: OrgRequest, form: PreferencesForm, person: Person, *, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "refuses_all": MailKind.ALERTS in person.refused,
        "has_email": entitlements.allows(request.org.id, "alerts.email"),
    }
    return render(request, "alerts/preferences.html", context, status=status)


def _back(request: OrgRequest) -> HttpResponse:
    """Where the button was, with its filters; nothing leads out of here."""
    back = request.POST.get("back", "")
    return redirect(back if _is_ours(back) else reverse("alerts:inbox"))


def _is_ours(path: str) -> bool:
    return path.startswith("/") and url_has_allowed_host_and_scheme(path, None)
