"""The page that connects a program, and tells when its first request has come.

`router/connect.html` takes `snippets`, `chosen` (Snippet), `keys` (APIKey rows that can
be used), `key` (the chosen one or none), `since` (when the page was opened) and `seen`
(RequestLine or none); its partial `seen` is what HTMX swaps.
"""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.accounts.http import OrgRequest
from apps.accounts.models import APIKey
from apps.accounts.queries import list_keys
from apps.accounts.roles import may, role_required
from apps.kit.clock import utc_now
from apps.router.queries import RequestFilter, RequestLine, recent_requests
from apps.router.snippets import KEY_VARIABLE, snippets


@login_required
@require_GET
@role_required("usage.read")
def connect(request: OrgRequest) -> HttpResponse:
    """Snippets with this installation's address and the chosen key's beginning."""
    ways = snippets(settings.SITE_URL)
    name = request.GET.get("with", "")
    keys = _usable_keys()
    key = next((k for k in keys if str(k.id) == request.GET.get("key")), None)
    key = key or (keys[0] if keys else None)
    since = _since(request)
    context = {
        "snippets": ways,
        "chosen": next((one for one in ways if one.name == name), ways[0]),
        "keys": keys,
        "key": key,
        "variable": KEY_VARIABLE,
        "since": since,
        "seen": _first_seen(since, key.id if key else None),
        "can_make_keys": may(request.membership.role, "keys.manage"),
    }
    part = "#seen" if request.GET.get("part") == "seen" else ""
    return render(request, f"router/connect.html{part}", context)


def _usable_keys() -> list[APIKey]:
    now = utc_now()
    return [
        key
        for key in list_keys()
        if key.revoked_at is None and (key.expires_at is None or key.expires_at > now)
    ]


def _since(request: OrgRequest) -> datetime:
    """When the test began: as the address says, else now."""
    try:
        moment = datetime.fromisoformat(request.GET.get("since", ""))
    except ValueError:
        return utc_now()
    return moment if moment.tzinfo else utc_now()


def _first_seen(since: datetime, key_id: UUID | None) -> RequestLine | None:
    """The newest request of the key since then; a row comes within a second."""
    wanted = RequestFilter(since=since, key_id=key_id)
    lines = recent_requests(wanted, size=1).lines
    return lines[0] if lines else None
