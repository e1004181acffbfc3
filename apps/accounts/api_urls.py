"""The control plane of accounts, below `/api/v1/`."""

from django.urls import path

from apps.accounts.api import KeyRotationView, KeysView, KeyView
from apps.accounts.audit_api import AuditCSVView, AuditJSONLView, AuditView
from apps.accounts.leak_api import SecretScanningView
from apps.accounts.organization_api import (
    InvitationResendView,
    InvitationsView,
    InvitationView,
    LeaveView,
    MembersView,
    MemberView,
    OrganizationView,
    TransferView,
)

urlpatterns = [
    path(
        "secret-scanning/github",
        SecretScanningView.as_view(),
        name="api-secret-scanning",
    ),
    path("organization", OrganizationView.as_view(), name="api-organization"),
    path("organization/transfer", TransferView.as_view(), name="api-transfer"),
    path("organization/leave", LeaveView.as_view(), name="api-leave"),
    path("members", MembersView.as_view(), name="api-members"),
    path("members/<uuid:member_id>", MemberView.as_view(), name="api-member"),
    path("invitations", InvitationsView.as_view(), name="api-invitations"),
    path(
        "invitations/<uuid:invitation_id>",
        InvitationView.as_view(),
        name="api-invitation",
    ),
    path(
        "invitations/<uuid:invitation_id>/resend",
        InvitationResendView.as_view(),
        name="api-invitation-resend",
    ),
    path("audit", AuditView.as_view(), name="api-audit"),
    path("audit.csv", AuditCSVView.as_view(), name="api-audit-csv"),
    path("audit.jsonl", AuditJSONLView.as_view(), name="api-audit-jsonl"),
    path("keys", KeysView.as_view(), name="api-keys"),
    path("keys/<uuid:key_id>", KeyView.as_view(), name="api-key"),
    path(
        "keys/<uuid:key_id>/rotate", KeyRotationView.as_view(), name="api-key-rotation"
    ),
]
