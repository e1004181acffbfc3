"""Rules as people write them: every field reaches the form and the API, and back."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from apps.accounts.key_rules import clean_tags
from apps.kit.errors import ValidationError
from apps.router.alias_forms import PolicyForm, RulesForm
from apps.router.alias_rules import clean_name, fields_of, rules_of, said, stored
from apps.router.alias_serializers import RulesSerializer
from apps.router.engine.rules import NO_RULES, Rules, Weights, read_rules

FULL = Rules(
    strategy="learned",
    priority="best",
    latency_pref="fast",
    weights=Weights(0.5, 0.25, 0.25),
    models=("openai/*", "anthropic/*"),
    barred_models=("openai/gpt-4*",),
    forced="openai/gpt-5",
    fallbacks=("anthropic/claude-haiku-4.5",),
    allow_fallbacks=False,
    providers=("openai", "anthropic"),
    ignored=("groq",),
    order=("anthropic",),
    regions=("DE", "FR"),
    no_training=True,
    zero_retention=True,
    quantizations=("bf16",),
    require_parameters=True,
    quality_floor=0.5,
    max_cost_nano=12_500_000,
    max_prompt_price=3.0,
    max_output_price=15.0,
    max_prompt_tokens=20_000,
    max_latency_ms=2_000,
    min_tokens_per_s=50.0,
    sort="price",
    cache_ttl_s=3_600,
    semantic_from=0.95,
    second_look=True,
    hedge=True,
    is_private=True,
    redacts=("email", "iban"),
)


def test_the_sample_says_something_in_every_field() -> None:
    names = set(Rules.__struct_fields__)

    assert set(stored(FULL)) == names


def test_rules_survive_the_api_and_the_table() -> None:
    shown = RulesSerializer(FULL).data
    read = RulesSerializer(data=shown)

    assert read.is_valid(), read.errors
    assert rules_of(read.validated_data) == FULL
    assert read_rules(stored(FULL)) == FULL


@pytest.mark.django_db
def test_rules_survive_the_form(monkeypatch: pytest.MonkeyPatch) -> None:
    initial = RulesForm.initial_of(FULL)
    data = {
        name: "\n".join(value)
        if isinstance(value, list) and name != "redacts"
        else value
        for name, value in initial.items()
        if value is not None
    }
    form = RulesForm({**data, "version": 1})
    form.full_clean()

    # The catalog is empty here, so the one complaint is about the model it names.
    assert form.errors == {"forced": ["There is no model named 'openai/gpt-5'."]}
    assert form.cleaned_data["rules"] == FULL


def test_every_rule_has_a_field_in_the_form() -> None:
    elsewhere = {"weights": "weight_cost", "max_cost_nano": "max_cost"}
    elsewhere["cache_ttl_s"] = "cache_hours"
    wanted = {elsewhere.get(name, name) for name in Rules.__struct_fields__}

    assert wanted <= set(PolicyForm.base_fields)


def test_nothing_said_is_nothing_stored() -> None:
    assert stored(NO_RULES) == {}
    assert rules_of({}) == NO_RULES
    assert said(FULL)["max_cost"] == "0.012500000"
    assert fields_of(NO_RULES)["allow_fallbacks"] is True


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"forced": "groq/llama"}, "forced"),
        ({"barred_models": ("*/gpt-5",)}, "forced"),
        ({"order": ("groq",)}, "order"),
        ({"providers": ("groq",), "order": ()}, "providers"),
        ({"cache_ttl_s": 0}, "semantic_from"),
        ({"weights": Weights(0, 0, 0)}, "weights"),
        ({"redacts": ("names",)}, "redacts"),
    ],
)
def test_contradictions_are_named(changes: dict[str, Any], param: str) -> None:
    fields = fields_of(structs.replace(FULL, **changes))

    with pytest.raises(ValidationError) as refused:
        rules_of(fields)

    assert refused.value.param == param


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("models", ["open ai"]),
        ("regions", ["Germany"]),
        ("providers", ["open/ai"]),
        ("fallbacks", ["openai/*"]),
        ("fallbacks", [f"openai/m{n}" for n in range(6)]),
        ("quantizations", [""]),
        ("semantic_from", 0.5),
        ("max_cost", Decimal(-1)),
        ("quality_floor", 1.5),
        ("max_prompt_tokens", 0),
        ("cache_ttl_s", -1),
        ("strategy", "random"),
        ("no_trainig", True),
    ],
)
def test_bad_values_are_refused_by_name(field: str, value: Any) -> None:
    asked = RulesSerializer(data={field: value})

    assert not asked.is_valid()
    assert list(asked.errors) == [field]


@pytest.mark.parametrize(
    "name", ["uc/support-triage", "support", "a/b/c", "uc/v1.2_x", "automation"]
)
def test_good_names(name: str) -> None:
    assert clean_name(f" {name} ") == name


@pytest.mark.parametrize(
    "name",
    [
        *("", "UC/x", "uc/", "/uc", "uc//x", "uc x", "-uc", "ü", "a" * 101),
        *("auto", "auto/x", "auto:cheap", "uc/x?", "uc/x\n/y"),
    ],
)
def test_bad_names(name: str) -> None:
    with pytest.raises(ValueError, match=r"name|Names"):
        clean_name(name)


def test_tags_are_words_or_pairs() -> None:
    assert clean_tags(["Team:Search ", "prod", "prod"]) == ["prod", "team:search"]
    for bad in (
        ["two words"],
        [":x"],
        ["a:b:c"],
        ["x" * 65],
        [f"t{n}" for n in "123456789"],
    ):
        with pytest.raises(ValueError, match=r"tag"):
            clean_tags(bad)
