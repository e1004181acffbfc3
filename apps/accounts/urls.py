"""Pages of accounts."""

from django.urls import path

from apps.accounts import (
    audit_views,
    invitation_views,
    key_views,
    organization_views,
    security_views,
    views,
)

app_name = "accounts"
urlpatterns = [
    path("settings/security/", security_views.security, name="security"),
    path("accounts/link/", security_views.link, name="link"),
    path("keys/", key_views.keys, name="keys"),
    path("keys/<uuid:key_id>/", key_views.key, name="key"),
    path("keys/<uuid:key_id>/revoke/", key_views.revoke_key, name="revoke-key"),
    path("keys/<uuid:key_id>/rotate/", key_views.rotate_key, name="rotate-key"),
    path("organization/choose/", views.choose_organization, name="choose-organization"),
    path("organization/", organization_views.organization, name="organization"),
    path(
        "organization/new/",
        organization_views.new_organization,
        name="new-organization",
    ),
    path("organization/leave/", organization_views.leave, name="leave"),
    path("organization/members/", organization_views.members, name="members"),
    path("organization/members/invite/", invitation_views.invite, name="invite"),
    path(
        "organization/members/<uuid:member_id>/role/",
        organization_views.change_role,
        name="change-role",
    ),
    path(
        "organization/members/<uuid:member_id>/remove/",
        organization_views.remove_member,
        name="remove-member",
    ),
    path(
        "organization/members/<uuid:member_id>/transfer/",
        organization_views.transfer,
        name="transfer",
    ),
    path(
        "organization/invitations/<uuid:invitation_id>/resend/",
        invitation_views.resend,
        name="resend-invitation",
    ),
    path(
        "organization/invitations/<uuid:invitation_id>/revoke/",
        invitation_views.revoke,
        name="revoke-invitation",
    ),
    path("invitations/<str:token>/", invitation_views.invitation, name="invitation"),
    path("organization/audit/", audit_views.audit, name="audit"),
    path(
        "organization/audit.csv",
        audit_views.export_audit,
        {"form": "csv"},
        name="audit-csv",
    ),
    path(
        "organization/audit.jsonl",
        audit_views.export_audit,
        {"form": "jsonl"},
        name="audit-jsonl",
    ),
]
