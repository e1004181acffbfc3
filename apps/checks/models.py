"""Sanity checks: models side by side on the same prompts, and what came of it."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.checks.limits import MOST_PROMPTS
from apps.checks.set_models import Prompt, PromptSet
from apps.checks.statistics import USUAL_MARGIN
from apps.tenancy.models import TenantModel

__all__ = [
    "Answer",
    "Call",
    "Check",
    "CheckMonth",
    "Judgement",
    "Prompt",
    "PromptSet",
    "Result",
    "Vote",
]


class Check(TenantModel):
    """Some models, a set of prompts, and the ways to judge the answers.

    The models stand in seats: the first one's is the baseline, with which each other
    one is compared.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "Not started"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        CANCELLED = "cancelled", "Cancelled"
        FAILED = "failed", "Failed"

    name = models.CharField(max_length=120)
    use_case = models.ForeignKey(
        "portfolio.UseCase",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    # None: its set was deleted, and with it what the models answered.
    prompt_set = models.ForeignKey(
        PromptSet,
        null=True,
        on_delete=models.SET_NULL,
        related_name="checks",
        db_constraint=False,
        db_index=False,
    )
    prompts = models.PositiveSmallIntegerField()
    # The models' ids in the catalog, such as openai/gpt-4o; the baseline first.
    seats = ArrayField(models.CharField(max_length=200))
    system = models.TextField(blank=True)
    # What goes along with each prompt: temperature, max_tokens …
    parameters = models.JSONField(default=dict)
    # Checks without a judge, in their order (`criteria.Criterion`).
    criteria = models.JSONField(default=list)
    is_blind = models.BooleanField(default=True)
    # Decides which of two answers stands left where names are hidden.
    seed = models.BigIntegerField()
    # Empty: no model judges.
    judge_model = models.CharField(max_length=200, blank=True)
    margin = models.FloatField(default=USUAL_MARGIN)
    # What all calls together may cost; never passed.
    ceiling_usd = models.DecimalField(max_digits=20, decimal_places=9)
    state = models.CharField(max_length=9, choices=State, default=State.DRAFT)
    # Why it ended as it did, where that needs a word.
    reason = models.CharField(max_length=300, blank=True)
    # Counts what happened, one a stored answer: readers go on from the last they saw.
    seq = models.PositiveIntegerField(default=0)
    # Whoever runs it holds the newest token until the lease ends, and writes no more
    # once somebody holds a newer one.
    token = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    # Its answers' texts are gone; figures and results stay.
    forgotten_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=["org", "-created_at"], name="check_newest"),
            models.Index(
                fields=["lease_until"],
                condition=Q(state="running"),
                name="check_running",
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(
                    state__in=["draft", "running", "done", "cancelled", "failed"]
                ),
                name="check_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(prompts__gte=1, prompts__lte=MOST_PROMPTS),
                name="check_has_prompts",
            ),
            models.CheckConstraint(
                condition=Q(margin__gt=0, margin__lte=1), name="check_margin_is_a_share"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_over(self) -> bool:
        return self.state not in {self.State.DRAFT, self.State.RUNNING}


def _of_check(related_name: str = "+") -> "models.ForeignKey[Check, Check]":
    return models.ForeignKey(
        Check,
        on_delete=models.CASCADE,
        related_name=related_name,
        db_constraint=False,
        db_index=False,
    )


class Call(TenantModel):
    """One call of a model for a check; its id is the request's in the ledger.

    Written before the call with the most it may cost, under a lock on the check's row:
    so all processes together never spend more than the ceiling. Until the cost is
    known it counts with that most.
    """

    class Kind(models.TextChoices):
        ANSWER = "answer", "Answer"
        JUDGE = "judge", "Judgement"

    check_run = _of_check("calls")
    kind = models.CharField(max_length=6, choices=Kind)
    seat = models.PositiveSmallIntegerField()
    position = models.PositiveSmallIntegerField()
    model = models.CharField(max_length=200)
    most_usd = models.DecimalField(max_digits=20, decimal_places=9)
    cost_usd = models.DecimalField(max_digits=20, decimal_places=9, null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = (models.Index(fields=["org", "check_run"], name="check_call_by"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.seat}/{self.position} of {self.check_run_id}"


class Answer(TenantModel):
    """What one model answered to one prompt, or why it did not."""

    check_run = _of_check("answers")
    seat = models.PositiveSmallIntegerField()
    position = models.PositiveSmallIntegerField()
    request_id = models.UUIDField()
    text = models.TextField(blank=True)
    # Why there is no answer; empty: there is one.
    error = models.CharField(max_length=300, blank=True)
    finish_reason = models.CharField(max_length=40, blank=True)
    provider = models.CharField(max_length=100, blank=True)
    input_tokens = models.PositiveIntegerField(null=True)
    output_tokens = models.PositiveIntegerField(null=True)
    # None: not known (yet).
    cost_usd = models.DecimalField(max_digits=20, decimal_places=9, null=True)
    latency_ms = models.FloatField(null=True)
    # Whether it met each of the check's criteria, in their order.
    passes = models.JSONField(default=list)
    seq = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("position", "seat")
        constraints = (
            models.UniqueConstraint(
                fields=["org", "check_run", "seat", "position"],
                name="answer_is_one_a_seat_and_prompt",
            ),
        )

    def __str__(self) -> str:
        return f"Answer {self.seat}/{self.position} of {self.check_run_id}"


class Judgement(TenantModel):
    """What the judge said of one pair in one order; empty: nothing clear."""

    class Choice(models.TextChoices):
        FIRST = "first", "The first"
        SECOND = "second", "The second"
        NEITHER = "neither", "Neither"

    check_run = _of_check("judgements")
    # The candidate's seat: the other answer is the baseline's.
    seat = models.PositiveSmallIntegerField()
    position = models.PositiveSmallIntegerField()
    # Straight shows the baseline's answer first, swapped the candidate's.
    is_swapped = models.BooleanField()
    choice = models.CharField(max_length=7, choices=Choice, blank=True)
    request_id = models.UUIDField()
    seq = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["org", "check_run", "seat", "position", "is_swapped"],
                name="check_judgement_is_one_an_order",
            ),
        )

    def __str__(self) -> str:
        return f"Judgement {self.seat}/{self.position} of {self.check_run_id}"


class Vote(TenantModel):
    """What one person thinks of one pair, as seen from the candidate."""

    class Choice(models.TextChoices):
        WIN = "win", "The candidate's is better"
        LOSS = "loss", "The baseline's is better"
        TIE = "tie", "As good"
        NEITHER = "neither", "Neither will do"

    check_run = _of_check("votes")
    seat = models.PositiveSmallIntegerField()
    position = models.PositiveSmallIntegerField()
    choice = models.CharField(max_length=7, choices=Choice)
    # A member's id, or a key's where the vote came through the API.
    voter = models.UUIDField()
    # Whether the names were hidden when it was given.
    was_blind = models.BooleanField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["org", "check_run", "seat", "position", "voter"],
                name="vote_is_one_a_voter",
            ),
        )

    def __str__(self) -> str:
        return f"{self.choice} of {self.check_run_id}"


