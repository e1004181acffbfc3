"""Budgets: how much may be spent, what is held of it now, who was told.

What was spent is no column here: `Spend` is the ledger's own sum.
"""

from typing import Final
from uuid import UUID

from django.db import models
from django.db.models import Q

from apps.accounts.models import APIKey
from apps.router.alias_models import Alias
from apps.tenancy.models import TenantModel

# In `Spend`, the rows that sum up the whole organization.
EVERY_KEY: Final = UUID(int=0)


class Budget(TenantModel):
    """What one key, one alias, or without either the organization, may spend."""

    class Period(models.TextChoices):
        DAY = "day", "Daily"
        MONTH = "month", "Monthly"

    key = models.ForeignKey(
        APIKey,
        null=True,
        on_delete=models.CASCADE,
        related_name="+",
        # The migration's composite key stands in: a key of the same organization.
        db_constraint=False,
    )
    alias = models.ForeignKey(
        Alias,
        null=True,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
    )
    period = models.CharField(max_length=5, choices=Period.choices)
    limit_usd = models.DecimalField(max_digits=20, decimal_places=9)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["org", "key", "alias", "period"],
                name="budget_is_one_a_period",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(key=None) | Q(alias=None), name="budget_is_of_one"
            ),
            models.CheckConstraint(
                condition=Q(limit_usd__gt=0), name="budget_is_positive"
            ),
            models.CheckConstraint(
                condition=Q(period__in=["day", "month"]), name="budget_period_is_known"
            ),
        )

    def __str__(self) -> str:
        return f"{self.limit_usd} a {self.period}"


class BudgetHold(TenantModel):
    """What one web process has leased of a budget, for requests under way.

    Written by functions of the database alone. A holder renews its rows every
    minute; those of a dead one go when its journal has been shipped, or expire.
    """

    budget = models.ForeignKey(
        Budget,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    starts_on = models.DateField()
    holder = models.UUIDField()
    amount_usd = models.DecimalField(max_digits=20, decimal_places=9)
    expires_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["holder"], name="router_hold_by_holder"),)
        constraints = (
            models.UniqueConstraint(
                fields=["org", "budget", "starts_on", "holder"],
                name="hold_is_one_a_holder",
            ),
        )

    def __str__(self) -> str:
        return f"{self.amount_usd} by {self.holder}"


class BudgetNotice(TenantModel):
    """That the owners were told of a budget, once a period and percentage."""

    budget = models.ForeignKey(
        Budget,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    starts_on = models.DateField()
    percent = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["org", "budget", "starts_on", "percent"],
                name="notice_is_one_a_period",
            ),
        )

    def __str__(self) -> str:
        return f"{self.percent} % of {self.budget_id}"


class Spend(models.Model):
    """The ledger's cost by UTC day, of each key and of all together (EVERY_KEY).

    A trigger on the ledger keeps it, so that it is never behind a committed row.
    """

    pk = models.CompositePrimaryKey("org_id", "key_id", "day")
    org_id = models.UUIDField()
    key_id = models.UUIDField()
    day = models.DateField()
    cost_usd = models.DecimalField(max_digits=20, decimal_places=9)

    class Meta:
        managed = False
        db_table = "router_spend"

    def __str__(self) -> str:
        return f"{self.cost_usd} on {self.day}"


class AliasSpend(models.Model):
    """The ledger's cost by UTC day of what was sent to each alias, by its name.

    Kept by the same trigger as `Spend`.
    """

    pk = models.CompositePrimaryKey("org_id", "alias", "day")
    org_id = models.UUIDField()
    alias = models.TextField()
    day = models.DateField()
    cost_usd = models.DecimalField(max_digits=20, decimal_places=9)

    class Meta:
        managed = False
        db_table = "router_alias_spend"

    def __str__(self) -> str:
        return f"{self.cost_usd} on {self.day}"
