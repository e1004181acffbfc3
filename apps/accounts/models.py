"""Organizations, people, their roles, and API keys."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.functional import cached_property

from apps.accounts.roles import Role
from apps.kit.clock import utc_now
from apps.kit.ids import uuid7
from apps.tenancy.models import TenantManager, TenantModel


class Organization(models.Model):
    """The tenant. Whatever a member may not set himself lives in another table."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100)
    created_at = models.DateTimeField(auto_now_add=True)
    # Set while it is to be deleted; every page says so.
    deletes_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[models.Manager["Organization"]] = TenantManager("id")

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())

    def create_user(
        self, email: str, password: str | None = None, **extra: Any
    ) -> "User":
        user = self.model(email=email.lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person, known by an e-mail address; what they may do is in Membership."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # Kept in lower case, so that unique means unique to a reader too.
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(email=Lower(F("email"))), name="email_is_lower_case"
            ),
        )

    def __str__(self) -> str:
        return self.email

    @cached_property
    def is_staff(self) -> bool:
        """Whether this person runs the installation; no row of the person says so."""
        return Staff.objects.filter(user_id=self.id).exists()


class Staff(models.Model):
    """A person who may enter the admin, with a second factor.

    A table of its own that the web's login can only read: whoever takes the web
    process over still cannot make anybody staff. `manage make_staff` does, as owner.
    """

    # By the database: who deletes the account may not be able to write this table.
    user = models.OneToOneField(
        User, on_delete=models.DB_CASCADE, primary_key=True, related_name="+"
    )
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "staff"

    def __str__(self) -> str:
        return str(self.user_id)


class Membership(TenantModel):
    """One person's role in one organization."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=10, choices=[(r.value, r.title()) for r in Role])
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["org", "user"], name="membership_is_one_an_org"
            ),
            models.CheckConstraint(
                condition=Q(role__in=[role.value for role in Role]),
                name="membership_role_is_known",
            ),
        )

    def __str__(self) -> str:
        return f"{self.role} of {self.org_id}"


class Invitation(TenantModel):
    """An offer of a role to whoever reads mail at an address; its link works once."""

    email = models.EmailField()  # in lower case
    role = models.CharField(max_length=10, choices=[(r.value, r.title()) for r in Role])
    # Found by it before a scope is known; the link itself is kept nowhere.
    digest = models.BinaryField(max_length=32)
    invited_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["org", "email"],
                condition=Q(accepted_at=None, revoked_at=None),
                name="invitation_is_one_an_address",
            ),
            models.CheckConstraint(
                condition=Q(email=Lower(F("email"))), name="invitation_is_lower_case"
            ),
            models.CheckConstraint(
                condition=Q(role__in=[role.value for role in Role]),
                name="invitation_role_is_known",
            ),
        )

    def __str__(self) -> str:
        return f"{self.email} as {self.role}"

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= utc_now()


class APIKey(TenantModel):
    """A program's way in: its secret is shown once, what is kept is a keyed hash."""

    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16)  # "mx_live_AbCd"
    last4 = models.CharField(max_length=4)
    # Unique over all organizations: the caller is found by it, before a scope is.
    digest = models.BinaryField(max_length=32)
    pepper_version = models.PositiveSmallIntegerField()
    # The secret before the last rotation, which goes on working for a while.
    previous_digest = models.BinaryField(max_length=32, null=True)
    previous_last4 = models.CharField(max_length=4, default="", db_default="")
    previous_until = models.DateTimeField(null=True)
    rotated_at = models.DateTimeField(null=True)
    is_test = models.BooleanField(default=False)
    scopes = ArrayField(models.CharField(max_length=32))
    # Ids and globs of models, and address ranges; empty allows all.
    allowed_models = ArrayField(
        models.CharField(max_length=200), default=list, db_default=[]
    )
    allowed_ips = ArrayField(
        models.CharField(max_length=43), default=list, db_default=[]
    )
    # Such as "team:search": usage can be grouped by them.
    tags = ArrayField(models.CharField(max_length=64), default=list, db_default=[])
    # None: the installation's own limit holds.
    requests_per_minute = models.PositiveIntegerField(null=True)
    tokens_per_minute = models.PositiveIntegerField(null=True)
    # A person who leaves takes nothing along: the key goes on working.
    created_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=["org", "-created_at"]),)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…{self.last4})"


class Plan(models.Model):
    """What a plan costs and has room for; edited in the admin, read by everyone.

    Amounts are US dollars a month. A limit of None is none; a price of None is "ask".
    """

    class Alerts(models.TextChoices):
        DIGEST = "digest", "Weekly digest"
        CHAT = "chat", "Digest, e-mail, Slack, Discord"
        ALL = "all", "All, with webhooks and custom rules"

    code = models.SlugField(max_length=20, unique=True)
    name = models.CharField(max_length=40)
    position = models.PositiveSmallIntegerField()
    usd_billed_yearly = models.DecimalField(
        max_digits=8, decimal_places=2, null=True, blank=True
    )
    usd_billed_monthly = models.DecimalField(
        max_digits=8, decimal_places=2, null=True, blank=True
    )
    products = models.PositiveIntegerField(null=True, blank=True)
    functions = models.PositiveIntegerField(null=True, blank=True)
    # These three count by calendar month, UTC.
    sanity_checks = models.PositiveIntegerField(null=True, blank=True)
    panels = models.PositiveIntegerField(null=True, blank=True)
    routed_requests = models.PositiveBigIntegerField(null=True, blank=True)
    members = models.PositiveIntegerField(null=True, blank=True)
    history_days = models.PositiveIntegerField(null=True, blank=True)
    alerts = models.CharField(max_length=10, choices=Alerts.choices)
    # 0: the GitHub App is not part of the plan.
    github_repositories = models.PositiveIntegerField(null=True, blank=True)
    has_sso = models.BooleanField(default=False)
    has_audit_export = models.BooleanField(default=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("position",)

    def __str__(self) -> str:
        return self.name


class OrganizationPlan(TenantModel):
    """Which plan an organization is on; without a row it is on the free one.

    The web's login only reads it: no member sets their own limits.
    """

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["org"], name="organization_plan_is_one"),
        )

    def __str__(self) -> str:
        return f"{self.org_id}: {self.plan_id}"
