"""What staff do with the waitlist: read it, take it along, let people in."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from apps.audit.services import record
from apps.audit.staff_admin import StaffModelAdmin
from apps.kit.clock import utc_now
from apps.kit.csv_cells import csv_line
from apps.web.models import WaitlistEntry
from apps.web.waitlist import admit

COLUMNS = ("email", "asked_at", "confirmed_at", "admitted_at")


@admin.register(WaitlistEntry)
class WaitlistAdmin(StaffModelAdmin):
    """Who wants to be told, and who may come in by now."""

    may_delete = True
    list_display = COLUMNS
    list_filter = (
        ("confirmed_at", admin.EmptyFieldListFilter),
        ("admitted_at", admin.EmptyFieldListFilter),
    )
    search_fields = ("email",)
    ordering = ("-asked_at",)
    fields = COLUMNS
    readonly_fields = COLUMNS
    actions: Any = ("let_in", "export")

    @admin.action(description="Let in: mail a link to sign up")
    def let_in(self, request: HttpRequest, entries: QuerySet[WaitlistEntry]) -> None:
        count = admit(entries, login=self.login)
        rest = entries.count() - count
        told = f"{count} may sign up now and were told so."
        if rest:
            told += f" {rest} have not confirmed, or were let in before."
        self.message_user(request, told, messages.SUCCESS if count else messages.INFO)

    @admin.action(description="Export as CSV")
    def export(
        self, request: HttpRequest, entries: QuerySet[WaitlistEntry]
    ) -> HttpResponse:
        rows = list(entries.values_list(*COLUMNS))
        record(
            "waitlist.exported",
            subject="waitlistentry",
            subject_id="list",
            after={"rows": len(rows)},
            org_id=None,
        )
        lines = [csv_line(COLUMNS), *(csv_line(_cells(row)) for row in rows)]
        name = f"waitlist-{utc_now():%Y-%m-%d}.csv"
        return HttpResponse(
            "".join(lines),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


def _cells(row: tuple[Any, ...]) -> list[str]:
    email, *moments = row
    return [email, *(at.isoformat() if at else "" for at in moments)]
