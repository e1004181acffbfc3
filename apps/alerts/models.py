"""Alerts, who has read them, who wants which, and what became of each message."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

import apps.alerts.rule_models  # noqa: F401  # their tables are this app's too
from apps.alerts.kinds import (
    CADENCES,
    CHANNEL_VIAS,
    KINDS,
    SEVERITIES,
    VIAS,
    Kind,
    Severity,
    Via,
)
from apps.tenancy.models import TenantManager, TenantModel, TenantQuerySet


def _member(**options: object) -> models.ForeignKey:  # type: ignore[type-arg]  # a plain foreign key
    """A person in one organization: what is theirs goes when they leave it."""
    return models.ForeignKey(
        "accounts.Membership",
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
        **options,  # type: ignore[arg-type]  # null, blank
    )


class Alert(TenantModel):
    """Something an organization is told of, once."""

    kind = models.CharField(max_length=20, choices=KINDS)
    severity = models.PositiveSmallIntegerField(choices=SEVERITIES)
    title = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    # A page of ours, from the root: what to do about it.
    url = models.CharField(max_length=500, blank=True)
    # What it concerns, such as the id of a model: shown beside the title.
    subject = models.CharField(max_length=200, blank=True)
    # The same key is told once in an organization; empty: every time.
    key = models.CharField(max_length=200, blank=True)
    data = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField(auto_now_add=True)
    # When it was handed to everybody's inbox and messages; None: not yet.
    routed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=["org", "key"], condition=~Q(key=""), name="alert_is_told_once"
            ),
        )
        indexes = (
            models.Index(fields=["org", "-created_at"], name="alert_newest_first"),
            models.Index(
                fields=["org"], condition=Q(routed_at=None), name="alert_to_route"
            ),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def grade(self) -> Severity:
        return Severity(self.severity)

    @property
    def about(self) -> Kind:
        return Kind(self.kind)


class Notice(TenantModel):
    """An alert in one person's inbox."""

    alert = models.ForeignKey(
        Alert,
        on_delete=models.CASCADE,
        related_name="notices",
        db_constraint=False,
        db_index=False,
    )
    member = _member()
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=["org", "member", "alert"], name="notice_is_one_a_person"
            ),
        )
        indexes = (
            models.Index(
                fields=["org", "member", "-created_at"], name="notice_newest_first"
            ),
            models.Index(
                fields=["org", "member"],
                condition=Q(read_at=None),
                name="notice_unread",
            ),
        )

    def __str__(self) -> str:
        return f"{self.alert_id} for {self.member_id}"


class Personal(TenantModel):
    """When somebody wants to be left alone; without a row nobody ever is."""

    member = _member()
    # An IANA name, such as "Europe/Berlin".
    time_zone = models.CharField(max_length=64, default="UTC")
    # By the clock on the wall there; both or neither. They may span midnight.
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    # From this severity on, quiet hours do not hold; None: nothing breaks them.
    quiet_breaks = models.PositiveSmallIntegerField(
        choices=SEVERITIES, null=True, blank=True, default=Severity.URGENT
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["org", "member"], name="personal_is_one_a_person"
            ),
            models.CheckConstraint(
                condition=Q(quiet_from=None, quiet_until=None)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="personal_quiet_has_both_ends",
            ),
        )

    def __str__(self) -> str:
        return f"{self.member_id} in {self.time_zone}"


class Preference(TenantModel):
    """How one person wants one kind; without a row the default of their role holds."""

    member = _member()
    kind = models.CharField(max_length=20, choices=KINDS)
    in_app = models.BooleanField()
    email = models.BooleanField()
    # The person's own Slack and Discord channels.
    chat = models.BooleanField()
    min_severity = models.PositiveSmallIntegerField(choices=SEVERITIES)
    cadence = models.CharField(max_length=10, choices=CADENCES)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["org", "member", "kind"], name="preference_is_one_a_kind"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} for {self.member_id}: {self.cadence}"


class ChannelManager(TenantManager["Channel"]):
    """Leave what is sealed in the table: only what opens it asks for it."""

    def get_queryset(self) -> TenantQuerySet["Channel"]:
        return super().get_queryset().defer("sealed")


