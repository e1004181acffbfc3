"""The shape of aliases, policies and previews in the control plane."""

from typing import Any

from rest_framework import serializers

from apps.privacy.redaction import KINDS
from apps.router import alias_rules as limits
from apps.router.alias_rules import LISTS, clean_name, fields_of
from apps.router.answers import money
from apps.router.budget_serializers import BudgetSerializer, StrictContract
from apps.router.engine.rules import Rules
from apps.router.serializers import Contract

SAMPLE: dict[str, Any] = {"default": 500, "min_value": 1, "max_value": 1000}


def _weight() -> serializers.FloatField:
    return serializers.FloatField(min_value=0, max_value=1)


def _names(text: str) -> serializers.ListField:
    child = serializers.CharField(max_length=200)
    return serializers.ListField(
        child=child, default=list, max_length=limits.MOST_ENTRIES, help_text=text
    )


def _price() -> serializers.FloatField:
    return serializers.FloatField(default=None, allow_null=True, min_value=0)


def _choice(choices: dict[str, str], text: str) -> serializers.ChoiceField:
    return serializers.ChoiceField(
        choices=list(choices), default="", allow_blank=True, help_text=text
    )


class WeightsSerializer(StrictContract):
    """What the score weighs; the three need not sum to 1."""

    cost = _weight()
    latency = _weight()
    task_match = _weight()


