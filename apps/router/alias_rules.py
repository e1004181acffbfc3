"""Rules as people write them, in both directions, and what each field may hold.

Pages and the API hand over the same fields: money in US dollars, lists of names. What
is stored are `engine.rules.Rules`. Whether a name exists is asked in `alias_services`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, Literal, cast

import msgspec

from apps.accounts.key_rules import clean_models
from apps.kit.errors import ValidationError
from apps.kit.money import from_nano, to_nano
from apps.privacy.redaction import KINDS
from apps.router.engine.need import may_use
from apps.router.engine.rules import NO_RULES, Rules, Weights

MOST_FALLBACKS: Final = 5
MOST_ENTRIES: Final = 50
MOST_CACHE_S: Final = 7 * 86_400
# Below it, answers to other questions would be given as if they were this one's.
LEAST_SIMILARITY: Final = 0.8
MOST_COST_USD: Final = Decimal(1000)
MOST_PROMPT_TOKENS: Final = 10_000_000
# What each field may hold; pages and the API limit their input alike.
Strategy = Literal["", "weighted", "learned"]
STRATEGIES: Final = {
    "": "Default",
    "weighted": "Weighted: the documented formula",
    "learned": "Learned: from outcomes of your own traffic",
}
PRIORITIES: Final = {
    "": "Default",
    "cheap": "Cheapest above the floor",
    "balanced": "Balanced",
    "best": "Best at the task",
}
LATENCIES: Final = {"": "Default", "normal": "Normal", "fast": "Fast"}
SORTS: Final = {
    "": "By score",
    "price": "By price",
    "throughput": "By throughput",
    "latency": "By latency",
}

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*", re.ASCII)
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9_-]*", re.ASCII)
_REGION: Final = re.compile(r"[A-Z]{2}", re.ASCII)
_WORD: Final = re.compile(r"[a-z0-9][a-z0-9._-]*", re.ASCII)
LONGEST_NAME: Final = 100
# In requests they leave the choice to us.
RESERVED: Final = "auto"
type Clean = Callable[[Iterable[str]], list[str]]


def clean_name(text: str) -> str:
    """A name such as `uc/support-triage`; raises ValueError."""
    name = text.strip()
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise ValueError(
            "Write a name such as uc/support-triage: small letters, digits and . _ - "
            f"between slashes, {LONGEST_NAME} characters at most."
        )
    if name.partition("/")[0] == RESERVED:
        raise ValueError("Names that begin with auto leave the choice to the router.")
    return name


def _cleaned(
    pattern: re.Pattern[str], what: str, *, fold: Callable[[str], str] = str.lower
) -> Clean:
    def clean(texts: Iterable[str]) -> list[str]:
        entries = list(dict.fromkeys(fold(text.strip()) for text in texts))
        for text in entries:
            if not pattern.fullmatch(text) or len(text) > LONGEST_NAME:
                raise ValueError(f"{text!r} is no {what}.")
        if len(entries) > MOST_ENTRIES:
            raise ValueError(f"Give {MOST_ENTRIES} entries at most.")
        return entries

    return clean


clean_providers: Final = _cleaned(_SLUG, "name of a provider")
clean_regions: Final = _cleaned(_REGION, "code of a country such as DE", fold=str.upper)
clean_quantizations: Final = _cleaned(_WORD, "quantization such as fp8")


def clean_fallbacks(texts: Iterable[str]) -> list[str]:
    """Ids of models in their order; raises ValueError."""
    entries = clean_models(texts)
    if any("*" in text or "?" in text for text in entries):
        raise ValueError("Name each fallback by its whole id, without a pattern.")
    if len(entries) > MOST_FALLBACKS:
        raise ValueError(f"Name {MOST_FALLBACKS} fallbacks at most.")
    return entries


LISTS: Final[dict[str, Clean]] = {
    "models": clean_models,
    "barred_models": clean_models,
    "fallbacks": clean_fallbacks,
    "providers": clean_providers,
    "ignored": clean_providers,
    "order": clean_providers,
    "regions": clean_regions,
    "quantizations": clean_quantizations,
}


def rules_of(fields: Mapping[str, Any]) -> Rules:
    """The rules that these fields mean; raises ValidationError naming a field."""
    values = {name: value for name, value in fields.items() if value is not None}
    cost = values.pop("max_cost", None)
    if cost is not None:
        values["max_cost_nano"] = to_nano(cost)
    # Converted, so that a whole number in place of a fraction is that fraction.
    rules = msgspec.convert(values, Rules)
    _refuse_contradictions(rules)
    return rules


def pointed_at(model: str, rules: Rules, *, stand_in: str = "") -> Rules:
    """The same rules with this model to use; `stand_in` answers when it cannot.

    A fallback that is the model itself goes: nobody stands in for oneself.
    """
    fallbacks = tuple(name for name in rules.fallbacks if name != model)
    is_wanted = stand_in and stand_in != model and rules.allow_fallbacks
    if is_wanted and stand_in not in fallbacks:
        fallbacks = (stand_in, *fallbacks)[:MOST_FALLBACKS]
    return msgspec.structs.replace(rules, forced=model, fallbacks=fallbacks)


def fields_of(rules: Rules) -> dict[str, Any]:
    """Every field with its value, as pages and the API show it."""
    shown = msgspec.structs.asdict(rules)
    cost = shown.pop("max_cost_nano")
    shown["max_cost"] = None if cost is None else from_nano(cost)
    if rules.weights is not None:
        shown["weights"] = msgspec.structs.asdict(rules.weights)
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in shown.items()
    }


def stored(rules: Rules) -> dict[str, Any]:
    """What the table keeps: without the defaults, in JSON's types."""
    # By value: msgspec's own omission compares by identity.
    given = {
        name: value
        for name, value in msgspec.structs.asdict(rules).items()
        if value != getattr(NO_RULES, name)
    }
    return cast("dict[str, Any]", msgspec.to_builtins(given))


def said(rules: Rules) -> dict[str, Any]:
    """Only what the rules say, for the audit log and short summaries."""
    names = stored(rules).keys()
    shown = fields_of(rules)
    found = {name: shown[name] for name in shown if name in names}
    if shown["max_cost"] is not None:
        found["max_cost"] = str(shown["max_cost"])
    return found


def _refuse_contradictions(rules: Rules) -> None:
    for name, is_wrong, message in (
        (
            "forced",
            rules.forced and rules.models and not may_use(rules.models, rules.forced),
            "The model to use is not among the allowed models.",
        ),
        (
            "forced",
            rules.forced and may_use(rules.barred_models, rules.forced),
            "The model to use is barred by these rules.",
        ),
        (
            "order",
            set(rules.order) & set(rules.ignored),
            "A provider cannot be preferred and barred at once.",
        ),
        (
            "providers",
            rules.providers and not set(rules.providers) - set(rules.ignored),
            "All of these providers are barred.",
        ),
        (
            "semantic_from",
            rules.semantic_from and not rules.cache_ttl_s,
            "Say how long an answer may be given again.",
        ),
        (
            "weights",
            rules.weights is not None and not _weighs(rules.weights),
            "One weight at least must be above 0.",
        ),
        ("redacts", set(rules.redacts) - set(KINDS), "There is no such kind."),
    ):
        if is_wrong:
            raise ValidationError(message, param=name)


def _weighs(weights: Weights) -> bool:
    return weights.cost + weights.latency + weights.task_match > 0
