"""Hard filters: which offers may serve a request, and why the others may not."""

from collections.abc import Callable, Iterable

from apps.router.engine.need import Candidate, Excluded, Need, may_use
from apps.router.engine.rules import allowed_sets

# Each rule names what is wrong with a candidate, or returns "" when nothing is.
Rule = Callable[[Candidate, Need], str]


def _callable(offer: Candidate, need: Need) -> str:
    return offer.unavailable


def _named(offer: Candidate, need: Need) -> str:
    if need.models and offer.model not in need.models and not need.is_test:
        return "not in the request's list of models"
    return ""


def _test_key(offer: Candidate, need: Need) -> str:
    if need.is_test and not offer.is_stand_in:
        return "a test key never reaches a provider"
    return ""


def _keys_models(offer: Candidate, need: Need) -> str:
    # A test key's stand-in answers in place of the models that it may use.
    if not need.allowed_models or need.is_test:
        return ""
    is_allowed = may_use(need.allowed_models, offer.model)
    return "" if is_allowed else "not among the models that this key may use"


def _editors(offer: Candidate, need: Need) -> str:
    return f"excluded by an editor: {offer.exclusion}" if offer.exclusion else ""


def _context(offer: Candidate, need: Need) -> str:
    # The expected output is a guess, and a guess must not rule anything out.
    needed = need.input_tokens
    if offer.context_tokens is not None and offer.context_tokens < needed:
        return f"context of {offer.context_tokens:,} tokens, about {needed:,} needed"
    return ""


def _missing(has: bool | None, what: str) -> str:
    if has:
        return ""
    return f"no {what}" if has is False else f"{what} not assessed"


def _vision(offer: Candidate, need: Need) -> str:
    return _missing(offer.has_vision, "vision") if need.needs_vision else ""


def _tools(offer: Candidate, need: Need) -> str:
    return _missing(offer.has_tools, "tool calls") if need.needs_tools else ""


def _json_schema(offer: Candidate, need: Need) -> str:
    if not need.needs_json_schema:
        return ""
    return _missing(offer.has_json_schema, "JSON schema")


def _budget(offer: Candidate, need: Need) -> str:
    if need.is_budgeted and not offer.price:
        return "price not known, and a budget is set"
    return ""


def _price(offer: Candidate, need: Need) -> str:
    return "" if offer.price else "price not known"


def _rules_models(offer: Candidate, need: Need) -> str:
    rules = need.rules
    if need.is_test:  # its stand-in answers in place of what the rules allow
        return ""
    if may_use(rules.barred_models, offer.model):
        return "barred by the rules of this request"
    if all(may_use(some, offer.model) for some in allowed_sets(rules.models)):
        return ""
    return "not among the models that the rules allow"


def _rules_providers(offer: Candidate, need: Need) -> str:
    rules = need.rules
    if need.is_test:
        return ""
    if offer.provider in rules.ignored:
        return f"{offer.provider} is barred by the rules"
    if rules.providers and offer.provider not in rules.providers:
        return f"{offer.provider} is not among the providers that the rules allow"
    if not rules.allow_fallbacks and rules.order and offer.provider not in rules.order:
        return f"{offer.provider} is not in `order`, and fallbacks are off"
    return ""


def _data_policy(offer: Candidate, need: Need) -> str:
    rules = need.rules
    if offer.is_stand_in:  # it runs on this machine
        return ""
    if rules.no_training and offer.trains_on_prompts is not False:
        return _not_kept(offer.trains_on_prompts, "trains on prompts")
    if rules.zero_retention and offer.retains_prompts is not False:
        return _not_kept(offer.retains_prompts, "retains prompts")
    if rules.regions and not offer.regions:
        return "region not assessed, and the rules name some"
    if rules.regions and not set(offer.regions) <= set(rules.regions):
        return f"runs in {', '.join(offer.regions)}, outside the regions allowed"
    return ""


def _not_kept(is_so: bool | None, what: str) -> str:
    return what if is_so else f"not assessed whether it {what}"


def _quantization(offer: Candidate, need: Need) -> str:
    allowed = need.rules.quantizations
    if not allowed or offer.is_stand_in or offer.quantization in allowed:
        return ""
    return f"quantization {offer.quantization or 'not assessed'}"


def _parameters(offer: Candidate, need: Need) -> str:
    if not need.parameters or offer.is_stand_in:
        return ""
    if offer.parameters is None:
        return "its parameters are not assessed, and all are required"
    missing = [name for name in need.parameters if name not in offer.parameters]
    return f"does not take {', '.join(missing)}" if missing else ""