class RulesSerializer(StrictContract):
    """Rules for requests; what is left out says nothing and leaves it to the policy."""

    strategy = _choice(limits.STRATEGIES, "How models are scored.")
    priority = _choice(limits.PRIORITIES, "What matters when a request does not say.")
    latency_pref = _choice(limits.LATENCIES, "The same for speed.")
    weights = WeightsSerializer(default=None, allow_null=True)
    models = _names("Ids and patterns that may be used; empty allows all.")
    barred_models = _names("Ids and patterns that may not.")
    forced = serializers.CharField(
        default="", allow_blank=True, max_length=200, help_text="The one model to use."
    )
    fallbacks = _names("Who answers when it cannot, in this order.")
    allow_fallbacks = serializers.BooleanField(default=True)
    providers = _names("Only these providers.")
    ignored = _names("Never these providers.")
    order = _names("These providers first, in this order.")
    regions = _names("ISO 3166-1 codes; every data centre must be in one of them.")
    no_training = serializers.BooleanField(
        default=False, help_text="Only who is known not to train on prompts."
    )
    zero_retention = serializers.BooleanField(
        default=False, help_text="Only who is known not to keep prompts."
    )
    quantizations = _names("Only these, such as `fp8`.")
    require_parameters = serializers.BooleanField(
        default=False, help_text="Only offers that take every parameter sent."
    )
    quality_floor = serializers.FloatField(
        default=None, allow_null=True, min_value=0, max_value=1
    )
    max_cost = serializers.DecimalField(
        default=None,
        allow_null=True,
        max_digits=18,
        decimal_places=9,
        min_value=0,
        max_value=limits.MOST_COST_USD,
        coerce_to_string=False,
        help_text="US dollars that one request may cost.",
    )
    max_prompt_price = _price()
    max_output_price = _price()
    max_prompt_tokens = serializers.IntegerField(
        default=None, allow_null=True, min_value=1, max_value=limits.MOST_PROMPT_TOKENS
    )
    max_latency_ms = serializers.IntegerField(
        default=None, allow_null=True, min_value=1, max_value=600_000
    )
    min_tokens_per_s = _price()
    sort = _choice(limits.SORTS, "Order by one fact in place of the score.")
    cache_ttl_s = serializers.IntegerField(
        default=0,
        min_value=0,
        max_value=limits.MOST_CACHE_S,
        help_text="Seconds for which an answer may be given again; 0 is never.",
    )
    semantic_from = serializers.FloatField(
        default=0,
        min_value=0,
        max_value=1,
        help_text="Similarity from which another question's answer is given; 0 never.",
    )
    second_look = serializers.BooleanField(default=False)
    hedge = serializers.BooleanField(default=False)
    is_private = serializers.BooleanField(
        default=False, help_text="Nothing of these requests is stored."
    )
    redacts = serializers.ListField(
        child=serializers.ChoiceField(choices=list(KINDS)),
        default=list,
        help_text="Taken out before storage, beside what the organization takes out.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for name, clean in LISTS.items():
            try:
                attrs[name] = clean(attrs[name])
            except ValueError as problem:
                raise serializers.ValidationError({name: str(problem)}) from problem
        if 0 < attrs["semantic_from"] < limits.LEAST_SIMILARITY:
            least = limits.LEAST_SIMILARITY
            raise serializers.ValidationError(
                {"semantic_from": f"0 or a similarity from {least} to 1."}
            )
        return attrs

    def to_representation(self, instance: Any) -> Any:
        fields = fields_of(instance) if isinstance(instance, Rules) else instance
        return super().to_representation(fields)


class AliasSerializer(Contract):
    """An alias as it is listed."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField()
    is_active = serializers.BooleanField()
    rules = RulesSerializer()
    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    requests_30d = serializers.IntegerField()
    cost_30d = money()
    budgets = BudgetSerializer(many=True)


class AliasListSerializer(Contract):
    data = AliasSerializer(many=True)  # type: ignore[assignment]  # a field of ours, as the answer calls it


def _description() -> serializers.CharField:
    return serializers.CharField(max_length=300, allow_blank=True, required=False)


class NewAliasSerializer(StrictContract):
    """What a new alias shall be; its name stays what it is."""

    name = serializers.CharField(max_length=limits.LONGEST_NAME)
    description = _description()
    is_active = serializers.BooleanField(default=True)
    rules = RulesSerializer(default=dict)

    def validate_name(self, value: str) -> str:
        try:
            return clean_name(value)
        except ValueError as problem:
            raise serializers.ValidationError(str(problem)) from problem


def _version() -> serializers.IntegerField:
    return serializers.IntegerField(
        min_value=1, help_text="The version that this change was made from."
    )


class AliasChangeSerializer(StrictContract):
    """What to change; `rules` replaces them all."""

    version = _version()
    description = _description()
    is_active = serializers.BooleanField(required=False)
    rules = RulesSerializer(required=False)


class PolicySerializer(Contract):
    """What holds for every request of the organization."""

    rules = RulesSerializer()
    premium_model = serializers.CharField(
        allow_null=True, help_text="What savings are measured against."
    )
    version = serializers.IntegerField()


class PolicyChangeSerializer(StrictContract):
    version = _version()
    rules = RulesSerializer()
    premium_model = serializers.CharField(
        required=False, allow_null=True, max_length=200
    )


class PreviewRequestSerializer(StrictContract):
    """Rules to try on past requests; nobody is called and nothing is stored."""

    rules = RulesSerializer(default=dict)
    alias = serializers.CharField(
        default="", allow_blank=True, max_length=limits.LONGEST_NAME
    )
    requests = serializers.IntegerField(**SAMPLE, help_text="The last so many.")


class PolicyPreviewRequestSerializer(StrictContract):
    """Rules to try on past requests, each under its own alias."""

    rules = RulesSerializer(default=dict)
    requests = serializers.IntegerField(**SAMPLE, help_text="The last so many.")


class PreviewLineSerializer(Contract):
    """What became of the requests that one model had answered."""

    model_before = serializers.CharField()
    model_after = serializers.CharField(help_text="Empty: nothing could serve them.")
    requests = serializers.IntegerField()
    cost_before = money()
    cost_after = money()
    is_estimated = serializers.BooleanField(
        help_text="The same tokens at the other offer's price."
    )
    unpriced = serializers.IntegerField()
    quality_before = serializers.FloatField(allow_null=True)
    quality_after = serializers.FloatField(allow_null=True)


class RefusalSerializer(Contract):
    reason = serializers.CharField()
    requests = serializers.IntegerField()


class PreviewSerializer(Contract):
    """What would have changed, and what it would have cost."""

    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)
    requests = serializers.IntegerField()
    changed = serializers.IntegerField()
    changed_anyway = serializers.IntegerField(
        help_text="Of those, how many the rules in force would change today too."
    )
    refused = serializers.IntegerField()
    compared = serializers.IntegerField(help_text="Requests with both costs known.")
    cost_before = money()
    cost_after = money()
    quality_assessed = serializers.IntegerField()
    quality_before = serializers.FloatField(allow_null=True)
    quality_after = serializers.FloatField(allow_null=True)
    lines = PreviewLineSerializer(many=True)
    refusals = RefusalSerializer(many=True)
    unknown = serializers.ListField(child=serializers.CharField())