class Result(TenantModel):
    """What one way of judging allows to be said of one candidate."""

    class Method(models.TextChoices):
        CRITERIA = "criteria", "Checks"
        VOTES = "votes", "Votes"
        JUDGE = "judge", "A judging model"

    class Verdict(models.TextChoices):
        BETTER = "better", "Better"
        NOT_WORSE = "not_worse", "Not worse"
        WORSE = "worse", "Worse"

    check_run = _of_check("results")
    seat = models.PositiveSmallIntegerField()
    method = models.CharField(max_length=8, choices=Method)
    use_case = models.ForeignKey(
        "portfolio.UseCase",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    # None: the catalog does not know it, as a model of the organization's own.
    baseline = models.ForeignKey(
        "catalog.AIModel", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    candidate = models.ForeignKey(
        "catalog.AIModel", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    # Pairs that were compared, and how they went for the candidate.
    prompts = models.PositiveSmallIntegerField()
    wins = models.PositiveSmallIntegerField()
    losses = models.PositiveSmallIntegerField()
    ties = models.PositiveSmallIntegerField()
    # How often the judge said the same in both orders; None where nobody judged.
    consistency = models.FloatField(null=True)
    # Empty: none can be given; `why` says why not.
    verdict = models.CharField(max_length=9, choices=Verdict, blank=True)
    why = models.CharField(max_length=200, blank=True)
    # Wins less losses as a share of the pairs, and between what it lies.
    net = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    # About how many prompts a verdict would need, if things go on like this.
    needed = models.PositiveIntegerField(null=True)
    margin = models.FloatField()
    # The candidate's output tokens for one of the baseline's.
    output_ratio = models.FloatField(null=True)
    judged_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["org", "check_run", "seat", "method"],
                name="result_is_one_a_method",
            ),
        )
        indexes = (
            models.Index(
                fields=["org", "use_case", "-judged_at"],
                name="check_result_by_use_case",
            ),
        )

    def __str__(self) -> str:
        return f"{self.verdict or 'no verdict'} by {self.method}"


class CheckMonth(TenantModel):
    """How many checks an organization began in a calendar month, UTC.

    Counted by one conditional statement, so that two starts at once cannot pass the
    plan's limit together.
    """

    month = models.DateField()
    used = models.PositiveIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["org", "month"], name="check_month_is_one_a_month"
            ),
        )

    def __str__(self) -> str:
        return f"{self.used} in {self.month:%Y-%m}"
