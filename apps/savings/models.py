"""Switches of models, and the ledger of what they saved."""

from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.catalog.models import AIModel, Offer, Provider
from apps.savings.guard_rails import Rails
from apps.tenancy.models import TenantModel

MONEY: Final[dict[str, Any]] = {"max_digits": 20, "decimal_places": 9}


class Switch(TenantModel):
    """One use case goes over from one model to another: why, by whom, how it ended.

    The record outlives its use case, its alias and its experiments: it has their ids
    and names, and no key leads to them.
    """

    class Mode(models.TextChoices):
        AT_ONCE = "at_once", "At once"
        CANARY = "canary", "Canary"
        SHADOW = "shadow", "Shadow first, then a canary"
        RECORDED = "recorded", "Recorded only"

    class State(models.TextChoices):
        # The candidate answers too, unheard.
        SHADOW = "shadow", "Shadow"
        # The candidate answers a part of the requests.
        CANARY = "canary", "Canary"
        # The alias routes to it.
        LIVE = "live", "In force"
        # A decision that the customer carries out in their own code.
        RECORDED = "recorded", "Recorded"
        ROLLED_BACK = "rolled_back", "Rolled back"
        UNDONE = "undone", "Undone"
        SUPERSEDED = "superseded", "Superseded"
        # The alias was changed or deleted by hand, or the use case is gone.
        ENDED = "ended", "Ended"

    use_case_id = models.UUIDField()
    use_case_name = models.CharField(max_length=120)
    product_id = models.UUIDField()
    product_name = models.CharField(max_length=120)
    # None for a switch of one's own.
    opportunity_id = models.UUIDField(null=True)
    from_model = models.ForeignKey(AIModel, on_delete=models.PROTECT, related_name="+")
    to_model = models.ForeignKey(AIModel, on_delete=models.PROTECT, related_name="+")
    from_provider = models.ForeignKey(
        Provider, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    to_provider = models.ForeignKey(
        Provider, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    # Whose prices are compared: the concrete offers, which the organization allows.
    from_offer = models.ForeignKey(
        Offer, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    to_offer = models.ForeignKey(
        Offer, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    mode = models.CharField(max_length=8, choices=Mode)
    state = models.CharField(max_length=11, choices=State)
    reason = models.CharField(max_length=1000, blank=True)
    # What was known at that moment, frozen: `services.evidence_of`.
    evidence = models.JSONField(default=dict)
    # Parameters to keep, adjust, drop or add, and the code: `migrating`.
    migration = models.JSONField(default=dict)
    # Of the canary: the candidate's part of the alias's traffic, and when it ends.
    share = models.FloatField(null=True)
    rails = models.JSONField(default=dict)
    # None: no traffic goes through the router, and savings are estimated.
    alias_id = models.UUIDField(null=True)
    alias_name = models.CharField(max_length=100, blank=True)
    # The alias's rules before and after, which undo compares.
    rules_before = models.JSONField(null=True)
    rules_after = models.JSONField(null=True)
    baseline_before = models.CharField(max_length=160, blank=True)
    shadow_id = models.UUIDField(null=True)
    experiment_id = models.UUIDField(null=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    # When the candidate answered its first part, all of it, and nothing any more.
    canary_at = models.DateTimeField(null=True)
    live_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    # How it went on or ended, in words, and what was measured at that moment.
    outcome = models.CharField(max_length=500, blank=True)
    figures = models.JSONField(default=dict)
    # Savings up to this day are booked for good; the booking job writes it.
    booked_through = models.DateField(null=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=["org", "-created_at"], name="switch_by_time"),
            models.Index(
                fields=["org", "use_case_id", "state"], name="switch_of_use_case"
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["org", "use_case_id"],
                condition=Q(state__in=["shadow", "canary"]),
                name="switch_is_one_under_way",
            ),
            models.UniqueConstraint(
                fields=["org", "use_case_id"],
                condition=Q(state__in=["live", "recorded"]),
                name="switch_is_one_in_force",
            ),
        )

    def __str__(self) -> str:
        return f"{self.from_model_id} to {self.to_model_id}"

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY

    @property
    def is_in_force(self) -> bool:
        return self.state in IN_FORCE

    @property
    def is_measured(self) -> bool:
        """Whether its savings are read from requests; else they are estimated."""
        return self.alias_id is not None and self.mode != self.Mode.RECORDED

    @property
    def guard(self) -> Rails:
        return Rails.read(self.rails)


UNDER_WAY: Final = (Switch.State.SHADOW, Switch.State.CANARY)
IN_FORCE: Final = (Switch.State.LIVE, Switch.State.RECORDED)


class Saving(TenantModel):
    """One switch's day in one use case, UTC: what it cost, and would have cost.

    The booking job writes it through its own login, the only one that may; once the
    day is closed nobody may. Names are kept, for the ledger outlives the use case.
    Totals anywhere are sums of these rows.
    """

    class Basis(models.TextChoices):
        MEASURED = "measured", "Measured"
        ESTIMATED = "estimated", "Estimated"

    switch = models.ForeignKey(
        Switch,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    use_case_id = models.UUIDField()
    use_case_name = models.CharField(max_length=120)
    product_id = models.UUIDField()
    product_name = models.CharField(max_length=120)
    day = models.DateField()
    basis = models.CharField(max_length=9, choices=Basis)
    # Requests whose costs are both known; tokens and money are theirs alone.
    requests = models.BigIntegerField()
    # Requests of which one of the two costs is not known.
    unassessed = models.BigIntegerField()
    fresh_tokens = models.BigIntegerField()
    cached_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()
    # None: not assessed.
    actual_usd = models.DecimalField(**MONEY, null=True)
    baseline_usd = models.DecimalField(**MONEY, null=True)
    savings_usd = models.GeneratedField(
        expression=F("baseline_usd") - F("actual_usd"),
        output_field=models.DecimalField(**MONEY, null=True),
        db_persist=True,
    )
    model = models.CharField(max_length=160)
    baseline_model = models.CharField(max_length=160)
    # The prices of the day, with provider, source and date, by the moment they began.
    prices = models.JSONField(default=list)
    booked_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=["org", "day"], name="saving_by_day"),
            models.Index(fields=["org", "use_case_id"], name="saving_by_use_case"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["org", "switch", "day"], name="saving_is_one_a_switch_and_day"
            ),
            models.CheckConstraint(
                condition=Q(actual_usd__isnull=True, baseline_usd__isnull=True)
                | Q(actual_usd__gte=Decimal(0), baseline_usd__gte=Decimal(0)),
                name="saving_has_both_costs_or_none",
            ),
        )

    def __str__(self) -> str:
        return f"{self.use_case_name} on {self.day}"


class Statement(TenantModel):
    """A month's statement that was sent: once, whatever happens to the job."""

    month = models.DateField()
    sent_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["org", "month"], name="statement_is_one_a_month"
            ),
        )

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"