def _prices_at_most(offer: Candidate, need: Need) -> str:
    rules, price = need.rules, offer.price
    if price is None:
        return ""
    for name, limit, nano in (
        ("prompt", rules.max_prompt_price, price.input_nano),
        ("output", rules.max_output_price, price.output_nano),
    ):
        if limit is not None and nano / 1e9 > limit:
            return f"{name} price ${nano / 1e9:g} / M, above ${limit:g}"
    return ""


def _prompt_size(offer: Candidate, need: Need) -> str:
    limit = need.rules.max_prompt_tokens
    if limit is None or need.input_tokens <= limit:
        return ""
    return f"about {need.input_tokens:,} prompt tokens, {limit:,} allowed"


def _quality(offer: Candidate, need: Need) -> str:
    if need.quality_floor is None:
        return ""
    task = need.quality_task
    score = offer.quality_at(task, need.domain)
    if score is None:
        return f"quality at {task} not assessed, a floor is set"
    if score < need.quality_floor:
        what = need.domain if need.domain in offer.domain_scores else task
        return f"quality {score:.2f} at {what} is below {need.quality_floor:.2f}"
    return ""


def _max_cost(offer: Candidate, need: Need) -> str:
    if need.max_cost_nano is None:
        return ""
    if offer.price is None:
        return "price not known, max_cost is set"
    cost = estimated_cost_nano(offer, need)
    if cost is not None and cost > need.max_cost_nano:
        return f"about ${cost / 1e9:.6f}, above max_cost"
    return ""


RULES: tuple[tuple[str, Rule], ...] = (
    ("unavailable", _callable),
    ("test_key", _test_key),
    ("key_models", _keys_models),
    ("not_allowed", _named),
    ("rules_models", _rules_models),
    ("rules_providers", _rules_providers),
    ("data_policy", _data_policy),
    ("quantization", _quantization),
    ("parameters", _parameters),
    ("prompt_size", _prompt_size),
    ("excluded", _editors),
    ("context", _context),
    ("vision", _vision),
    ("tools", _tools),
    ("json_schema", _json_schema),
    ("budget", _budget),
    ("price", _price),
    ("price_limit", _prices_at_most),
    ("quality_floor", _quality),
    ("max_cost", _max_cost),
)
# A caller who names a model has chosen it: only what makes the call impossible,
# or breaks the caller's own limit, still stands against it.
_ALWAYS = {
    *("unavailable", "test_key", "key_models", "budget", "max_cost"),
    *("rules_models", "rules_providers", "data_policy", "quantization"),
    *("parameters", "price_limit", "prompt_size"),
}
NAMED_RULES = tuple(rule for rule in RULES if rule[0] in _ALWAYS)


def estimated_cost_nano(offer: Candidate, need: Need) -> int | None:
    """Nano-dollars for the expected tokens, what is cached there counted as such;
    None without a price.
    """
    if offer.price is None:
        return None
    cached = cached_tokens(offer, need)
    fresh = need.input_tokens - cached
    return offer.price.cost_nano(fresh, cached, 0, 0, expected_output(offer, need), 0)


def cached_tokens(offer: Candidate, need: Need) -> int:
    """How much of the prompt this offer is likely to have in its cache."""
    stay = need.stay
    if stay is None or (stay.model, stay.provider) != (offer.model, offer.provider):
        return 0
    return min(stay.cached_tokens, need.input_tokens)


def expected_output(offer: Candidate, need: Need) -> int:
    """The tokens of this model's answer: its own usual ones where they are known."""
    usual = offer.answer_tokens.get(need.task, need.output_tokens)
    return min(usual, need.output_limit) if need.output_limit else usual


def split(
    pool: Iterable[Candidate], need: Need
) -> tuple[list[Candidate], list[Excluded]]:
    """The candidates that may serve the need, and the others with their reason."""
    pool = list(pool)
    rules = NAMED_RULES if need.model else RULES
    is_real_there = any(not (o.is_stand_in or o.unavailable) for o in pool)
    fit: list[Candidate] = []
    excluded: list[Excluded] = []
    for offer in pool:
        if is_real_there and _is_unwanted_stand_in(offer, need):
            excluded.append(Excluded(offer, STAND_IN, "stand_in"))
        elif fault := _first_fault(offer, need, rules):
            excluded.append(fault)
        else:
            fit.append(offer)
    return fit, excluded


STAND_IN = "a stand-in: for test keys, by name, or until a provider is configured"


def _is_unwanted_stand_in(offer: Candidate, need: Need) -> bool:
    """The embedded model keeps out of live traffic that nobody meant for it."""
    if not offer.is_stand_in or need.is_test or need.model:
        return False
    return offer.model not in need.models


def _first_fault(
    offer: Candidate, need: Need, rules: Iterable[tuple[str, Rule]]
) -> Excluded | None:
    for code, rule in rules:
        if reason := rule(offer, need):
            return Excluded(offer, reason, code)
    return None
