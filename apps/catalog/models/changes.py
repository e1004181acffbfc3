"""What changed, and what waits for an editor before it may."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from apps.catalog.models.ai_models import AIModel
from apps.catalog.models.offers import Offer
from apps.catalog.models.origins import Origin
from apps.catalog.models.providers import Provider
from apps.kit.ids import uuid7


class ModelChange(models.Model):
    """One change of the catalog; alerts, the feed and the change log read these.

    The subject is the model, the offer (its model is named beside it) or the provider.
    `old` and `new` are JSON: prices as text, dates in ISO form, None for unknown.
    """

    class What(models.TextChoices):
        MODEL_ADDED = "model_added", "New model"
        MODEL_CHANGED = "model_changed", "Model changed"
        MODEL_DELISTED = "model_delisted", "Model delisted"
        MODEL_RETURNED = "model_returned", "Model listed again"
        DEPRECATION = "deprecation", "End announced or moved"
        RETIRED = "retired", "Past its last day"
        OFFER_ADDED = "offer_added", "New offer"
        OFFER_CHANGED = "offer_changed", "Offer changed"
        OFFER_DELISTED = "offer_delisted", "Offer delisted"
        OFFER_RETURNED = "offer_returned", "Offer listed again"
        PRICE = "price", "Price changed"
        PRICE_ADDED = "price_added", "Price stated"
        PRICE_REMOVED = "price_removed", "Price no longer stated"
        PRICE_HELD = "price_held", "Price held for an editor"
        PRICE_REFUSED = "price_refused", "Held price refused"
        DISCOUNT = "discount", "Discount began, changed or ended"
        PARAMETERS = "parameters", "Parameters changed"
        PROVIDER_ADDED = "provider_added", "New provider"
        PROVIDER_CHANGED = "provider_changed", "Provider changed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField()
    what = models.CharField(max_length=20, choices=What.choices)
    ai_model = models.ForeignKey(
        AIModel, on_delete=models.CASCADE, null=True, related_name="changes"
    )
    offer = models.ForeignKey(
        Offer, on_delete=models.CASCADE, null=True, related_name="changes"
    )
    provider = models.ForeignKey(
        Provider, on_delete=models.CASCADE, null=True, related_name="changes"
    )
    # The column, or the component of a price.
    field = models.CharField(max_length=60, blank=True)
    # When that price applies, in words; empty: always, at the standard tier.
    condition = models.CharField(max_length=120, blank=True)
    old = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    new = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    # (new − old) / old of two numbers; None where the old one is 0 or unknown.
    change_share = models.FloatField(null=True)
    origin = models.CharField(max_length=20, choices=Origin.choices)
    source = models.CharField(max_length=300)
    # Who decided, where a person did.
    by = models.CharField(max_length=254, blank=True)
    # Found by the first look at a source: new to us, not news.
    is_first_look = models.BooleanField(default=False)

    class Meta:
        indexes = (
            models.Index(fields=["-at", "-id"], name="model_change_feed"),
            models.Index(fields=["ai_model", "-at"], name="model_change_of_model"),
            models.Index(fields=["what", "-at"], name="model_change_of_kind"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(ai_model__isnull=False) | Q(provider__isnull=False),
                name="model_change_has_a_subject",
            ),
        )

    def __str__(self) -> str:
        return f"{self.what} {self.field}".strip()


class PendingChange(models.Model):
    """A price list that jumped: it waits until an editor approves or refuses it.

    The whole list of the offer waits, because half an old and half a new list would
    be a mixture that nobody charges. What is refused stays refused until the source
    states something else.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        APPROVED = "approved", "Approved"
        REFUSED = "refused", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn by its source"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    offer = models.ForeignKey(
        Offer, on_delete=models.CASCADE, related_name="pending_changes"
    )
    # Price lists in the seed's form: [["input", "2.5"], ["input", "5", {…}]].
    old_prices = models.JSONField()
    new_prices = models.JSONField()
    # What jumped: [{"component", "condition", "old", "new", "reason"}].
    jumps = models.JSONField()
    origin = models.CharField(max_length=20, choices=Origin.choices)
    source = models.CharField(max_length=300)
    sourced_on = models.DateField()
    state = models.CharField(
        max_length=10, choices=State.choices, default=State.WAITING
    )
    found_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=254, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["offer"],
                condition=Q(state="waiting"),
                name="pending_change_one_waits",
            ),
        )
        indexes = (
            models.Index(fields=["state", "-found_at"], name="pending_change_queue"),
        )

    def __str__(self) -> str:
        return f"{self.state} {self.found_at:%Y-%m-%d}"
