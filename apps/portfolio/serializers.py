"""The shape of the portfolio in the API; money in US dollars."""

from collections.abc import Callable, Iterable
from typing import Any

from rest_framework import serializers

from apps.catalog.domains import Task
from apps.portfolio import fields as limits
from apps.portfolio.import_services import ACTIONS
from apps.portfolio.imports.table import MOST_BYTES
from apps.portfolio.models import (
    USUAL_CONTEXT,
    Capability,
    Function,
    Need,
    Product,
    VolumeOrigin,
)
from apps.router.budget_serializers import StrictContract
from apps.router.serializers import Contract

TASKS = [task.value for task in Task]


def _name(**options: Any) -> serializers.CharField:
    return serializers.CharField(max_length=limits.LONGEST_NAME, **options)


def _text(most: int) -> serializers.CharField:
    return serializers.CharField(max_length=most, allow_blank=True, required=False)


def _count(most: int, *, least: int = 0, **options: Any) -> serializers.IntegerField:
    usual = {"required": False, "allow_null": True}
    return serializers.IntegerField(
        min_value=least, max_value=most, **{**usual, **options}
    )


def _cleaned[T](clean: Callable[[T], T], value: T) -> T:
    try:
        return clean(value)
    except ValueError as problem:
        raise serializers.ValidationError(str(problem)) from problem


class _Named(StrictContract):
    def validate_name(self, value: str) -> str:
        return _cleaned(limits.clean_name, value)


