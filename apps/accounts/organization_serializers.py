"""The shape of organizations, members, invitations and the audit log in the API."""

from typing import Any

from rest_framework import serializers

from apps.accounts.models import Invitation, Membership, Organization
from apps.accounts.names import validate_name
from apps.accounts.organization_forms import INVITABLE_ROLES, ROLES
from apps.accounts.roles import Role
from apps.audit.actor import Via
from apps.audit.queries import Filters

MOST_ENTRIES = 200


class OrganizationSerializer(serializers.ModelSerializer[Organization]):
    """The organization; only its name can be changed here."""

    name = serializers.CharField(max_length=100, validators=[validate_name])

    class Meta:
        model = Organization
        fields = ("id", "name", "created_at")
        read_only_fields = ("id", "created_at")


class MemberSerializer(serializers.ModelSerializer[Membership]):
    """A person's place in the organization."""

    email = serializers.EmailField(source="user.email", read_only=True)
    name = serializers.CharField(source="user.name", read_only=True)

    class Meta:
        model = Membership
        fields = ("id", "email", "name", "role", "created_at")
        read_only_fields = fields


class MemberListSerializer(serializers.Serializer[Any]):
    """Every member, the owners first."""

    data = MemberSerializer(many=True)  # type: ignore[assignment]  # a field of ours, as the answer calls it


class RoleSerializer(serializers.Serializer[Any]):
    """The role a member shall have."""

    role = serializers.ChoiceField(choices=ROLES)


class TransferSerializer(serializers.Serializer[Any]):
    """The member who becomes owner."""

    member_id = serializers.UUIDField()


class GoingSerializer(serializers.Serializer[Any]):
    """Whether the keys of somebody who goes are revoked too."""

    revoke_keys = serializers.BooleanField(default=False)


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    """An open invitation; its link is in the mail and nowhere else."""

    class Meta:
        model = Invitation
        fields = ("id", "email", "role", "created_at", "expires_at")
        read_only_fields = fields


class InvitationListSerializer(serializers.Serializer[Any]):
    """Every invitation that nobody has used or revoked."""

    data = InvitationSerializer(many=True)  # type: ignore[assignment]  # as above


class NewInvitationSerializer(serializers.Serializer[Any]):
    """Whom to invite, as what."""

    email = serializers.EmailField(max_length=254)
    role = serializers.ChoiceField(choices=INVITABLE_ROLES, default=Role.MEMBER.value)


class AuditFilterSerializer(serializers.Serializer[Any]):
    """What part of the log to answer; `until` is excluded."""

    person = serializers.CharField(
        max_length=254, default="", help_text="Part of an e-mail address."
    )
    action = serializers.CharField(max_length=64, default="")
    subject = serializers.CharField(
        max_length=200, default="", help_text="A kind, an id, or part of a name."
    )
    since = serializers.DateTimeField(default=None)
    until = serializers.DateTimeField(default=None)

    def filters(self) -> Filters:
        names = ("person", "action", "subject", "since", "until")
        return Filters(**{name: self.validated_data[name] for name in names})


class AuditQuerySerializer(AuditFilterSerializer):
    """The filters, and which page."""

    after = serializers.UUIDField(default=None, help_text="`next` of the page before.")
    limit = serializers.IntegerField(default=50, min_value=1, max_value=MOST_ENTRIES)


class AuditEntrySerializer(serializers.Serializer[Any]):
    """Who did what to what: `before` and `after` hold only the fields that changed."""

    id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    action = serializers.CharField()
    subject = serializers.CharField()
    subject_id = serializers.CharField()
    label = serializers.CharField(allow_blank=True)  # type: ignore[assignment]  # as the column is called
    via = serializers.ChoiceField(choices=[via.value for via in Via])
    actor_id = serializers.UUIDField(allow_null=True)
    actor_email = serializers.CharField(allow_blank=True)
    key_id = serializers.UUIDField(allow_null=True)
    ip = serializers.CharField(allow_null=True)
    user_agent = serializers.CharField(allow_blank=True)
    before = serializers.DictField(allow_null=True)
    after = serializers.DictField(allow_null=True)


class AuditPageSerializer(serializers.Serializer[Any]):
    """Entries, the newest first, and the cursor of the next page or null."""

    data = AuditEntrySerializer(many=True)  # type: ignore[assignment]  # as above
    next = serializers.CharField(allow_null=True)
