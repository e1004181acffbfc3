"""The operator's log, for staff to read."""

from django.contrib import admin

from apps.audit.models import OperatorEntry
from apps.audit.staff_admin import StaffModelAdmin


@admin.register(OperatorEntry)
class OperatorEntryAdmin(StaffModelAdmin):
    """What was done to what belongs to no organization; nobody changes an entry."""

    list_display = ("created_at", "action", "label", "subject_id", "actor_email", "via")
    list_filter = ("via", "subject")
    search_fields = ("action", "label", "subject_id", "actor_email")
    date_hierarchy = "created_at"
    ordering = ("-created_at", "-id")
    fields = (
        "created_at",
        "action",
        "subject",
        "subject_id",
        "label",
        "via",
        "actor_email",
        "ip",
        "user_agent",
        "before",
        "after",
    )
    readonly_fields = fields