class ProductSerializer(Contract):
    """A product, and what its use cases cost a month as far as that is known."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField()
    category = serializers.ChoiceField(choices=Product.Category.choices)
    status = serializers.ChoiceField(choices=Product.Status.choices)
    is_demo = serializers.BooleanField()
    functions = serializers.IntegerField()
    use_cases = serializers.IntegerField()
    cost_month = serializers.FloatField(allow_null=True)
    not_assessed = serializers.IntegerField(
        help_text="Use cases whose cost is not known and not in the sum."
    )
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class ProductListSerializer(Contract):
    data = ProductSerializer(many=True)  # type: ignore[assignment]  # a field of ours, as the answer calls it


class NewProductSerializer(_Named):
    name = _name()
    description = _text(2000)
    category = serializers.ChoiceField(choices=Product.Category.choices, required=False)
    status = serializers.ChoiceField(choices=Product.Status.choices, required=False)


class ProductChangeSerializer(NewProductSerializer):
    name = _name(required=False)


class FunctionSerializer(Contract):
    """What a product does with models."""

    id = serializers.UUIDField()
    product_id = serializers.UUIDField()
    name = serializers.CharField()
    priority = serializers.ChoiceField(choices=Function.Priority.choices)
    quality_need = serializers.ChoiceField(choices=Function.QualityNeed.choices)
    latency_need_ms = serializers.IntegerField(allow_null=True)
    use_cases = serializers.IntegerField(source="use_case_count")


class FunctionListSerializer(Contract):
    data = FunctionSerializer(many=True)  # type: ignore[assignment]  # a field of ours, as the answer calls it


class FunctionChangeSerializer(_Named):
    name = _name(required=False)
    priority = serializers.ChoiceField(
        choices=Function.Priority.choices, required=False
    )
    quality_need = serializers.ChoiceField(
        choices=Function.QualityNeed.choices, required=False
    )
    latency_need_ms = _count(limits.MOST_LATENCY_MS, least=1)


class NewFunctionSerializer(FunctionChangeSerializer):
    name = _name()
    product_id = serializers.UUIDField()


class VolumeSerializer(Contract):
    """How much it is used; `basis` is empty where nothing is known."""

    calls_month = serializers.FloatField(allow_null=True)
    input_tokens = serializers.FloatField(allow_null=True)
    output_tokens = serializers.FloatField(allow_null=True)
    cached_share = serializers.FloatField(allow_null=True)
    basis = serializers.ChoiceField(choices=["measured", "typed", ""])
    requests = serializers.IntegerField()
    since = serializers.DateField(allow_null=True)
    until = serializers.DateField(allow_null=True)
    origin = serializers.ChoiceField(choices=[*VolumeOrigin.values, ""])
    note = serializers.CharField()


class ModelPriceSerializer(Contract):
    """The price that a cost rests on, per 1,000,000 tokens."""

    provider = serializers.CharField()
    input = serializers.FloatField(source="card.input", allow_null=True)
    cache_read = serializers.FloatField(source="card.cache_read", allow_null=True)
    output = serializers.FloatField(source="card.output", allow_null=True)
    checked_on = serializers.DateField()
    source = serializers.CharField()  # type: ignore[assignment]  # a field of ours, as the answer calls it


class UseCaseSerializer(Contract):
    """One job that a model does."""

    id = serializers.UUIDField()
    product_id = serializers.UUIDField()
    function_id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField()
    task = serializers.ChoiceField(choices=TASKS)
    current_model = serializers.CharField()
    current_provider = serializers.CharField(allow_null=True)
    needs = serializers.ListField(child=serializers.CharField())
    required_context = serializers.IntegerField()
    capabilities = serializers.ListField(child=serializers.CharField())
    parameters = serializers.ListField(child=serializers.CharField())
    alias = serializers.CharField(allow_null=True)
    volume = VolumeSerializer()
    cost_month = serializers.FloatField(allow_null=True)
    price = ModelPriceSerializer(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class UseCaseListSerializer(Contract):
    data = UseCaseSerializer(many=True)  # type: ignore[assignment]  # a field of ours, as the answer calls it


class UseCaseChangeSerializer(_Named):
    """What to change; models and providers by their ids in the catalog."""

    function_id = serializers.UUIDField(required=False)
    name = _name(required=False)
    description = _text(1000)
    task = serializers.ChoiceField(choices=TASKS, required=False)
    current_model = serializers.CharField(max_length=200, required=False)
    current_provider = serializers.CharField(
        max_length=100, required=False, allow_null=True
    )
    needs = serializers.ListField(
        child=serializers.ChoiceField(choices=Need.values),
        required=False,
        help_text="Up to three, the first one first; empty: all equal.",
    )
    required_context = _count(
        limits.MOST_TOKENS, least=1, allow_null=False, default=USUAL_CONTEXT
    )
    capabilities = serializers.ListField(
        child=serializers.ChoiceField(choices=Capability.values), required=False
    )
    parameters = serializers.ListField(
        child=serializers.CharField(max_length=40), required=False
    )
    calls_month = _count(limits.MOST_CALLS)
    input_tokens = _count(limits.MOST_TOKENS)
    output_tokens = _count(limits.MOST_TOKENS)
    cached_share = serializers.FloatField(
        min_value=0, max_value=1, required=False, allow_null=True
    )

    def validate_needs(self, value: Iterable[str]) -> Iterable[str]:
        return _cleaned(limits.clean_needs, value)

    def validate_parameters(self, value: Iterable[str]) -> Iterable[str]:
        return _cleaned(limits.clean_parameters, value)

    def validate_capabilities(self, value: list[str]) -> list[str]:
        return list(dict.fromkeys(value))


class NewUseCaseSerializer(UseCaseChangeSerializer):
    """What a new use case shall be; of a product alone its usual function is taken."""

    product_id = serializers.UUIDField(required=False)
    name = _name()
    task = serializers.ChoiceField(choices=TASKS)
    current_model = serializers.CharField(max_length=200)


class AliasOfSerializer(StrictContract):
    """Which alias to attach; without one, the use case gets its own."""

    alias_id = serializers.UUIDField(required=False)


class AliasAnswerSerializer(Contract):
    id = serializers.UUIDField()
    name = serializers.CharField()


class ProposalSerializer(Contract):
    """A use case that could be, and what the export says of it."""

    number = serializers.IntegerField()
    source_model = serializers.CharField()
    group = serializers.CharField(help_text="The key, team or app, or the alias.")
    model = serializers.CharField(
        source="slug", help_text="Empty: say which model of the catalog is meant."
    )
    match = serializers.CharField()
    name = serializers.CharField()
    task = serializers.CharField()
    requests = serializers.IntegerField(allow_null=True)
    input_tokens = serializers.IntegerField()
    cached_tokens = serializers.IntegerField(allow_null=True)
    output_tokens = serializers.IntegerField()
    cost_usd = serializers.FloatField(
        allow_null=True, help_text="What the export says; null where it does not."
    )
    days = serializers.IntegerField()
    use_case_id = serializers.CharField(
        help_text="What an earlier import, or this one, made of it."
    )
    action = serializers.CharField()


class ImportSerializer(Contract):
    """A draft, or what became of it."""

    id = serializers.UUIDField()
    format = serializers.CharField()
    file_name = serializers.CharField()
    first = serializers.DateField()
    last = serializers.DateField()
    row_count = serializers.IntegerField()
    left_out = serializers.IntegerField()
    notes = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    confirmed_at = serializers.DateTimeField(allow_null=True)
    proposals = ProposalSerializer(many=True)


class ImportListSerializer(Contract):
    data = ImportSerializer(many=True)  # type: ignore[assignment]  # a field of ours, as the answer calls it


class NewImportSerializer(StrictContract):
    """The text of an export, or `traffic`: what went through this router."""

    content = serializers.CharField(
        max_length=MOST_BYTES, trim_whitespace=False, required=False
    )
    file_name = serializers.CharField(max_length=200, default="export")
    leave_out_bad = serializers.BooleanField(default=False)
    traffic = serializers.BooleanField(default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if bool(attrs.get("content")) == attrs["traffic"]:
            raise serializers.ValidationError(
                {"content": "Send an export's content, or ask for `traffic`."}
            )
        return attrs


class ChoiceSerializer(StrictContract):
    """What shall become of one proposal; what is not named is left out."""

    number = serializers.IntegerField(min_value=0)
    action = serializers.ChoiceField(choices=list(ACTIONS))
    name = serializers.CharField(
        max_length=limits.LONGEST_NAME, required=False, allow_blank=True
    )
    model = serializers.CharField(max_length=200, required=False, allow_blank=True)
    task = serializers.ChoiceField(choices=TASKS, required=False)
    calls_month = _count(limits.MOST_CALLS, least=1)


class ConfirmSerializer(StrictContract):
    """Where new use cases go, and what to make."""

    product_id = serializers.UUIDField(required=False)
    new_product = serializers.CharField(
        max_length=limits.LONGEST_NAME, required=False, allow_blank=True
    )
    function = serializers.CharField(
        max_length=limits.LONGEST_NAME, required=False, allow_blank=True
    )
    choices = ChoiceSerializer(many=True)
