"""OpenRouter's dialect: how a request says which models and providers it wants.

https://openrouter.ai/docs/features/provider-routing. What is understood becomes
rules of the engine. A field that is not known in `provider` is refused by name: it
may limit money or data, and a typo there must not go unseen. What is known and not
offered here is refused by name as well, unless leaving it out changes no answer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct, structs

from apps.kit.errors import NotFoundError, ValidationError
from apps.router.engine.rules import NO_RULES, Rules, Sort

MOST_NAMES: Final = 32
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Names = Annotated[list[Name], Meta(max_length=MOST_NAMES)]
Figure = Annotated[float, Meta(ge=0, le=1_000_000_000)]
# Prices are sent as numbers by some clients, and as decimal strings by others.
Dollars = Figure | Annotated[str, Meta(pattern=r"^[0-9]{1,9}(\.[0-9]{1,18})?$")]

# What follows a model's name, and the rules it stands for.
SUFFIXES: Final[Mapping[str, Rules]] = {
    "nitro": Rules(sort="throughput"),
    "floor": Rules(sort="price"),
    "free": Rules(max_prompt_price=0.0, max_output_price=0.0),
}
REFUSED_SUFFIXES: Final = frozenset(("online", "exacto", "extended"))
# Their own router does what ours does.
AUTO: Final = "openrouter/auto"
# The fields that only this dialect has; none of them goes to a provider.
FIELDS: Final = frozenset(
    ("models", "provider", "route", "transforms", "plugins", "usage")
)


class _Percentiles(Struct, forbid_unknown_fields=True):
    p50: Figure | None = None
    p75: Figure | None = None
    p90: Figure | None = None
    p99: Figure | None = None


class _Price(Struct, forbid_unknown_fields=True):
    """US dollars: of a million tokens, and of single units, which are not offered."""

    prompt: Dollars | None = None
    completion: Dollars | None = None
    request: Dollars | None = None
    image: Dollars | None = None
    audio: Dollars | None = None


class _SortBy(Struct, forbid_unknown_fields=True):
    by: str
    partition: Literal["model", "none"] | None = None


class Preferences(Struct, forbid_unknown_fields=True):
    """The `provider` object."""

    order: Names | None = None
    only: Names | None = None
    ignore: Names | None = None
    allow_fallbacks: bool | None = None
    require_parameters: bool | None = None
    data_collection: Literal["allow", "deny"] | None = None
    zdr: bool | None = None
    enforce_distillable_text: bool | None = None
    quantizations: Names | None = None
    sort: str | _SortBy | None = None
    max_price: _Price | None = None
    preferred_max_latency: Figure | _Percentiles | None = None
    preferred_min_throughput: Figure | _Percentiles | None = None


class _Usage(Struct):
    include: bool | None = None


class _Plugin(Struct):
    id: str


class _Body(Struct):
    """What a request may say in this dialect; its other fields are not looked at."""

    model: str | None = None
    models: Names | None = None
    provider: Preferences | None = None
    route: str | None = None
    transforms: Names | None = None
    plugins: list[_Plugin] | None = None
    usage: _Usage | None = None


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a request says in OpenRouter's dialect."""

    # The models it names, as they are written; empty: nothing beside `model`.
    models: tuple[str, ...] = ()
    # To be chosen among, rather than gone down.
    is_one_pool: bool = False
    rules: Rules = NO_RULES
    wants_usage: bool = False
    # What was left out, to be reported: it would not have changed an answer.
    dropped: tuple[str, ...] = ()


NO_WISHES: Final = Wishes()


def read(body: Mapping[str, Any]) -> Wishes:
    """The wishes of a body; raises ValidationError naming the field."""
    if FIELDS.isdisjoint(body):
        return NO_WISHES
    asked = _parsed(body)
    _refuse_what_is_not_offered(asked)
    models = tuple(dict.fromkeys((asked.model, *(asked.models or ()))))
    return Wishes(
        models=tuple(filter(None, models)) if asked.models else (),
        is_one_pool=_is_one_pool(asked.provider),
        rules=_rules_of(asked.provider) if asked.provider else NO_RULES,
        wants_usage=bool(asked.usage and asked.usage.include),
        dropped=("dropped:transforms",) if asked.transforms else (),
    )


def _parsed(body: Mapping[str, Any]) -> _Body:
    said = {name: body[name] for name in (*FIELDS, "model") if name in body}
    try:
        return msgspec.convert(said, _Body)
    except msgspec.ValidationError as problem:
        message, _, place = str(problem).partition(" - at `$")
        raise _not_valid(message, place.rstrip("`").lstrip(".")) from problem


