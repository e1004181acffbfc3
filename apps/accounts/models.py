"""Organizations, people, their roles, and API keys."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from apps.accounts.roles import Role
from apps.kit.ids import uuid7
from apps.tenancy.models import TenantManager, TenantModel


class Organization(models.Model):
    """The tenant. Whatever a member may not set himself lives in another table."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100)
    created_at = models.DateTimeField(auto_now_add=True)

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


class APIKey(TenantModel):
    """A program's way in: its secret is shown once, what is kept is a keyed hash."""

    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16)  # "mx_live_AbCd"
    last4 = models.CharField(max_length=4)
    # Unique over all organizations: the caller is found by it, before a scope is.
    digest = models.BinaryField(max_length=32)
    pepper_version = models.PositiveSmallIntegerField()
    is_test = models.BooleanField(default=False)
    scopes = ArrayField(models.CharField(max_length=32))
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
