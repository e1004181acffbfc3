"""Aliases: the names under which an organization's use cases call the router."""

from django.db import models

from apps.tenancy.models import TenantModel


class Alias(TenantModel):
    """A name such as `uc/support-triage`, and how its requests are routed."""

    name = models.CharField(max_length=100)
    description = models.CharField(max_length=300, blank=True)
    # A paused alias refuses requests and says so.
    is_active = models.BooleanField(default=True)
    # `engine.rules.Rules`, without its defaults.
    rules = models.JSONField(default=dict, blank=True)
    # The model before the last switch: what its savings are measured against where
    # the organization chose no premium baseline. Empty: nothing was switched.
    baseline_model = models.CharField(
        max_length=160, blank=True, default="", db_default=""
    )
    # Takes one more with every change: an edit of an older state is refused.
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(
                fields=["org", "name"], name="alias_name_is_unique"
            ),
        )

    def __str__(self) -> str:
        return self.name
