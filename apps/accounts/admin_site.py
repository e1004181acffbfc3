"""The admin at /admin/: one site, for staff with a second factor, that shows no secret.

`config.admin` makes it Django's default site, so any app's `admin.py` registers with
it as usual. Only a `StaffModelAdmin` is taken: what Django and allauth bring along
would show tokens, sessions and the secrets of second factors.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme

from apps.accounts import impersonation, staff_gate
from apps.audit.staff_admin import StaffModelAdmin
from apps.tenancy.scope import unscoped

# Passwords are allauth's business, in one place for everybody.
_NOT_HERE: Final = frozenset({"password_change", "password_change_done"})


class StaffSite(admin.AdminSite):
    """Django's admin behind our own gate."""

    site_title = "ModelOptix"
    site_header = "ModelOptix admin"
    index_title = "Administration"
    site_url = "/dashboard/"
    enable_nav_sidebar = False

    def register(
        self, model_or_iterable: Any, admin_class: Any = None, **options: Any
    ) -> None:
        if admin_class is not None and issubclass(admin_class, StaffModelAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        return staff_gate.may_enter(request)

    def admin_view(
        self, view: Callable[..., HttpResponseBase], cacheable: bool = False
    ) -> Any:
        @wraps(view)
        def across(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            with unscoped("the admin shows every organization"):
                response: Any = view(request, *args, **kwargs)
                # A template is rendered late otherwise, out of reach of the rows.
                if hasattr(response, "render"):
                    response.render()
                return response  # type: ignore[no-any-return]  # as the view

        return super().admin_view(across, cacheable)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to allauth's sign-in, to a second factor, or back in."""
        wanted = request.GET.get("next", "")
        is_ours = url_has_allowed_host_and_scheme(wanted, None) and wanted[:1] == "/"
        return staff_gate.lead_in(request, to=wanted if is_ours else self._index())

    def logout(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Leave it to the one page that signs everybody out."""
        return redirect("account_logout")

    def get_urls(self) -> list[URLPattern | URLResolver]:
        urls = super().get_urls()
        kept = [url for url in urls if getattr(url, "name", None) not in _NOT_HERE]
        stop = self.admin_view(_stop_impersonating)
        return [path("impersonation/stop/", stop, name="stop-impersonating"), *kept]

    def _index(self) -> str:
        return reverse("admin:index")


def _stop_impersonating(request: HttpRequest) -> HttpResponse:
    impersonation.end(request)
    return redirect("admin:accounts_membership_changelist")
