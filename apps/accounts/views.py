"""The organization switch."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from apps.accounts.callers import ORG_IN_SESSION
from apps.accounts.http import OrgRequest
from apps.accounts.queries import memberships_of


@login_required
@require_POST
def choose_organization(request: OrgRequest) -> HttpResponse:
    """Work for another of one's organizations from now on."""
    wanted = request.POST.get("org", "")
    if wanted not in {str(m.org_id) for m in memberships_of(request.user)}:
        raise Http404
    request.session[ORG_IN_SESSION] = wanted
    # What the session may do changes with it.
    request.session.cycle_key()
    return redirect(settings.LOGIN_REDIRECT_URL)
