"""The dashboard, and the search over pages and models."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.accounts.http import OrgRequest
from apps.accounts.roles import may, role_required
from apps.kit.clock import utc_now
from apps.router.period import MODES, PRESETS, read_mode, read_period
from apps.web.queries import dashboard_of, find_destinations
from apps.web.reference import operations
from apps.web.standing import standing


@login_required
@require_GET
@role_required("usage.read")
def dashboard(request: OrgRequest) -> HttpResponse:
    """What was spent, on what, and what it saved, over a range of days."""
    period = read_period(request.GET, today=utc_now().date())
    mode = read_mode(request.GET)
    is_swap = bool(request.headers.get("HX-Request"))
    context = {
        # A range of days changes nothing of it, so a swap leaves it alone.
        "standing": None if is_swap else standing(),
        "period": period,
        "presets": PRESETS,
        "mode": mode,
        "modes": MODES,
        "board": dashboard_of(period, mode),
        "can_make_keys": may(request.membership.role, "keys.manage"),
        "can_describe": may(request.membership.role, "portfolio.manage"),
    }
    part = "#report" if is_swap else ""
    return render(request, f"web/dashboard.html{part}", context)


@login_required
@require_GET
@role_required("organization.read")
def search(request: OrgRequest) -> HttpResponse:
    """Pages and models whose name holds the typed words."""
    words = request.GET.get("q", "").replace("\0", "").strip()[:100]
    found = find_destinations(words, role=request.membership.role)
    context = {"words": words, "found": found}
    return render(request, "web/search.html", context)


@require_GET
def api_reference(request: HttpRequest) -> HttpResponse:
    """Every operation of the API, with its fields and answers."""
    context = {"operations": operations(), "site_url": settings.SITE_URL}
    return render(request, "web/reference.html", context)
