"""Experiments: two ways to route an alias, compared on its own traffic."""

from typing import Final

from django.db import models
from django.db.models import Q

from apps.router.alias_models import Alias
from apps.tenancy.models import TenantModel

CONTROL: Final = "control"


class Experiment(TenantModel):
    """A comparison of arms on one alias, from draft to verdict."""

    class Kind(models.TextChoices):
        # Each request goes to one arm.
        AB = "ab", "A/B"
        # Each request is answered as ever; the candidate answers too, unheard.
        SHADOW = "shadow", "Shadow"

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        RUNNING = "running", "Running"
        # Ended by hand, by a limit, or by harm: before there was a verdict.
        STOPPED = "stopped", "Stopped"
        CONCLUDED = "concluded", "Concluded"

    class Sticky(models.TextChoices):
        SESSION = "session", "Conversation"
        USER = "user", "User"
        REQUEST = "request", "Each request"

    class Quality(models.TextChoices):
        FEEDBACK = "feedback", "Feedback"
        JUDGE = "judge", "A judging model"
        NONE = "none", "Not compared"

    class Verdict(models.TextChoices):
        NONE = "", "Open"
        BETTER = "better", "Better"
        NOT_WORSE = "not_worse", "Not worse"
        WORSE = "worse", "Worse"

    name = models.CharField(max_length=100)
    alias = models.ForeignKey(
        Alias,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    kind = models.CharField(max_length=6, choices=Kind)
    state = models.CharField(max_length=9, choices=State, default=State.DRAFT)
    # A list of {"name", "weight", "model"}: control first, whose model is empty.
    arms = models.JSONField()
    sticky = models.CharField(max_length=7, choices=Sticky, default=Sticky.SESSION)
    # Of the alias's requests, how many take part: over 0, up to 1.
    share = models.FloatField(default=1.0)
    quality = models.CharField(max_length=8, choices=Quality, default=Quality.FEEDBACK)
    judge_model = models.CharField(max_length=200, blank=True)
    # How much worse still counts as "not worse": in the units of the quality, whose
    # whole range is 0 to 1 for feedback and -1 to 1 for judged pairs.
    margin = models.FloatField(default=0.15)
    # The probability of a wrong verdict that is accepted over the whole run.
    alpha = models.FloatField(default=0.05)
    max_requests = models.PositiveIntegerField(null=True)
    max_days = models.PositiveIntegerField(default=14)
    # What shadows and judges may cost; None where there are none.
    budget_usd = models.DecimalField(max_digits=20, decimal_places=9, null=True)
    spent_usd = models.DecimalField(max_digits=20, decimal_places=9, default=0)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=300, blank=True)
    verdict = models.CharField(max_length=9, choices=Verdict, blank=True, default="")
    promoted_arm = models.CharField(max_length=50, blank=True)
    promoted_at = models.DateTimeField(null=True)
    # The alias's rules before and after the promotion, which undo compares.
    rules_before = models.JSONField(null=True)
    rules_after = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = (models.Index(fields=["org", "-created_at"]),)
        constraints = (
            models.UniqueConstraint(
                fields=["org", "alias"],
                condition=Q(state="running"),
                name="experiment_is_one_running_an_alias",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "running", "stopped", "concluded"]),
                name="experiment_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(share__gt=0, share__lte=1), name="experiment_share_is_one"
            ),
            models.CheckConstraint(
                condition=Q(kind="ab") | Q(budget_usd__gt=0),
                name="experiment_shadow_has_a_budget",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def candidate(self) -> str:
        """The name of the arm that is compared with control."""
        return str(self.arms[1]["name"])


class ExperimentHold(TenantModel):
    """Money that a shadow or a judge under way may still cost.

    Taken under a lock on the experiment's row, so that all processes together never
    hold more than is left; a dead process's holds end by themselves.
    """

    experiment = models.ForeignKey(
        Experiment,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    amount_usd = models.DecimalField(max_digits=20, decimal_places=9)
    expires_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(
                fields=["org", "experiment"], name="router_hold_by_experiment"
            ),
        )

    def __str__(self) -> str:
        return f"{self.amount_usd} of {self.experiment_id}"


class Judgement(TenantModel):
    """What a judging model said of one pair, asked in both orders.

    The texts are not here: what was compared is known by its request's id.
    """

    class Outcome(models.TextChoices):
        WIN = "win", "The candidate's is better"
        LOSS = "loss", "The candidate's is worse"
        TIE = "tie", "Neither"

    experiment = models.ForeignKey(
        Experiment,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    request_id = models.UUIDField()
    outcome = models.CharField(max_length=4, choices=Outcome)
    # Whether it said the same with the two answers swapped.
    is_consistent = models.BooleanField()
    judge = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["org", "experiment", "request_id"],
                name="judgement_is_one_a_request",
            ),
        )

    def __str__(self) -> str:
        return f"{self.outcome} of {self.request_id}"
