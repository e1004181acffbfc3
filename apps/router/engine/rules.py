"""What bars models from a request, and what is preferred among the others.

The organization's policy, the alias and the request itself each bring rules. What
bars is added up: nobody can loosen what stands above. What merely prefers is taken
from the one who is nearest to the request.
"""

from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec

Strategy = Literal["weighted", "learned"]
Sort = Literal["", "price", "throughput", "latency"]


class Weights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The weights of the documented formula; they need not sum to 1."""

    cost: float = 0.4
    latency: float = 0.3
    task_match: float = 0.3


class Rules(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One set of rules; a default says nothing. Unknown fields are refused: a typo in
    what limits money or data must not go unseen.
    """

    # "" leaves the choice to whoever stands above; at the top it is "weighted".
    strategy: Literal["", "weighted", "learned"] = ""
    priority: Literal["", "cheap", "balanced", "best"] = ""
    latency_pref: Literal["", "fast", "normal"] = ""
    weights: Weights | None = None
    # Ids and globs that may be used; empty allows all. Each set must allow a model.
    models: tuple[str, ...] = ()
    barred_models: tuple[str, ...] = ()
    # The one model to use (its slug), and who answers when it cannot.
    forced: str = ""
    fallbacks: tuple[str, ...] = ()
    allow_fallbacks: bool = True
    # Slugs of providers: only these; never these; these first.
    providers: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    # ISO 3166-1 codes in upper case: every data centre must be in one of them.
    regions: tuple[str, ...] = ()
    no_training: bool = False
    zero_retention: bool = False
    quantizations: tuple[str, ...] = ()
    require_parameters: bool = False
    # Quality from 0 to 1; nano-dollars a request; US dollars per million tokens.
    quality_floor: float | None = None
    max_cost_nano: int | None = None
    max_prompt_price: float | None = None
    max_output_price: float | None = None
    max_prompt_tokens: int | None = None
    # Soft: who is slower stands behind, and is not barred.
    max_latency_ms: int | None = None
    min_tokens_per_s: float | None = None
    sort: Sort = ""
    # Seconds for which an answer may be given again; 0: never.
    cache_ttl_s: int = 0
    # Cosine similarity from which another question's answer is given; 0: never.
    semantic_from: float = 0.0
    # A cheap model may be asked for the task when the classifier is unsure.
    second_look: bool = False
    # A second request goes out when the first is late; both are billed.
    hedge: bool = False
    # Nothing of prompts and answers is stored, whatever the organization stores; and
    # kinds of `privacy.redaction` that are taken out beside the organization's own.
    is_private: bool = False
    redacts: tuple[str, ...] = ()

    def narrowed_by(self, nearer: "Rules") -> "Rules":
        """These rules with those of somebody nearer to the request."""
        if nearer is NO_RULES:
            return self
        if self is NO_RULES:
            return nearer
        merged: dict[str, Any] = {}
        for name in Rules.__struct_fields__:
            merge = _MERGE.get(name, _nearer)
            merged[name] = merge(getattr(self, name), getattr(nearer, name))
        merged["models"] = _both_lists(self.models, nearer.models)
        return Rules(**merged)


def allowed_sets(models: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """The lists that a merged `models` holds; each of them must allow a model."""
    lists: list[list[str]] = [[]]
    for name in models:
        if name == AND:
            lists.append([])
        else:
            lists[-1].append(name)
    return tuple(tuple(one) for one in lists if one)


# Between two lists of allowed models, whose globs cannot be intersected as text.
AND: Final = "&"


def _both_lists(above: tuple[str, ...], nearer: tuple[str, ...]) -> tuple[str, ...]:
    if not above or not nearer or above == nearer:
        return above or nearer
    return (*above, AND, *nearer)


def _nearer(above: Any, nearer: Any) -> Any:
    return nearer or above


def _union(above: tuple[str, ...], nearer: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*above, *nearer)))


def _common(above: tuple[str, ...], nearer: tuple[str, ...]) -> tuple[str, ...]:
    """What both allow; nothing in common must not read as "all"."""
    if not above or not nearer:
        return above or nearer
    return tuple(name for name in above if name in nearer) or (NOTHING,)


# A name that no provider, region or quantization has.
NOTHING: Final = "-"


def _least(above: Any, nearer: Any) -> Any:
    known = [value for value in (above, nearer) if value is not None]
    return min(known, default=None)


def _most(above: Any, nearer: Any) -> Any:
    known = [value for value in (above, nearer) if value is not None]
    return max(known, default=None)


def _either(above: bool, nearer: bool) -> bool:  # one of a table
    return above or nearer


def _both(above: bool, nearer: bool) -> bool:  # one of a table
    return above and nearer


_MERGE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "barred_models": _union,
    "allow_fallbacks": _both,
    "providers": _common,
    "ignored": _union,
    "regions": _common,
    "no_training": _either,
    "zero_retention": _either,
    "quantizations": _common,
    "require_parameters": _either,
    "quality_floor": _most,
    "max_cost_nano": _least,
    "max_prompt_price": _least,
    "max_output_price": _least,
    "max_prompt_tokens": _least,
    "second_look": _either,
    "hedge": _either,
    "is_private": _either,
    "redacts": _union,
}

NO_RULES: Final = Rules()


def read_rules(stored: dict[str, Any]) -> Rules:
    """Rules as they are stored; raises msgspec.ValidationError naming the field."""
    return msgspec.convert(stored, Rules) if stored else NO_RULES
