"""What staff see of people, organizations, memberships and plans."""

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.accounts import entitlements, impersonation
from apps.accounts.impersonation_form import ImpersonationForm
from apps.accounts.models import Membership, Organization, OrganizationPlan, Plan, User
from apps.audit.services import record
from apps.audit.staff_admin import StaffModelAdmin


@admin.register(User)
class UserAdmin(StaffModelAdmin):
    """People, as far as it concerns who runs the installation."""

    list_display = ("email", "name", "created_at", "last_login")
    search_fields = ("email", "name")
    ordering = ("-created_at",)
    fields = ("email", "name", "created_at", "last_login")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> Any:
        # The jobs login may not even read the password's column.
        shown = ("id", *self.fields)
        return super().get_queryset(request).only(*shown)


class OrganizationForm(forms.ModelForm):  # type: ignore[type-arg]  # takes no parameters when run
    """The one thing that staff set of an organization: its plan."""

    plan = forms.ModelChoiceField(
        Plan.objects.none(),
        help_text="Counts only where plans are sold (STRIPE_SECRET_KEY is set).",
    )

    class Meta:
        model = Organization
        fields = ()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = cast("forms.ModelChoiceField[Plan]", self.fields["plan"])
        field.queryset = Plan.objects.all()
        field.initial = entitlements.plan_of(self.instance.id)


@admin.register(Organization)
class OrganizationAdmin(StaffModelAdmin):
    """Organizations and the plans they are on."""

    form = OrganizationForm
    may_change = True
    list_display = ("name", "created_at", "deletes_at")
    search_fields = ("name",)
    ordering = ("-created_at",)
    fields = ("id", "name", "created_at", "deletes_at", "plan")
    readonly_fields = ("id", "name", "created_at", "deletes_at")

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: bool
    ) -> None:
        """Put the organization on a plan; nothing else of it can change here."""
        before, after = entitlements.plan_of(obj.id), form.cleaned_data["plan"]
        if before == after:
            return
        with transaction.atomic(using=self.login):
            OrganizationPlan.objects.update_or_create(
                org_id=obj.id, defaults={"plan": after}
            )
            record(
                "organization.plan_changed",
                subject="organization",
                subject_id=obj.id,
                before={"plan": before.code, "name": obj.name},
                after={"plan": after.code, "name": obj.name},
                org_id=obj.id,
            )


@admin.register(Membership)
class MembershipAdmin(StaffModelAdmin):
    """Who belongs where, and the way to see the product through their eyes."""

    list_display = ("org", "user", "role", "created_at", "look")
    list_display_links = None
    list_filter = ("role",)
    search_fields = ("org__name", "user__email")
    ordering = ("org__name", "created_at")
    fields = ("org", "user", "role", "created_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request).select_related("org", "user")
        return rows.defer("user__password")

    @admin.display(description="See what they see")
    def look(self, membership: Membership) -> SafeString:
        url = reverse("admin:impersonate", args=[membership.pk])
        return format_html('<a href="{}">Look as {}</a>', url, membership.user.email)

    def get_urls(self) -> list[URLPattern]:
        view: Callable[..., Any] = self.admin_site.admin_view(self.impersonate)
        own = path("<uuid:membership_id>/look/", view, name="impersonate")
        return [own, *super().get_urls()]

    def impersonate(self, request: HttpRequest, membership_id: Any) -> HttpResponse:
        """Ask for a reason and a time, then look as this member."""
        membership = self.get_queryset(request).filter(id=membership_id).first()
        if membership is None:
            raise Http404
        form = ImpersonationForm(request.POST or None)
        if form.is_valid():
            impersonation.begin(request, membership, **form.wanted())
            return redirect("web:dashboard")
        context = {
            **self.admin_site.each_context(request),
            "title": f"Look as {membership.user.email}",
            "opts": self.opts,
            "membership": membership,
            "form": form,
        }
        return TemplateResponse(request, "admin/impersonate.html", context)


@admin.register(Plan)
class PlanAdmin(StaffModelAdmin):
    """What each plan costs and has room for; an empty limit is none."""

    may_change = True
    list_display = (
        "name",
        "usd_billed_yearly",
        "usd_billed_monthly",
        "products",
        "members",
        "routed_requests",
        "panels",
    )
    fields = (
        "code",
        "name",
        "usd_billed_yearly",
        "usd_billed_monthly",
        "products",
        "functions",
        "sanity_checks",
        "panels",
        "routed_requests",
        "members",
        "history_days",
        "alerts",
        "github_repositories",
        "has_sso",
        "has_audit_export",
    )
    readonly_fields = ("code",)
