"""The shape of checks and prompt sets in the API."""

from typing import Any

from rest_framework import serializers

from apps.checks import limits
from apps.checks.blinding import SIDES
from apps.checks.criteria import KINDS, LONGEST_VALUE
from apps.checks.models import Check, PromptSet, Result
from apps.checks.reading import MOST_BYTES, MOST_MESSAGES, ROLES
from apps.router.answers import money
from apps.router.budget_serializers import StrictContract
from apps.router.serializers import Contract


def _at_the_most(number: int) -> dict[str, Any]:
    """A list's own option, which the stubs know of lists alone."""
    return {"max_length": number}


class PromptMessageSerializer(StrictContract):
    role = serializers.ChoiceField(choices=list(ROLES))
    content = serializers.CharField(trim_whitespace=False, max_length=MOST_BYTES)


class PromptSerializer(StrictContract):
    """One prompt: a text, or messages; and what its right answer is or holds."""

    prompt = serializers.CharField(
        required=False, trim_whitespace=False, max_length=MOST_BYTES
    )
    messages = PromptMessageSerializer(
        many=True, required=False, **_at_the_most(MOST_MESSAGES)
    )
    expected = serializers.CharField(
        required=False, allow_blank=True, trim_whitespace=False, max_length=MOST_BYTES
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("prompt" in attrs) == ("messages" in attrs):
            raise serializers.ValidationError("Give a prompt or messages.")
        return attrs


class NewSetSerializer(StrictContract):
    """Prompts of your own, or `sample` of what is kept of a use case's traffic."""

    name = serializers.CharField(max_length=120)
    use_case = serializers.UUIDField(required=False, allow_null=True)
    prompts = PromptSerializer(
        many=True, required=False, **_at_the_most(limits.MOST_PROMPTS)
    )
    sample = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=limits.MOST_PROMPTS,
        help_text="So many of the newest kept prompts of the use case's alias.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if bool(attrs.get("prompts")) == ("sample" in attrs):
            raise serializers.ValidationError("Give prompts or sample.")
        if "sample" in attrs and not attrs.get("use_case"):
            raise serializers.ValidationError({"use_case": "Name it to sample."})
        return attrs


class SetSerializer(Contract):
    """A set of prompts, without them."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    source = serializers.ChoiceField(  # type: ignore[assignment]  # DRF collects fields
        choices=PromptSet.Source.values
    )
    use_case = serializers.UUIDField(source="use_case_id", allow_null=True)
    size = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)


class SetListSerializer(Contract):
    data = SetSerializer(many=True)  # type: ignore[assignment]  # a field of ours


class CriterionSerializer(StrictContract):
    """A check that needs no judge; an empty value is what the prompt expects."""

    kind = serializers.ChoiceField(choices=list(KINDS))
    value = serializers.CharField(
        default="", allow_blank=True, trim_whitespace=False, max_length=LONGEST_VALUE
    )


class NewCheckSerializer(StrictContract):
    """What a check shall be; the first model is the baseline."""

    name = serializers.CharField(max_length=120)
    models = serializers.ListField(
        child=serializers.CharField(max_length=200),
        min_length=limits.LEAST_MODELS,
        max_length=limits.MOST_MODELS,
    )
    prompt_set = serializers.UUIDField()
    use_case = serializers.UUIDField(required=False, allow_null=True)
    system = serializers.CharField(
        default="", allow_blank=True, max_length=limits.LONGEST_SYSTEM
    )
    parameters = serializers.DictField(default=dict)
    criteria = CriterionSerializer(many=True, default=list)
    judge_model = serializers.CharField(default="", allow_blank=True, max_length=200)
    is_blind = serializers.BooleanField(default=True)
    margin = serializers.FloatField(default=0.15, min_value=0.01, max_value=1)
    ceiling_usd = serializers.DecimalField(
        default=None,
        allow_null=True,
        max_digits=20,
        decimal_places=9,
        coerce_to_string=False,
        help_text="Left out: as much as it can cost at the most.",
    )
    start = serializers.BooleanField(
        default=False, help_text="Begin at once, without a look at the quote."
    )


class ResultSerializer(Contract):
    """What one way of judging says of one candidate."""

    model = serializers.CharField()
    method = serializers.ChoiceField(choices=Result.Method.values)
    verdict = serializers.CharField(help_text="Empty: `why` says why there is none.")
    why = serializers.CharField()
    prompts = serializers.IntegerField()
    wins = serializers.IntegerField()
    losses = serializers.IntegerField()
    ties = serializers.IntegerField()
    consistency = serializers.FloatField(allow_null=True)
    net = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    margin = serializers.FloatField()
    prompts_needed = serializers.IntegerField(source="needed", allow_null=True)
    output_ratio = serializers.FloatField(allow_null=True)


class QuotePartSerializer(Contract):
    model = serializers.CharField()
    providers = serializers.ListField(child=serializers.CharField())
    calls = serializers.IntegerField()
    most_usd = money()
    is_judge = serializers.BooleanField()


class CheckSerializer(Contract):
    """A check, how far it is, and what it says."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=Check.State.values)
    reason = serializers.CharField()
    use_case = serializers.UUIDField(source="use_case_id", allow_null=True)
    prompt_set = serializers.UUIDField(source="prompt_set_id", allow_null=True)
    models = serializers.ListField(child=serializers.CharField(), source="seats")
    judge_model = serializers.CharField()
    prompts = serializers.IntegerField()
    margin = serializers.FloatField()
    is_blind = serializers.BooleanField()
    ceiling_usd = money()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)


class ProgressSerializer(Contract):
    answers = serializers.IntegerField(source="done")
    of_answers = serializers.IntegerField(source="total")
    failed = serializers.IntegerField()
    judgements = serializers.IntegerField(source="judged")
    of_judgements = serializers.IntegerField(source="to_judge")
    spent_usd = money()
    open_usd = money()


class CheckDetailSerializer(Contract):
    check = CheckSerializer()
    progress = ProgressSerializer()
    results = ResultSerializer(many=True)
    # Of a draft: who would get the prompts, and what it may cost.
    quote = QuotePartSerializer(many=True)
    quote_problem = serializers.CharField()


class CheckListSerializer(Contract):
    data = CheckSerializer(many=True)  # type: ignore[assignment]  # a field of ours


class AnswerSerializer(Contract):
    """One answer; `text` is null where the caller may not read prompts."""

    model = serializers.CharField()
    position = serializers.IntegerField()
    text = serializers.CharField(allow_null=True)
    error = serializers.CharField()
    finish_reason = serializers.CharField()
    provider = serializers.CharField()
    input_tokens = serializers.IntegerField(allow_null=True)
    output_tokens = serializers.IntegerField(allow_null=True)
    cost_usd = money()
    latency_ms = serializers.FloatField(allow_null=True)
    passes = serializers.ListField(child=serializers.BooleanField(allow_null=True))
    request_id = serializers.UUIDField()


class AnswerListSerializer(Contract):
    """Answers after `after`, in the order they came; `next_after` goes on from here."""

    data = AnswerSerializer(many=True)  # type: ignore[assignment]  # a field of ours
    next_after = serializers.IntegerField(allow_null=True)


class VoteSerializer(StrictContract):
    """Which of two answers is better, by the models' names or unseen by A and B."""

    model = serializers.CharField(max_length=200, help_text="The candidate.")
    position = serializers.IntegerField(min_value=0, max_value=limits.MOST_PROMPTS)
    choice = serializers.ChoiceField(
        choices=["candidate", "baseline", *SIDES],
        help_text="`a` and `b` are the sides as the page shows them.",
    )
