"""Whose word counts where two sources speak of one thing. Sources are never averaged.

A price list has one owner: an offer belongs to the source that lists it, and only a
better source of that offer takes it over. A field of a model goes to the first source
in its order that says anything. An operator's offers and an editor's fields are theirs.
The shipped seed comes last, unless it is younger than what a source last confirmed.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

from apps.catalog.models import Origin

_SEED, _LITELLM = Origin.SEED.value, Origin.LITELLM.value
_OPENROUTER, _MODELS_DEV = Origin.OPENROUTER.value, Origin.MODELS_DEV.value
_ENDS: Final = Origin.DEPRECATIONS.value
_THEIRS: Final = {Origin.OPERATOR.value, Origin.EDITOR.value}
# What holds for most fields: metadata of the best kept catalog first.
_USUAL: Final = (_MODELS_DEV, _OPENROUTER, _LITELLM, _SEED)
_ORDERS: Final[Mapping[str, tuple[str, ...]]] = {
    # OpenRouter's limits and abilities are those of whatever endpoint leads today, so
    # they only fill what the makers' lists leave open.
    **dict.fromkeys(
        ("context_tokens", "max_output_tokens", "has_tools", "has_json_schema"),
        (_MODELS_DEV, _LITELLM, _SEED, _OPENROUTER),
    ),
    # The seed's rules for kinds are finer (guards, translators) than any source's.
    "kind": (_SEED, _LITELLM, _MODELS_DEV, _OPENROUTER),
    "name": (_MODELS_DEV, _SEED, _OPENROUTER, _LITELLM),
    "description": (_OPENROUTER, _MODELS_DEV, _LITELLM, _SEED),
    "tokenizer": (_OPENROUTER, _MODELS_DEV, _LITELLM, _SEED),
    **dict.fromkeys(
        ("sunset_on", "deprecated_on", "successor"),
        (_LITELLM, _ENDS, _SEED, _OPENROUTER, _MODELS_DEV),
    ),
}
_OWNERS: Final = {_MODELS_DEV: 0, _SEED: 1, _LITELLM: 2, _OPENROUTER: 2}


def may_write(
    field: str, origin: str, on: date, *, held_by: str, confirmed_on: date | None
) -> bool:
    """Whether a source may replace the known value that another one wrote."""
    if origin == held_by:
        return True
    if held_by in _THEIRS:
        return False
    if _is_newer_seed(origin, on, confirmed_on):
        return True
    order = _ORDERS.get(field, _USUAL)
    return _place(order, origin) < _place(order, held_by)


def may_own(origin: str, on: date, *, held_by: str, confirmed_on: date | None) -> bool:
    """Whether a source may take over an offer with its prices."""
    if origin == held_by:
        return True
    if held_by in _THEIRS:
        return False
    if _is_newer_seed(origin, on, confirmed_on):
        return True
    return _OWNERS.get(origin, 0) > _OWNERS.get(held_by, 0)


def _is_newer_seed(origin: str, on: date, confirmed_on: date | None) -> bool:
    return origin == _SEED and confirmed_on is not None and confirmed_on < on


def _place(order: tuple[str, ...], origin: str) -> int:
    return order.index(origin) if origin in order else len(order)