class Channel(TenantModel):
    """A chat's incoming webhook, or a webhook of the organization's own system."""

    via = models.CharField(max_length=10, choices=CHANNEL_VIAS)
    name = models.CharField(max_length=80)
    # Whose own it is: their preferences decide. None: the organization's.
    member = _member(null=True)
    # Its address, which for a chat lets anybody write there, and for a webhook the
    # secrets that sign: see `crypto.py`.
    sealed = models.BinaryField()
    kek_version = models.BigIntegerField()
    host = models.CharField(max_length=253)
    url_end = models.CharField(max_length=4)
    # Until then the secret before the last rotation signs as well, so that a receiver
    # can change over.
    previous_until = models.DateTimeField(null=True)
    rotated_at = models.DateTimeField(null=True)
    # What an organization's channel gets; empty is every kind.
    kinds = ArrayField(
        models.CharField(max_length=20, choices=KINDS), default=list, blank=True
    )
    min_severity = models.PositiveSmallIntegerField(
        choices=SEVERITIES, default=Severity.INFO
    )
    is_enabled = models.BooleanField(default=True)
    # Attempts that failed since the last one that did not.
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    # Why we switched it off; empty where a person did, or nobody.
    disabled_because = models.CharField(max_length=300, blank=True)
    last_delivered_at = models.DateTimeField(null=True)
    created_by = models.CharField(max_length=254, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager["Channel"]] = ChannelManager()

    class Meta:
        ordering = ("name", "id")
        indexes = (
            models.Index(fields=["kek_version"], name="channel_by_kek"),
            models.Index(fields=["org", "name"], name="channel_by_name"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_webhook(self) -> bool:
        return self.via == Via.WEBHOOK

    @property
    def shown_url(self) -> str:
        """Enough of the address to recognise it, too little to write there."""
        return f"https://{self.host}/…{self.url_end}"


class Delivery(TenantModel):
    """One message to one person's mailbox or one channel, with one or more alerts."""

    class State(models.TextChoices):
        # Waits for its moment; alerts are still added to it.
        COLLECTING = "collecting", "Waiting"
        SENDING = "sending", "Being delivered"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Given up"
        # Nobody wanted it any more when its moment came.
        DROPPED = "dropped", "Not sent"

    via = models.CharField(max_length=10, choices=VIAS)
    # Exactly one of the two: the mailbox of a person, or a channel.
    member = _member(null=True)
    channel = models.ForeignKey(
        Channel,
        on_delete=models.CASCADE,
        null=True,
        related_name="deliveries",
        db_constraint=False,
        db_index=False,
    )
    cadence = models.CharField(max_length=10, choices=CADENCES)
    state = models.CharField(
        max_length=10, choices=State.choices, default=State.COLLECTING
    )
    opened_at = models.DateTimeField()
    # Collecting: when it leaves. Sending: when it is tried next.
    due_at = models.DateTimeField()
    # The local day of a daily or weekly message: each goes out once.
    period = models.DateField(null=True)
    closed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    alert_count = models.PositiveIntegerField(default=0)
    title = models.CharField(max_length=300, blank=True)
    # Exactly what is sent and signed, at every try; mails are not kept.
    body = models.TextField(blank=True)
    error = models.TextField(blank=True)
    is_test = models.BooleanField(default=False)

    class Meta:
        ordering = ("-opened_at", "-id")
        constraints = (
            models.CheckConstraint(
                condition=Q(member__isnull=False, channel=None)
                | Q(member=None, channel__isnull=False),
                name="delivery_has_one_recipient",
            ),
            models.UniqueConstraint(
                fields=["org", "member", "cadence"],
                condition=Q(state="collecting", member__isnull=False),
                name="delivery_one_collects_a_person",
            ),
            models.UniqueConstraint(
                fields=["org", "channel", "cadence"],
                condition=Q(state="collecting", channel__isnull=False),
                name="delivery_one_collects_a_channel",
            ),
            models.UniqueConstraint(
                fields=["org", "member", "cadence", "period"],
                condition=Q(period__isnull=False, member__isnull=False),
                name="delivery_one_a_period",
            ),
        )
        indexes = (
            models.Index(fields=["org", "channel", "-opened_at"], name="delivery_log"),
            models.Index(
                fields=["org", "member", "cadence", "-closed_at"],
                name="delivery_last_of_person",
            ),
            models.Index(fields=["finished_at"], name="delivery_finished"),
        )

    def __str__(self) -> str:
        return f"{self.via} {self.state}"


class Parcel(TenantModel):
    """An alert in a message."""

    delivery = models.ForeignKey(
        Delivery,
        on_delete=models.CASCADE,
        related_name="parcels",
        db_constraint=False,
        db_index=False,
    )
    alert = models.ForeignKey(
        Alert,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=["org", "delivery", "alert"], name="parcel_is_one"
            ),
        )
        indexes = (models.Index(fields=["org", "alert"], name="parcel_by_alert"),)

    def __str__(self) -> str:
        return f"{self.alert_id} in {self.delivery_id}"


class Attempt(TenantModel):
    """One try to hand a message to a channel: the delivery log."""

    delivery = models.ForeignKey(
        Delivery,
        on_delete=models.CASCADE,
        related_name="attempts",
        db_constraint=False,
        db_index=False,
    )
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    took_ms = models.PositiveIntegerField()
    status = models.PositiveSmallIntegerField(null=True)
    # The first characters of each side, without signatures and addresses.
    request = models.TextField(blank=True)
    response = models.TextField(blank=True)
    error = models.TextField(blank=True)
    is_by_hand = models.BooleanField(default=False)

    class Meta:
        ordering = ("-number",)
        constraints = (
            models.UniqueConstraint(
                fields=["org", "delivery", "number"], name="attempt_is_one_a_number"
            ),
        )

    def __str__(self) -> str:
        return f"{self.number}: {self.status}"
