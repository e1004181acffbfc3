"""Prices with their history, the queue of jumps, parameters, and the change log."""

import json
from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from apps.audit.staff_admin import StaffModelAdmin
from apps.catalog import quarantine
from apps.catalog.admin.rows import editor
from apps.catalog.editing import set_parameter
from apps.catalog.models import ModelChange, OfferParameter, PendingChange, Price


@admin.register(Price)
class PriceAdmin(StaffModelAdmin):
    """Every price row there ever was; none is changed, new ones take over."""

    list_display = (
        *("offer", "component", "usd", "service_tier", "above_prompt_tokens"),
        *("is_discount", "valid_from", "valid_until", "origin"),
    )
    list_filter = ("component", "service_tier", "is_discount", "origin", "offer__id")
    search_fields = ("offer__upstream_id", "offer__ai_model__slug")
    list_select_related = ("offer",)
    ordering = ("-valid_from", "offer", "component")
    fields = (
        *("offer", "component", "usd", "service_tier", "above_prompt_tokens"),
        *("utc_from", "utc_until", "utc_weekdays", "is_discount", "valid_from"),
        *("valid_until", "source", "sourced_on", "origin"),
    )
    readonly_fields = fields

    def get_list_filter(self, request: HttpRequest) -> Any:
        # Offered as an address from the offer's page, not as 8,000 links.
        return [name for name in self.list_filter if name != "offer__id"]


@admin.register(PendingChange)
class PendingChangeAdmin(StaffModelAdmin):
    """Price lists that jumped; they wait for an editor."""

    list_display = ("offer", "what_jumped", "state", "origin", "found_at", "decided_by")
    list_filter = ("state", "origin")
    search_fields = ("offer__upstream_id", "offer__ai_model__slug")
    list_select_related = ("offer",)
    ordering = ("state", "-found_at")
    fields = (
        *("offer", "state", "what_jumped", "old_list", "new_list", "source"),
        *("sourced_on", "found_at", "decided_at", "decided_by", "note"),
    )
    readonly_fields = fields
    actions = ("approve", "refuse")

    @admin.display(description="What jumped")
    def what_jumped(self, pending: PendingChange) -> SafeString:
        lines = [
            (j["component"], j.get("old"), j.get("new"), j.get("reason", ""))
            for j in pending.jumps
        ]
        return format_html_join("", "<div>{}: {} → {} ({})</div>", lines)

    @admin.display(description="Present prices")
    def old_list(self, pending: PendingChange) -> SafeString:
        return _listed(pending.old_prices)

    @admin.display(description="Held prices")
    def new_list(self, pending: PendingChange) -> SafeString:
        return _listed(pending.new_prices)

    @admin.action(description="Approve: the held prices count from now on")
    def approve(self, request: HttpRequest, rows: QuerySet[PendingChange]) -> None:
        self._decide(request, rows, quarantine.approve, "approved")

    @admin.action(description="Refuse: the present prices stay")
    def refuse(self, request: HttpRequest, rows: QuerySet[PendingChange]) -> None:
        self._decide(request, rows, quarantine.refuse, "refused")

    def _decide(
        self,
        request: HttpRequest,
        rows: QuerySet[PendingChange],
        decide: Callable[..., object],
        word: str,
    ) -> None:
        done = 0
        for row in rows:
            try:
                decide(row.pk, by=editor(request))
                done += 1
            except quarantine.NotWaitingError as problem:
                self.message_user(request, f"{row.offer}: {problem}", messages.ERROR)
        self.message_user(request, f"{done} {word}.", messages.SUCCESS)


def _listed(prices: list[Any]) -> SafeString:
    lines = [(json.dumps(row, ensure_ascii=False),) for row in prices]
    return format_html_join("", "<div>{}</div>", lines)


@admin.register(OfferParameter)
class OfferParameterAdmin(StaffModelAdmin):
    """Which request parameters an offer takes; an editor's word outlives syncs."""

    may_change = True
    list_display = ("offer", "name", "is_supported", "minimum", "maximum", "origin")
    list_filter = ("is_supported", "name", "origin")
    search_fields = ("offer__upstream_id", "offer__ai_model__slug", "name")
    list_select_related = ("offer",)
    ordering = ("offer__upstream_id", "name")
    fields = (
        *("offer", "name", "is_supported", "minimum", "maximum", "source", "origin"),
    )
    readonly_fields = ("offer", "name", "source", "origin")

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: bool
    ) -> None:
        values = {name: form.cleaned_data[name] for name in form.changed_data}
        if values:
            set_parameter(obj, values, by=editor(request))


@admin.register(ModelChange)
class ModelChangeAdmin(StaffModelAdmin):
    """The change log: what the feed shows, and what it keeps from readers."""

    list_display = ("at", "what", "ai_model", "offer", "field", "old", "new", "by")
    list_filter = ("what", "origin", "is_first_look", "at")
    search_fields = ("ai_model__slug", "field", "by")
    list_select_related = ("ai_model", "offer")
    ordering = ("-at", "-id")
    fields = (
        *("at", "what", "ai_model", "offer", "provider", "field", "condition", "old"),
        *("new", "change_share", "origin", "source", "by", "is_first_look"),
    )
    readonly_fields = fields
