"""The control plane of the organization, its members and its invitations.

A key with the scope `members:manage` may do what an admin may; what needs an owner,
or concerns the person who asks, takes a signed-in member.
"""

from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import invitation_services, member_services
from apps.accounts.api import CONTROL_PLANE
from apps.accounts.authentication import Allowed, KeyHolder
from apps.accounts.models import Membership, Organization, User
from apps.accounts.organization_serializers import (
    GoingSerializer,
    InvitationListSerializer,
    InvitationSerializer,
    MemberListSerializer,
    MemberSerializer,
    NewInvitationSerializer,
    OrganizationSerializer,
    RoleSerializer,
    TransferSerializer,
)
from apps.accounts.queries import list_invitations, list_members


class _OrganizationAPI(APIView):
    """What the views below have in common: who is asked for, and who is let in."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = "members:manage"

    def membership(self) -> Membership:
        """The acting member's, where no key is let in."""
        request: Any = self.request._request
        return cast("Membership", request.membership)

    def member(self) -> Membership | None:
        """The acting member; None for a key."""
        return None if isinstance(self.request.user, KeyHolder) else self.membership()

    def person(self) -> User | None:
        user = self.request.user
        return user if isinstance(user, User) else None


class OrganizationView(_OrganizationAPI):
    """`/api/v1/organization`: read and rename."""

    actions = {"GET": "organization.read", "PATCH": "organization.rename"}

    @extend_schema(operation_id="read_organization", responses=OrganizationSerializer)
    def get(self, request: Request) -> Response:
        return Response(OrganizationSerializer(Organization.objects.get()).data)

    @extend_schema(
        operation_id="rename_organization",
        request=OrganizationSerializer,
        responses=OrganizationSerializer,
    )
    def patch(self, request: Request) -> Response:
        asked = OrganizationSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        org = member_services.rename_organization(asked.validated_data["name"])
        return Response(OrganizationSerializer(org).data)


class TransferView(_OrganizationAPI):
    """`/api/v1/organization/transfer`: hand over; a signed-in owner's act."""

    key_scope = ""
    actions = {"POST": "organization.manage"}

    @extend_schema(
        operation_id="transfer_organization",
        request=TransferSerializer,
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        """Make a member owner, and yourself an admin."""
        asked = TransferSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        member_id = asked.validated_data["member_id"]
        member_services.transfer_ownership(member_id, by=self.membership())
        return Response(status=status.HTTP_204_NO_CONTENT)


class LeaveView(_OrganizationAPI):
    """`/api/v1/organization/leave`: a signed-in member goes."""

    key_scope = ""
    actions = {"POST": "members.leave"}

    @extend_schema(
        operation_id="leave_organization",
        request=GoingSerializer,
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        """Leave; the last owner cannot."""
        asked = GoingSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        revokes = asked.validated_data["revoke_keys"]
        member_services.leave(self.membership(), is_revoking_keys=revokes)
        return Response(status=status.HTTP_204_NO_CONTENT)


class MembersView(_OrganizationAPI):
    """`/api/v1/members`: list."""

    actions = {"GET": "members.read"}

    @extend_schema(operation_id="list_members", responses=MemberListSerializer)
    def get(self, request: Request) -> Response:
        return Response({"data": MemberSerializer(list_members(), many=True).data})


class MemberView(_OrganizationAPI):
    """`/api/v1/members/{id}`: change the role, remove."""

    actions = {"PATCH": "members.manage", "DELETE": "members.manage"}

    @extend_schema(
        operation_id="change_member_role",
        request=RoleSerializer,
        responses=MemberSerializer,
    )
    def patch(self, request: Request, member_id: UUID) -> Response:
        """Give a member another role; only an owner makes or changes owners."""
        asked = RoleSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        role = asked.validated_data["role"]
        member = member_services.change_role(member_id, role, by=self.member())
        return Response(MemberSerializer(member).data)

    @extend_schema(
        operation_id="remove_member",
        parameters=[GoingSerializer],
        responses={204: None},
    )
    def delete(self, request: Request, member_id: UUID) -> Response:
        """Take a member out, from their next request on."""
        asked = GoingSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        member_services.remove_member(
            member_id,
            by=self.member(),
            is_revoking_keys=asked.validated_data["revoke_keys"],
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class InvitationsView(_OrganizationAPI):
    """`/api/v1/invitations`: list and send."""

    actions = {"GET": "invitations.read", "POST": "invitations.manage"}

    @extend_schema(operation_id="list_invitations", responses=InvitationListSerializer)
    def get(self, request: Request) -> Response:
        data = InvitationSerializer(list_invitations(), many=True).data
        return Response({"data": data})

    @extend_schema(
        operation_id="invite_member",
        request=NewInvitationSerializer,
        responses={201: InvitationSerializer},
    )
    def post(self, request: Request) -> Response:
        """Mail a link that works once, for seven days, for this address."""
        asked = NewInvitationSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        invitation = invitation_services.invite(
            asked.validated_data["email"],
            asked.validated_data["role"],
            by=self.person(),
        )
        return Response(InvitationSerializer(invitation).data, status=201)


class InvitationView(_OrganizationAPI):
    """`/api/v1/invitations/{id}`: revoke."""

    actions = {"DELETE": "invitations.manage"}

    @extend_schema(operation_id="revoke_invitation", responses={204: None})
    def delete(self, request: Request, invitation_id: UUID) -> Response:
        """Make the link useless."""
        invitation_services.revoke_invitation(invitation_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class InvitationResendView(_OrganizationAPI):
    """`/api/v1/invitations/{id}/resend`: a new link."""

    actions = {"POST": "invitations.manage"}

    @extend_schema(
        operation_id="resend_invitation", request=None, responses=InvitationSerializer
    )
    def post(self, request: Request, invitation_id: UUID) -> Response:
        """Mail a new link, good for seven days; the one before is dead."""
        invitation = invitation_services.resend_invitation(
            invitation_id, by=self.person()
        )
        return Response(InvitationSerializer(invitation).data)
