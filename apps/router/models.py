"""The ledger, its roll-ups and each organization's routing policy."""

from django.db import models

import apps.router.alias_models
import apps.router.budget_models
import apps.router.cache_models
import apps.router.conversation_models
import apps.router.experiment_models
import apps.router.health_models
import apps.router.idempotency_models
import apps.router.invoice_models
import apps.router.outcome_models  # noqa: F401  # their tables are this app's too
from apps.tenancy.models import TenantModel


class Policy(TenantModel):
    """How one organization wants its requests routed; no row means the defaults."""

    # The premium baseline that savings are measured against.
    premium_model = models.ForeignKey(
        "catalog.AIModel", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    weight_cost = models.FloatField(default=0.4)
    weight_latency = models.FloatField(default=0.3)
    weight_task = models.FloatField(default=0.3)
    # For all keys together; None: no limit of the organization's own.
    requests_per_minute = models.PositiveIntegerField(null=True)
    tokens_per_minute = models.PositiveIntegerField(null=True)
    # `engine.rules.Rules`, without its defaults: what holds for every request.
    rules = models.JSONField(default=dict, blank=True)
    # Takes one more with every change of the rules.
    version = models.PositiveIntegerField(default=1, db_default=1)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["org"], name="policy_is_one_an_org"),
        )

    def __str__(self) -> str:
        return f"Policy of {self.org_id}"


class LedgerModel(models.Model):
    """A row of a monthly partition: append-only, written by the ledger login alone.

    The migration makes the real primary key `(org_id, id, created_at)`, because a
    partitioned table's key must hold its partition column.
    """

    pk = models.CompositePrimaryKey("org_id", "id", "created_at")
    org_id = models.UUIDField()
    id = models.UUIDField()
    created_at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.id)


class RoutedRequest(LedgerModel):
    """One customer call, however many providers it took."""

    class Status(models.TextChoices):
        OK = "ok", "Answered"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    class Purpose(models.TextChoices):
        """Why it was sent: a customer's call, or one of ours on their behalf."""

        CALL = "call", "Call"
        SHADOW = "shadow", "Shadow of a call"
        JUDGE = "judge", "Judgement"
        CHECK = "check", "Sanity check"
        PANEL = "panel", "Panel"

    key_id = models.UUIDField(null=True)
    # The exact decision behind it: `RoutingDecision.id` of the same month.
    decision_id = models.UUIDField(null=True)
    model_id = models.UUIDField(null=True)
    provider = models.TextField()
    model = models.TextField()
    baseline_model = models.TextField()
    task = models.TextField()
    endpoint = models.TextField()
    status = models.TextField(choices=Status.choices)
    error_code = models.TextField(blank=True)
    finish_reason = models.TextField(blank=True)
    is_test = models.BooleanField()
    is_stream = models.BooleanField()
    is_estimated = models.BooleanField()
    input_tokens = models.IntegerField()
    cached_tokens = models.IntegerField()
    written_tokens = models.IntegerField()
    output_tokens = models.IntegerField()
    reasoning_tokens = models.IntegerField()
    # None: no price was known for the model, or no baseline could be priced.
    cost_usd = models.DecimalField(max_digits=20, decimal_places=9, null=True)
    baseline_usd = models.DecimalField(max_digits=20, decimal_places=9, null=True)
    latency_ms = models.IntegerField()
    first_token_ms = models.IntegerField(null=True)
    attempts = models.SmallIntegerField()
    # Whose provider key answered: "own", "managed", or "" where none was needed.
    key_kind = models.TextField(blank=True, default="")
    # The alias it was sent to, and the tags of its key, in order, between spaces.
    alias = models.TextField(blank=True, default="")
    tags = models.TextField(blank=True, default="")
    purpose = models.TextField(choices=Purpose.choices, default=Purpose.CALL)
    # The agent's run and the number of its step.
    run_id = models.TextField(blank=True, default="")
    step = models.IntegerField(null=True)
    # "exact" or "semantic" where a stored answer was given, and what it had cost.
    cache = models.TextField(blank=True, default="")
    cache_saved_usd = models.DecimalField(max_digits=20, decimal_places=9, null=True)
    experiment_id = models.UUIDField(null=True)
    arm = models.TextField(blank=True, default="")
    # What was changed of the request: "dropped:top_k clamped:temperature".
    adjusted = models.TextField(blank=True, default="")
    # A digest of the conversation it belongs to; empty for a single question.
    session = models.TextField(blank=True, default="")
    # How many tools an agent's step calls; None for any other request.
    tool_calls = models.SmallIntegerField(null=True)

    class Meta:
        managed = False
        db_table = "router_routed_request"


