"""The admin's way to a table: through the jobs login, read-only unless said, audited.

The web's login sees one organization at a time and cannot write what no member may
set; the owner's could do anything. The jobs login sees across organizations what a
named policy shows it, and writes what a migration granted it: so an admin page that
nobody has thought through can show and change nothing.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.contrib import admin
from django.core.exceptions import ImproperlyConfigured
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from apps.audit.models import AuditEntry, OperatorEntry
from apps.audit.services import record

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin

# No page of the admin names a column that ends like this, whoever writes it.
SECRET_WORDS: Final = frozenset(
    {"password", "digest", "sealed", "secret", "token", "data", "key", "session"}
)
SHOWN_ENTRIES: Final = 100


class StaffModelAdmin(_ModelAdmin):
    """What staff see of one table; a subclass lists its fields and what they may do."""

    login: ClassVar[str] = "jobs"
    may_add: ClassVar[bool] = False
    may_change: ClassVar[bool] = False
    may_delete: ClassVar[bool] = False
    actions: Any = None
    show_full_result_count = False

    def __init__(self, model: Any, admin_site: Any) -> None:
        super().__init__(model, admin_site)
        _require_no_secrets(self)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).using(self.login)

    def lookup_allowed(
        self, lookup: str, value: str, request: HttpRequest | None = None
    ) -> bool:
        """Filter by what the page offers: a URL must not guess at other columns."""
        offered: set[Any] = {o for o in self.list_filter if isinstance(o, str)}
        offered |= {one[0] for one in self.list_filter if isinstance(one, tuple)}
        return any(lookup == one or lookup.startswith(f"{one}__") for one in offered)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True  # the site has let this person in, with a second factor

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_add

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_change

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_delete

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: bool
    ) -> None:
        before = {name: _told(form.initial.get(name)) for name in form.changed_data}
        after = {name: _told(form.cleaned_data[name]) for name in form.changed_data}
        with transaction.atomic(using=self.login):
            obj.save(using=self.login)
            if change:
                self._record("changed", obj, before=before, after=after)
            else:
                self._record("added", obj, before=None, after=after)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with transaction.atomic(using=self.login):
            self._record("deleted", obj, before={"label": str(obj)}, after=None)
            obj.delete(using=self.login)

    def _record(
        self,
        what: str,
        obj: Any,
        *,
        before: dict[str, Any] | None,
        after: dict[str, Any] | None,
    ) -> None:
        subject = str(self.opts.model_name)
        record(
            f"{subject}.{what}",
            subject=subject,
            subject_id=obj.pk,
            before=before,
            after=after,
            org_id=getattr(obj, "org_id", None),
        )

    # One log holds what anybody did; Django's own beside it would be a second one.
    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Leave it to `save_model`."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Leave it to `save_model`."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Leave it to `delete_model`."""

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """What the audit log knows of one row, the newest first."""
        obj = self.get_object(request, object_id)
        if obj is None:
            missing = self._get_obj_does_not_exist_redirect  # type: ignore[attr-defined]  # Django's own
            response: HttpResponse = missing(request, self.opts, object_id)
            return response
        about = {"subject": str(self.opts.model_name), "subject_id": str(obj.pk)}
        found: list[AuditEntry | OperatorEntry] = [
            *AuditEntry.objects.filter(**about).order_by("-id")[:SHOWN_ENTRIES],
            *OperatorEntry.objects.using(self.login)
            .filter(**about)
            .order_by("-id")[:SHOWN_ENTRIES],
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": f"History: {obj}",
            "opts": self.opts,
            "object": obj,
            "entries": sorted(found, key=lambda entry: entry.id, reverse=True),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/audit_history.html", context)


def _told(value: Any) -> Any:
    """A field's value as the log keeps it."""
    is_row = isinstance(value, models.Model | models.QuerySet)
    return str(value) if is_row else value


def _require_no_secrets(page: StaffModelAdmin) -> None:
    """Stop the start when a page would show a secret, or whatever columns there are."""
    if page.fields is None and page.fieldsets is None:
        raise ImproperlyConfigured(f"{type(page).__name__} must list its fields.")
    groups = [options["fields"] for _, options in page.fieldsets or ()]
    names = [*(page.fields or ()), *page.list_display, *page.search_fields]
    names += [*page.readonly_fields, *(name for group in groups for name in group)]
    for name in names:
        last = str(name).replace("__", "_").rpartition("_")[2]
        if last in SECRET_WORDS:
            raise ImproperlyConfigured(f"{type(page).__name__} shows {name!r}.")
