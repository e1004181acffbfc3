"""What a person fills in: an alias, the organization's policy."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError as FieldError

from apps.accounts.forms import LinesField
from apps.accounts.key_rules import clean_models
from apps.kit.errors import ValidationError
from apps.privacy.redaction import LABELS
from apps.router import alias_rules as limits
from apps.router.alias_rules import clean_name, fields_of, rules_of
from apps.router.alias_services import refuse_unknown
from apps.router.budget_serializers import LEAST_USD, MOST_USD
from apps.router.engine.rules import Rules

MODELS: Final = "known-models"
PROVIDERS: Final = "known-providers"
CACHES: Final = [("off", "Off"), ("exact", "Exact"), ("semantic", "Semantic")]
HOUR_S: Final = 3600


def _lines(clean: Any, *, adds: str = "", **options: Any) -> LinesField:
    field = LinesField(clean, **options)
    field.widget.attrs |= {"rows": 2, **({"data-adds": adds} if adds else {})}
    return field


def _number(step: str = "any", **options: Any) -> forms.FloatField:
    attrs = {"inputmode": "decimal", "step": step}
    return forms.FloatField(
        required=False, min_value=0, widget=forms.NumberInput(attrs=attrs), **options
    )


def _count(most: int, **options: Any) -> forms.IntegerField:
    return forms.IntegerField(required=False, min_value=1, max_value=most, **options)


def _usd(label: str, help_text: str = "", **options: Any) -> forms.DecimalField:
    return forms.DecimalField(
        required=False,
        label=label,
        help_text=help_text,
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
        **options,
    )


def _yes(label: str) -> forms.BooleanField:
    return forms.BooleanField(required=False, label=label)


class RulesForm(forms.Form):
    """Every rule there is; what is left empty says nothing."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, initial=1)
    strategy = forms.ChoiceField(
        choices=list(limits.STRATEGIES.items()), required=False, label="Strategy"
    )
    priority = forms.ChoiceField(
        choices=list(limits.PRIORITIES.items()), required=False, label="What matters"
    )
    latency_pref = forms.ChoiceField(
        choices=list(limits.LATENCIES.items()), required=False, label="Speed"
    )
    sort = forms.ChoiceField(
        choices=list(limits.SORTS.items()), required=False, label="Order"
    )
    weight_cost = _number(label="Cost", max_value=1)
    weight_latency = _number(label="Latency", max_value=1)
    weight_task_match = _number(label="Task match", max_value=1)
    forced = forms.CharField(
        required=False,
        max_length=200,
        label="The one model to use",
        widget=forms.TextInput(
            attrs={"list": MODELS, "class": "mono", "autocomplete": "off"}
        ),
        help_text="Its id, such as openai/gpt-5-mini. Empty: the router chooses.",
    )
    fallbacks = _lines(
        limits.clean_fallbacks,
        adds=MODELS,
        label="Fallbacks, in order",
        help_text="Who answers when the first choice cannot.",
    )
    allow_fallbacks = forms.BooleanField(
        required=False, initial=True, label="Fall back when the first choice fails"
    )
    models = _lines(
        clean_models,
        adds=MODELS,
        label="Allowed models",
        help_text="One id or pattern a line, such as openai/*. Empty allows all.",
    )
    barred_models = _lines(
        clean_models,
        adds=MODELS,
        label="Barred models",
        help_text="They are never used, whatever else is allowed.",
    )
    providers = _lines(
        limits.clean_providers,
        adds=PROVIDERS,
        label="Only these providers",
        help_text="Empty allows all.",
    )
    ignored = _lines(
        limits.clean_providers, adds=PROVIDERS, label="Never these providers"
    )
    order = _lines(
        limits.clean_providers,
        adds=PROVIDERS,
        label="Preferred providers, in order",
        help_text="They come first; the others stand behind.",
    )
    quantizations = _lines(
        limits.clean_quantizations,
        label="Only these quantizations",
        help_text="Such as bf16 or fp8. What is not assessed does not fit.",
    )
    no_training = _yes("Only providers known not to train on prompts")
    zero_retention = _yes("Only providers known not to keep prompts")
    regions = _lines(
        limits.clean_regions,
        label="Regions",
        help_text="Codes of countries such as DE or US: all data centres of "
        "a provider must be in them. What is not assessed does not fit.",
    )
    is_private = _yes("Store nothing of these prompts and their answers")
    redacts = forms.MultipleChoiceField(
        choices=list(LABELS.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Take out before storage, beside what the organization takes out",
    )
    quality_floor = _number(
        label="Quality floor",
        max_value=1,
        help_text="0 to 1; 0.50 is the average model. Not assessed does not fit.",
    )
    max_cost = _usd(
        "Most a request may cost, $",
        "The output limit is lowered to what it still buys.",
        min_value=0,
        max_value=limits.MOST_COST_USD,
        max_digits=18,
        decimal_places=9,
    )
    max_prompt_tokens = _count(
        limits.MOST_PROMPT_TOKENS,
        label="Largest prompt, tokens",
        help_text="About four characters each; larger ones are refused with 413.",
    )
    max_prompt_price = _number(label="Most per 1M prompt tokens, $")
    max_output_price = _number(label="Most per 1M output tokens, $")
    max_latency_ms = _count(
        600_000,
        label="Preferably within, ms",
        help_text="Slower offers stand behind; none is barred.",
    )
    min_tokens_per_s = _number(label="Preferably at least, tokens a second")
    cache = forms.ChoiceField(
        choices=CACHES, initial="off", widget=forms.RadioSelect, label="Response cache"
    )
    cache_hours = _number(
        label="Give an answer again for, hours", max_value=limits.MOST_CACHE_S / HOUR_S
    )
    semantic_from = _number(
        label="From a similarity of",
        max_value=1,
        help_text=f"{limits.LEAST_SIMILARITY} to 1; by the meaning of the question.",
    )
    require_parameters = _yes("Only offers that take every parameter sent")
    second_look = _yes("Ask a cheap model for the task when the classifier is unsure")
    hedge = _yes("Send a second request when the first is late; both are billed")

    @staticmethod
    def initial_of(rules: Rules) -> dict[str, Any]:
        """The fields' values for these rules."""
        shown = fields_of(rules)
        weights = shown.pop("weights") or {}
        hours = rules.cache_ttl_s / HOUR_S
        kind = "semantic" if rules.semantic_from else "exact"
        return {
            **shown,
            **{f"weight_{name}": value for name, value in weights.items()},
            "cache": kind if rules.cache_ttl_s else "off",
            "cache_hours": f"{hours:g}" if rules.cache_ttl_s else None,
            "semantic_from": rules.semantic_from or None,
        }

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if self.errors:
            return data
        try:
            data["rules"] = rules_of(self._fields(data))
            refuse_unknown(data["rules"])
        except ValidationError as problem:
            name = _FIELDS.get(problem.param or "", problem.param)
            self.add_error(name if name in self.fields else None, problem.message)
        return data

    def clean_forced(self) -> str:
        return str(self.cleaned_data["forced"]).strip().lower()

    def rules(self) -> Rules:
        rules: Rules = self.cleaned_data["rules"]
        return rules

    def _fields(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The fields as the API has them."""
        named = Rules.__struct_fields__
        found = {name: data[name] for name in (*named, "max_cost") if name in data}
        return {**found, "weights": self._weights(data), **self._cache(data)}

    def _weights(self, data: Mapping[str, Any]) -> dict[str, float] | None:
        names = ("cost", "latency", "task_match")
        given = {name: data.get(f"weight_{name}") for name in names}
        if all(value is None for value in given.values()):
            return None
        return {name: value or 0.0 for name, value in given.items()}

    def _cache(self, data: Mapping[str, Any]) -> dict[str, Any]:
        if data["cache"] == "off":
            return {"cache_ttl_s": 0, "semantic_from": 0.0}
        hours = data.get("cache_hours")
        if not hours:
            raise ValidationError(
                "Say for how many hours an answer may be given again.",
                param="cache_hours",
            )
        similarity = data.get("semantic_from") or 0.0
        if data["cache"] == "exact":
            similarity = 0.0
        elif similarity < limits.LEAST_SIMILARITY:
            raise ValidationError(
                f"Say a similarity from {limits.LEAST_SIMILARITY} to 1.",
                param="semantic_from",
            )
        return {
            "cache_ttl_s": max(1, round(hours * HOUR_S)),
            "semantic_from": similarity,
        }


# Where a fault of the rules is shown, if not at the field of the same name.
_FIELDS: Final = {"weights": "weight_cost"}


def _budget(label: str) -> forms.DecimalField:
    return _usd(label, min_value=LEAST_USD, max_value=MOST_USD, decimal_places=6)


class AliasForm(RulesForm):
    """An alias that exists: its name stays."""

    description = forms.CharField(
        required=False, max_length=300, label="What it is for"
    )
    budget_day = _budget("A day, $")
    budget_month = _budget("A month, $")

    def budgets(self) -> dict[str, Decimal | None]:
        data = self.cleaned_data
        return {"day": data["budget_day"], "month": data["budget_month"]}


class NewAliasForm(AliasForm):
    """A new alias, whose name has to be found first."""

    name = forms.CharField(
        max_length=limits.LONGEST_NAME,
        label="Name",
        widget=forms.TextInput(
            attrs={
                "class": "mono",
                "spellcheck": "false",
                "autocomplete": "off",
                "placeholder": "uc/support-triage",
            }
        ),
        help_text="What requests name in “model”. It cannot be changed later.",
    )

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if not name and not self.fields["name"].required:
            return ""
        try:
            return clean_name(name)
        except ValueError as problem:
            raise FieldError(str(problem)) from problem


class PolicyForm(RulesForm):
    """What holds for every request, and what savings are measured against."""

    premium_model = forms.CharField(
        required=False,
        max_length=200,
        label="Premium model",
        widget=forms.TextInput(
            attrs={"list": MODELS, "class": "mono", "autocomplete": "off"}
        ),
        help_text="What savings are measured against. Empty: as installed.",
    )