def _not_valid(message: str, place: str) -> ValidationError:
    _, is_unknown, name = message.partition("unknown field `")
    if is_unknown:
        place = ".".join(filter(None, (place, name.rstrip("`"))))
        return ValidationError(f"There is no field {place}.", param=place)
    return ValidationError(f"{message}.", param=place or None)


def _refuse_what_is_not_offered(asked: _Body) -> None:
    if asked.route not in (None, "fallback"):
        raise _refused("route", f"route {asked.route!r}")
    if asked.plugins:
        ids = ", ".join(sorted({plugin.id for plugin in asked.plugins}))
        raise _refused("plugins", f"the plugins {ids}")
    given = asked.provider
    if given is None:
        return
    if given.enforce_distillable_text:
        raise _refused("provider.enforce_distillable_text", "it")
    for name in ("request", "image", "audio"):
        if given.max_price and getattr(given.max_price, name) is not None:
            raise _refused(f"provider.max_price.{name}", "a price of units")


def _refused(param: str, what: str) -> ValidationError:
    return ValidationError(f"{param}: {what} is not offered here.", param=param)


def _rules_of(given: Preferences) -> Rules:
    price = given.max_price or _Price()
    latency_s = _figure(given.preferred_max_latency)
    return Rules(
        order=tuple(given.order or ()),
        providers=tuple(given.only or ()),
        ignored=tuple(given.ignore or ()),
        allow_fallbacks=given.allow_fallbacks is not False,
        require_parameters=bool(given.require_parameters),
        no_training=given.data_collection == "deny",
        zero_retention=bool(given.zdr),
        quantizations=_quantizations(given.quantizations or ()),
        sort=_sort(given.sort),
        max_prompt_price=_dollars(price.prompt),
        max_output_price=_dollars(price.completion),
        max_latency_ms=None if latency_s is None else round(latency_s * 1000),
        min_tokens_per_s=_figure(given.preferred_min_throughput),
    )


def _sort(wanted: str | _SortBy | None) -> Sort:
    name = wanted.by if isinstance(wanted, _SortBy) else wanted
    match name:
        case None:
            return ""
        case "price" | "throughput" | "latency":
            return name
        case _:
            raise _refused("provider.sort", f"sorting by {name!r}")


def _quantizations(names: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """In lower case; `unknown` is written as the absence of one."""
    return tuple("" if name == "unknown" else name.lower() for name in names)


def _dollars(value: float | str | None) -> float | None:
    return None if value is None else float(value)


def _figure(value: float | _Percentiles | None) -> float | None:
    """A plain number, or the percentile nearest to the middle: we measure means."""
    if not isinstance(value, _Percentiles):
        return value
    given = (value.p50, value.p75, value.p90, value.p99)
    return next((figure for figure in given if figure is not None), None)


def _is_one_pool(given: Preferences | None) -> bool:
    sort = given.sort if given else None
    return isinstance(sort, _SortBy) and sort.partition == "none"


@dataclass(frozen=True, slots=True)
class Named:
    """The model that a request asks for, and the rules that come with its name."""

    model: str
    rules: Rules = NO_RULES


def named_by(model: str, wishes: Wishes, slug_of: Callable[[str], str | None]) -> Named:
    """What `model` and the list of models ask for.

    `slug_of` knows the models; a name that it knows has no suffix, whatever it looks
    like. Raises NotFoundError for a name in the list that nobody knows.
    """
    if not wishes.models:
        return _without_suffix(model, slug_of)
    found = [_without_suffix(name, slug_of) for name in wishes.models]
    rules = NO_RULES
    for each in found:
        # One set of rules serves the whole list, so any name's suffix holds for all.
        rules = rules.narrowed_by(each.rules)
    first, *others = (each.model for each in found)
    if not others:
        return Named(first, rules)
    is_auto = _is_auto(first)
    slugs = tuple(_slug(n, slug_of) for n in (first, *others) if not _is_auto(n))
    if is_auto or wishes.is_one_pool:
        pool = Rules(models=slugs)
        return Named(first if is_auto else "auto", rules.narrowed_by(pool))
    return Named(first, structs.replace(rules, fallbacks=slugs[1:]))


def _is_auto(name: str) -> bool:
    return name.partition(":")[0] == "auto"


def _slug(name: str, slug_of: Callable[[str], str | None]) -> str:
    slug = slug_of(name)
    if slug is None:
        raise NotFoundError(f"There is no model named {name!r}.", param="models")
    return slug


def _without_suffix(name: str, slug_of: Callable[[str], str | None]) -> Named:
    if name == AUTO:
        return Named("auto")
    bare, colon, suffix = name.rpartition(":")
    if not colon or slug_of(name) is not None:
        return Named(name)
    if suffix in REFUSED_SUFFIXES:
        raise _refused("model", f"the suffix :{suffix}")
    if suffix in SUFFIXES:
        return Named(bare, SUFFIXES[suffix])
    return Named(name)
