"""The audit log's page and its downloads.

`accounts/audit.html` takes `form` (AuditFilterForm), `lines` (entries with their
changes and the name of the key that acted), `next_cursor`, `state` (the filters as a
query) and `can_export`; its partial `results` is what HTMX swaps.
"""

from dataclasses import asdict, dataclass
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.accounts import entitlements
from apps.accounts.http import OrgRequest
from apps.accounts.models import APIKey
from apps.accounts.organization_forms import AuditFilterForm
from apps.accounts.roles import role_required
from apps.accounts.streaming import streamed
from apps.audit import queries
from apps.audit.changes import Change, changes
from apps.audit.export import CONTENT_TYPES, export
from apps.audit.models import AuditEntry
from apps.audit.services import record
from apps.kit.clock import utc_now
from apps.kit.errors import PermissionDeniedError

EXPORT = "audit_export"


@dataclass(frozen=True)
class Line:
    """An entry as the page shows it."""

    entry: AuditEntry
    changes: list[Change]
    key_name: str


@login_required
@require_GET
@role_required("audit.read")
def audit(request: OrgRequest) -> HttpResponse:
    """Who did what to what, the newest first."""
    form = AuditFilterForm(request.GET, actions=queries.actions())
    filters = form.filters()
    try:
        page = queries.page_of(filters, after=_cursor(request))
    except (LookupError, ValueError) as problem:
        raise Http404 from problem
    context = {
        "form": form,
        "lines": lines_of(page.entries),
        "next_cursor": page.next_cursor,
        "state": form.state(),
        "can_export": entitlements.allows(request.org.id, EXPORT),
    }
    part = "#results" if request.headers.get("HX-Request") else ""
    return render(request, f"accounts/audit.html{part}", context)


@login_required
@require_GET
@role_required("audit.read")
def export_audit(request: OrgRequest, form: str) -> HttpResponseBase:
    """The filtered log as a file."""
    filters = AuditFilterForm(request.GET, actions=queries.actions()).filters()
    return audit_file(request, filters, form, org_id=request.org.id)


def audit_file(
    request: HttpRequest, filters: queries.Filters, form: str, *, org_id: UUID
) -> HttpResponseBase:
    """The download, noted in the log itself: a copy leaves the organization."""
    if not entitlements.allows(org_id, EXPORT):
        raise PermissionDeniedError("The plan has no export of the audit log.")
    asked = {name: value for name, value in asdict(filters).items() if value}
    record(
        "audit.exported",
        subject="audit",
        subject_id=org_id,
        after={"format": form, **asked},
    )
    return streamed(
        request,
        lambda: export(filters, form),
        org_id=org_id,
        content_type=CONTENT_TYPES[form],
        filename=f"audit-{utc_now():%Y-%m-%d}.{form}",
    )


def lines_of(entries: list[AuditEntry]) -> list[Line]:
    ids = {entry.key_id for entry in entries if entry.key_id}
    keys = APIKey.objects.filter(id__in=ids).values_list("id", "name") if ids else ()
    names: dict[UUID | None, str] = dict(keys)
    return [
        Line(entry, changes(entry.before, entry.after), names.get(entry.key_id, ""))
        for entry in entries
    ]


def _cursor(request: HttpRequest) -> UUID | None:
    after = request.GET.get("after", "")
    return UUID(after) if after else None
