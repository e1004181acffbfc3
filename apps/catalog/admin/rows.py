"""Models, offers, providers: their values, edited by hand with a reason."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.audit.staff_admin import StaffModelAdmin
from apps.catalog.admin.forms import ModelEditForm, OfferEditForm, ProviderEditForm
from apps.catalog.editing import Row, edit, release
from apps.catalog.models import AIModel, Offer, Provider
from apps.catalog.provenance import EDITED
from apps.kit.errors import AppError


def editor(request: HttpRequest) -> str:
    """Who edits, as the catalog's log names people."""
    return str(getattr(request.user, "email", ""))


class EditedAdmin(StaffModelAdmin):
    """A row of the catalog: saving goes through `editing`, never past it."""

    may_change = True
    change_list_template = "admin/catalog_list.html"
    actions: Any = ("give_back",)

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: bool
    ) -> None:
        names = [name for name in form.changed_data if name != "reason"]
        values = {name: form.cleaned_data[name] for name in names}
        reason = form.cleaned_data.get("reason", "")
        if values:
            edit(obj, values, by=editor(request), reason=reason)

    @admin.display(description="Set by hand")
    def by_hand(self, row: Row) -> SafeString:
        entries = [
            (name.replace("_", " "), entry["by"], entry["on"], entry["reason"])
            for name, entry in sorted(row.provenance.items())
            if entry.get("origin") == EDITED
        ]
        if not entries:
            return format_html("{}", "nothing")
        return format_html_join("", "<div>{}: {}, {}, {}</div>", entries)

    @admin.display(description="Sources")
    def sources(self, row: Row) -> SafeString:
        own = [(getattr(row, "source", "") or row.origin, "the row itself")]
        rest = [
            (entry["source"], name.replace("_", " "))
            for name, entry in sorted(row.provenance.items())
        ]
        return format_html_join("", "<div>{} ({})</div>", own + rest)

    @admin.action(description="Give what is set by hand back to the sources")
    def give_back(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        count = 0
        for row in rows:
            edits = [n for n, e in row.provenance.items() if e["origin"] == EDITED]
            for name in edits:
                release(row, name, by=editor(request))
            count += len(edits)
        self.message_user(request, f"{count} value(s) given back.", messages.SUCCESS)

    def set_all(
        self, request: HttpRequest, rows: QuerySet[Any], values: dict[str, Any]
    ) -> None:
        """One edit for every ticked row; says how many really changed."""
        changed = 0
        for row in rows:
            try:
                changed += bool(
                    edit(row, values, by=editor(request), reason="bulk action")
                )
            except AppError as problem:
                self.message_user(request, f"{row}: {problem}", messages.ERROR)
        self.message_user(request, f"{changed} row(s) changed.", messages.SUCCESS)


@admin.register(AIModel)
class AIModelAdmin(EditedAdmin):
    """What is served, whoever serves it."""

    form = ModelEditForm
    list_display = ("slug", "kind", "status", "context_tokens", "released_on", "origin")
    list_filter = ("status", "kind", "origin", "author")
    search_fields = ("slug", "name")
    ordering = ("slug",)
    actions = ("deprecate", "activate", "give_back")
    _read: ClassVar = ("slug", "page", "by_hand", "sources")
    readonly_fields = _read
    fields = (
        *_read,
        *("name", "kind", "status", "description", "context_tokens"),
        *("max_output_tokens", "has_vision", "has_tools", "has_json_schema"),
        *("has_reasoning", "is_open_weights", "licence", "tokenizer"),
        *("knowledge_cutoff", "released_on", "deprecated_on", "sunset_on"),
        *("successor", "reason"),
    )

    @admin.display(description="Public page")
    def page(self, model: AIModel) -> SafeString:
        url = reverse("catalog:model", args=[model.slug])
        return format_html('<a href="{}">{}</a>', url, url)

    @admin.action(description="Mark as deprecated")
    def deprecate(self, request: HttpRequest, rows: QuerySet[AIModel]) -> None:
        self.set_all(request, rows, {"status": AIModel.Status.DEPRECATED})

    @admin.action(description="Mark as active")
    def activate(self, request: HttpRequest, rows: QuerySet[AIModel]) -> None:
        self.set_all(request, rows, {"status": AIModel.Status.ACTIVE})


@admin.register(Offer)
class OfferAdmin(EditedAdmin):
    """One model at one provider."""

    form = OfferEditForm
    list_display = ("ai_model", "provider", "upstream_id", "region", "is_available")
    list_filter = ("is_available", "provider", "service_tier", "origin")
    search_fields = ("upstream_id", "ai_model__slug", "provider__slug")
    list_select_related = ("ai_model", "provider")
    ordering = ("ai_model__slug", "upstream_id")
    actions = ("take_out", "put_back", "give_back")
    _read: ClassVar = (
        *("ai_model", "provider", "served_by", "upstream_id", "region", "variant"),
        *("prices", "by_hand", "sources"),
    )
    readonly_fields = _read
    fields = (*_read, *OfferEditForm.Meta.fields, "reason")

    @admin.display(description="Prices")
    def prices(self, offer: Offer) -> SafeString:
        url = reverse("admin:catalog_price_changelist")
        return format_html('<a href="{}?offer__id__exact={}">Show</a>', url, offer.pk)

    @admin.action(description="Take out of service")
    def take_out(self, request: HttpRequest, rows: QuerySet[Offer]) -> None:
        self.set_all(request, rows, {"is_available": False})

    @admin.action(description="Put back into service")
    def put_back(self, request: HttpRequest, rows: QuerySet[Offer]) -> None:
        self.set_all(request, rows, {"is_available": True})


@admin.register(Provider)
class ProviderAdmin(EditedAdmin):
    """Who serves models, and under which terms."""

    form = ProviderEditForm
    list_display = ("name", "slug", "protocol", "tier", "trains_on_prompts", "origin")
    list_filter = ("tier", "is_broker", "protocol", "trains_on_prompts", "origin")
    search_fields = ("name", "slug")
    ordering = ("name",)
    _read: ClassVar = (
        *("slug", "protocol", "base_url", "tier", "is_broker", "by_hand", "sources"),
    )
    readonly_fields = _read
    fields = (*_read, *ProviderEditForm.Meta.fields, "reason")
