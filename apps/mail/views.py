"""Unsubscribing, and the mail of a development installation.

`mail/unsubscribe.html` takes `label` (what the mails are called), `token`, `is_done`
and `is_undone`. `mail/sent.html` takes `messages_sent` (KeptMessage values);
`mail/message.html` takes `message` (KeptMessage).
"""

from typing import Any, Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.csp import CSP
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from apps.mail import unsubscribe as subscriptions
from apps.mail.kept import KeptMessage, kept_message, kept_messages
from apps.mail.kinds import LABELS

# A mail is styled in place, loads nothing and runs nothing.
MAIL_CSP: Final[dict[str, list[str]]] = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "img-src": ["data:"],
    "frame-ancestors": [CSP.SELF],
    "sandbox": ["allow-popups"],
}
FRAMING_CSP: Final[dict[str, Any]] = {
    **settings.SECURE_CSP,
    "frame-src": [CSP.SELF],
}


@csrf_exempt  # the mailbox's own POST has no cookie; the signed token is the proof
@require_http_methods(["GET", "POST"])
@never_cache
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Ask on GET, because link checkers follow links; unsubscribe on POST."""
    subscription = subscriptions.read(token)
    if subscription is None:
        raise Http404
    is_undone = request.method == "POST" and "again" in request.POST
    is_done = request.method == "POST" and not is_undone
    if is_done:
        subscriptions.unsubscribe(subscription)
    if is_undone:
        subscriptions.subscribe(subscription)
    context = {
        "label": LABELS[subscription.kind],
        "token": token,
        "is_done": is_done,
        "is_undone": is_undone,
    }
    return render(request, "mail/unsubscribe.html", context)


@require_GET
def sent(request: HttpRequest) -> HttpResponse:
    """What a development installation has sent, newest first."""
    if not settings.DEBUG:
        raise Http404
    return render(request, "mail/sent.html", {"messages_sent": kept_messages()})


@require_GET
@csp_override(FRAMING_CSP)
def message(request: HttpRequest, name: str) -> HttpResponse:
    """One sent mail: as HTML, as text, and its headers."""
    return render(request, "mail/message.html", {"message": _kept(name)})


@require_GET
@csp_override(MAIL_CSP)
@xframe_options_sameorigin
def message_html(request: HttpRequest, name: str) -> HttpResponse:
    """The HTML part alone, for the frame of its page."""
    return HttpResponse(_kept(name).html)


def _kept(name: str) -> KeptMessage:
    found = kept_message(name) if settings.DEBUG else None
    if found is None:
        raise Http404
    return found