class Attempt(LedgerModel):
    """One try at one offer, paid or not."""

    request_id = models.UUIDField()
    number = models.SmallIntegerField()
    offer_id = models.UUIDField(null=True)
    provider = models.TextField()
    model = models.TextField()
    outcome = models.TextField()  # "ok", or the class of what went wrong
    http_status = models.SmallIntegerField(null=True)
    message = models.TextField(blank=True)
    started_ms = models.IntegerField()  # after the request was accepted
    duration_ms = models.IntegerField()
    cost_usd = models.DecimalField(max_digits=20, decimal_places=9, null=True)
    raw_usage = models.TextField(blank=True)
    key_kind = models.TextField(blank=True, default="")
    # A second request beside a late first one; both are billed.
    is_hedge = models.BooleanField(default=False)
    input_tokens = models.IntegerField(default=0)
    output_tokens = models.IntegerField(default=0)

    class Meta:
        managed = False
        db_table = "router_attempt"


class RoutingDecision(LedgerModel):
    """Why a model was chosen: stored once a month for all requests that share it.

    `id` is a digest of the content and `created_at` the first moment of the month,
    so that the same decision written by many processes is one row.
    """

    content = models.JSONField()

    class Meta:
        managed = False
        db_table = "router_routing_decision"


class UsageRow(TenantModel):
    """Sums over the ledger for one key, model and task in one span of time."""

    key_id = models.UUIDField(null=True)
    provider = models.TextField()
    model = models.TextField()
    task = models.TextField()
    is_test = models.BooleanField()
    alias = models.TextField(blank=True, default="", db_default="")
    tags = models.TextField(blank=True, default="", db_default="")
    purpose = models.TextField(default="call", db_default="call")
    requests = models.IntegerField()
    failed = models.IntegerField()
    input_tokens = models.BigIntegerField()
    cached_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()
    reasoning_tokens = models.BigIntegerField()
    cost_usd = models.DecimalField(max_digits=20, decimal_places=9)
    baseline_usd = models.DecimalField(max_digits=20, decimal_places=9)
    savings_usd = models.DecimalField(max_digits=20, decimal_places=9)
    unpriced = models.IntegerField()
    latency_ms_total = models.BigIntegerField()
    cache_hits = models.IntegerField(default=0, db_default=0)
    # Booked apart from `savings_usd`: what the stored answers had cost.
    cache_saved_usd = models.DecimalField(
        max_digits=20, decimal_places=9, default=0, db_default=0
    )

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.requests} requests to {self.model}"


class UsageHour(UsageRow):
    """One hour's sums; `starts_at` is the hour's first moment, UTC."""

    starts_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["org", "starts_at"]),)


class UsageDay(UsageRow):
    """One UTC day's sums, made from its hours."""

    day = models.DateField()

    class Meta:
        indexes = (models.Index(fields=["org", "day"]),)


class UsageDirty(models.Model):
    """An hour of one organization whose roll-up is behind its ledger.

    The ledger login appends a row in the transaction that ships ledger rows; the
    roll-up job deletes what it has read. So an hour is always either rolled up
    exactly or marked, and readers take marked hours from the ledger itself.
    """

    org_id = models.UUIDField()
    starts_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "router_usage_dirty"

    def __str__(self) -> str:
        return f"{self.org_id} {self.starts_at}"
