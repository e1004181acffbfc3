"""One model at one provider: its limits, its parameters, and how it fares."""

from django.db import models

from apps.catalog.models.ai_models import AIModel
from apps.catalog.models.origins import Origin
from apps.catalog.models.prices import Price
from apps.catalog.models.providers import Provider
from apps.kit.clock import utc_now
from apps.kit.ids import uuid7


class Offer(models.Model):
    """One model at one provider; it has its own id there, limits and prices.

    A broker (OpenRouter) has several offers of one model: its headline, where it
    picks the endpoint by itself, and one for each endpoint behind it, with
    `served_by` and `endpoint_tag`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    ai_model = models.ForeignKey(
        AIModel, on_delete=models.CASCADE, related_name="offers"
    )
    # Whom one calls and pays.
    provider = models.ForeignKey(
        Provider, on_delete=models.CASCADE, related_name="offers"
    )
    upstream_id = models.CharField(max_length=200)
    region = models.CharField(max_length=40, blank=True)
    # "free", "batch", "thinking", or a quantization in the name.
    variant = models.CharField(max_length=40, blank=True)
    # Who runs it behind a broker, and the broker's name of that endpoint.
    served_by = models.ForeignKey(
        Provider, on_delete=models.SET_NULL, null=True, related_name="endpoints"
    )
    endpoint_tag = models.CharField(max_length=80, blank=True)
    quantization = models.CharField(max_length=20, blank=True)
    service_tier = models.CharField(
        max_length=10,
        choices=Price.ServiceTier.choices,
        default=Price.ServiceTier.STANDARD,
    )
    # A broker's list price is that of its cheapest endpoint, discounts included: it
    # may be shown, but no saving is computed from it.
    is_headline = models.BooleanField(default=False)
    # The source says that the price varies by request: never scored by cost.
    is_price_variable = models.BooleanField(default=False)
    context_tokens = models.PositiveIntegerField(null=True)
    max_input_tokens = models.PositiveIntegerField(null=True)
    max_output_tokens = models.PositiveIntegerField(null=True)
    has_implicit_caching = models.BooleanField(null=True)
    # True: the source lists all parameters, so one that is not there is not
    # supported. False: of those that are not there nothing is known.
    has_parameter_list = models.BooleanField(default=False)
    # False: retired there, gone from the source, or not served as a chat.
    is_available = models.BooleanField(default=True)
    # The day its end was announced, and the last day this provider serves it.
    deprecated_on = models.DateField(null=True)
    sunset_on = models.DateField(null=True)
    # Since when the source no longer lists it; after three such runs it is delisted.
    missing_since = models.DateTimeField(null=True)
    delisted_at = models.DateTimeField(null=True)
    # The embedded model: it answers test keys and first steps, and stands in for
    # live traffic only while no other provider is configured.
    is_stand_in = models.BooleanField(default=False)
    source = models.CharField(max_length=300)
    sourced_on = models.DateField()
    origin = models.CharField(
        max_length=20, choices=Origin.choices, default=Origin.SEED
    )
    # Field to {"origin", "source", "on", …}: see `catalog.provenance`.
    provenance = models.JSONField(default=dict, blank=True)
    listed_at = models.DateTimeField(default=utc_now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["provider", "upstream_id", "region", "variant", "endpoint_tag"],
                name="offer_is_unique_at_its_endpoint",
            ),
        )

    def __str__(self) -> str:
        return f"{self.upstream_id} at {self.endpoint_tag or self.provider_id}"


class OfferParameter(models.Model):
    """Whether one offer takes one request parameter, in which range.

    Names are OpenAI's and OpenRouter's (`temperature`, `tools`, `reasoning_effort`).
    A row of an editor's (`origin`) outlives syncs.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    offer = models.ForeignKey(
        Offer, on_delete=models.CASCADE, related_name="parameters"
    )
    name = models.CharField(max_length=40)
    is_supported = models.BooleanField(default=True)
    minimum = models.FloatField(null=True)
    maximum = models.FloatField(null=True)
    default = models.JSONField(null=True)
    choices = models.JSONField(null=True)  # such as ["low", "medium", "high"]
    origin = models.CharField(max_length=20, choices=Origin.choices)
    source = models.CharField(max_length=300)
    sourced_on = models.DateField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["offer", "name"], name="offer_parameter_is_unique"
            ),
        )

    def __str__(self) -> str:
        return self.name


class OfferHealth(models.Model):
    """What a source measured of an offer lately; it moves with every fetch."""

    offer = models.OneToOneField(
        Offer, primary_key=True, on_delete=models.CASCADE, related_name="health"
    )
    # OpenRouter's: 0 is well, below that it is passed over more or less.
    status = models.SmallIntegerField(null=True)
    # Shares of minutes, 0 to 1.
    uptime_5m = models.FloatField(null=True)
    uptime_30m = models.FloatField(null=True)
    uptime_1d = models.FloatField(null=True)
    # {"p50": …}: milliseconds to the first token, and tokens per second.
    latency_ms = models.JSONField(null=True)
    throughput = models.JSONField(null=True)
    origin = models.CharField(max_length=20, choices=Origin.choices)
    measured_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.offer_id} at {self.measured_at}"
