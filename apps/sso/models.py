"""An organization's connection to its identity provider, and the domains it proved."""

from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from apps.accounts.linking import SSO_PREFIX
from apps.accounts.roles import Role
from apps.tenancy.models import TenantModel

# Who joins by single sign-on becomes no owner.
ROLES = [(role.value, role.title()) for role in Role if role is not Role.OWNER]


def provider_id_of(org_id: UUID) -> str:
    return f"{SSO_PREFIX}{org_id}"


class Connection(TenantModel):
    """How members sign in: over OpenID Connect or SAML; one an organization."""

    class Kind(models.TextChoices):
        OIDC = "oidc", "OpenID Connect"
        SAML = "saml", "SAML 2.0"

    kind = models.CharField(max_length=4, choices=Kind)
    # OpenID Connect: the issuer's URL. SAML: the identity provider's entity id.
    issuer = models.CharField(max_length=500)
    client_id = models.CharField(max_length=191, blank=True)
    # AES-256-GCM, bound to this organization and row.
    sealed_secret = models.BinaryField(max_length=4096, default=b"")
    sso_url = models.CharField(max_length=500, blank=True)
    # SAML: what the identity provider signs with, base64 without its armour.
    certificate = models.TextField(blank=True)
    default_role = models.CharField(max_length=10, choices=ROLES, default="member")
    is_enforced = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["org"], name="sso_connection_is_one_an_org"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["oidc", "saml"]), name="sso_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(default_role__in=[value for value, _ in ROLES]),
                name="sso_role_is_known",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.issuer}"

    @property
    def provider_id(self) -> str:
        """What allauth calls this connection; accounts linked through it carry it.

        It follows from the organization, so the addresses that the identity provider
        must be told are known before there is a connection.
        """
        return provider_id_of(self.org_id)

    @property
    def bound_to(self) -> str:
        """The place its secret is sealed for."""
        return f"sso|{self.org_id}|{self.id}"


class Domain(TenantModel):
    """A mail domain that an organization claims, and proves by a DNS record."""

    name = models.CharField(max_length=253)
    token = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    verified_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["org", "name"], name="sso_domain_is_claimed_once"
            ),
            models.CheckConstraint(
                condition=Q(name=Lower(F("name"))), name="sso_domain_is_lower_case"
            ),
        )

    def __str__(self) -> str:
        return self.name
