"""Pages of the waitlist: asking, the mail's two links, and the way in.

`web/waitlist.html` takes `state` (asked, confirm, confirmed, dead, leave or left) and
`token`; `web/waitlist_form.html` takes `form` (WaitlistForm).
"""

from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from apps.accounts.adapter import ADMITTED
from apps.kit.errors import NotFoundError, RateLimitedError
from apps.web import waitlist
from apps.web.throttle import Limit, asker
from apps.web.waitlist_form import WaitlistForm

PAGE: Final = "web/waitlist.html"
# Nobody's mailbox is filled by way of us, and no list of addresses is fed in.
ASKERS: Final = (Limit("waitlist", 10, 60), Limit("waitlist-hour", 40, 3600))
MAILS: Final = Limit("waitlist-mail", 3, 3600)


@require_POST
@never_cache
def ask(request: HttpRequest) -> HttpResponse:
    """Take an address; whatever is known of it, the answer is the same."""
    if settings.SIGN_UP != "waitlist":
        raise Http404
    whose = asker(request)
    if not all(limit.take(whose) for limit in ASKERS):
        raise RateLimitedError("Too many at once: try again in a few minutes.")
    form = WaitlistForm(request.POST)
    if not form.is_valid():
        return render(request, PAGE, {"state": "ask", "form": form}, status=422)
    email = form.cleaned_data["email"]
    if MAILS.take(email.strip().lower()):
        waitlist.ask(email)
    return redirect("web:waitlist-asked")


@require_GET
def asked(request: HttpRequest) -> HttpResponse:
    return render(request, PAGE, {"state": "asked"})


@require_http_methods(["GET", "POST"])
@never_cache
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Ask on GET, because link checkers follow links; confirm on POST."""
    if request.method == "GET":
        state = "confirm" if waitlist.can_confirm(token) else "dead"
    else:
        state = _confirmed(token)
    status = 404 if state == "dead" else 200
    return render(request, PAGE, {"state": state, "token": token}, status=status)


def _confirmed(token: str) -> str:
    try:
        waitlist.confirm(token)
    except NotFoundError:
        return "dead"
    return "confirmed"


@csrf_exempt  # the mailbox's own POST has no cookie; the signed token is the proof
@require_http_methods(["GET", "POST"])
@never_cache
def leave(request: HttpRequest, token: str) -> HttpResponse:
    """The way off the list, from any mail that we sent."""
    entry_id = waitlist.entry_behind(token)
    if entry_id is None:
        raise Http404
    if request.method == "POST":
        waitlist.leave(entry_id)
    state = "left" if request.method == "POST" else "leave"
    return render(request, PAGE, {"state": state, "token": token})


@require_GET
@never_cache
def enter(request: HttpRequest, token: str) -> HttpResponse:
    """Open sign-up in this browser for whoever was let in."""
    if not waitlist.is_admitted(token):
        raise Http404
    request.session[ADMITTED] = True
    return redirect("account_signup")
