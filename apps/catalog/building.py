"""Make the seed's rows from what the sources list."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from apps.catalog.folding import match_key
from apps.catalog.seed_format import SeedModel, SeedOffer, SeedPrice
from apps.catalog.sources.listing import Listing
from apps.catalog.sources.modelsdev import Facts

# Whose own API serves an author's models: it has the last word on them.
HOMES: Final = {
    "ai21": "ai21",
    "amazon": "bedrock",
    "anthropic": "anthropic",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "google": "google",
    "inception": "inception",
    "meta": "meta",
    "minimax": "minimax",
    "mistralai": "mistral",
    "moonshotai": "moonshot",
    "openai": "openai",
    "perplexity": "perplexity",
    "qwen": "alibaba",
    "voyageai": "voyage",
    "x-ai": "xai",
    "xiaomi": "xiaomi",
    "z-ai": "zai",
}
type Group = Sequence[Listing]


def fold(listings: Iterable[Listing]) -> dict[str, list[Listing]]:
    """Group what is one model, its maker's own listing first."""
    groups: dict[str, list[Listing]] = defaultdict(list)
    for listing in listings:
        groups[match_key(listing.name.slug)].append(listing)
    return {key: sorted(groups[key], key=_precedence) for key in sorted(groups)}


def _precedence(listing: Listing) -> tuple[bool, bool, int, str]:
    is_home = listing.provider == HOMES.get(listing.name.author)
    # Most makers write versions with dots, so among others' spellings dots win.
    dots = listing.name.slug.count(".")
    place = f"{listing.provider} {listing.region} {listing.upstream_id}"
    return not is_home, bool(listing.region), -dots, place


def build_models(
    groups: Mapping[str, Group], facts: Mapping[str, Facts], *, on: date
) -> Iterator[SeedModel]:
    for key, group in groups.items():
        yield _model(group, facts.get(key), on=on)


def _model(group: Group, known: Facts | None, *, on: date) -> SeedModel:
    first = group[0]
    is_home = first.provider == HOMES.get(first.name.author)
    return SeedModel(
        slug=first.name.slug,
        name=known.name if known else _shown_name(group),
        author=first.name.author,
        kind=first.kind
        if is_home
        else Counter(x.kind for x in group).most_common(1)[0][0],
        context_tokens=_limit(group, lambda listing: listing.context_tokens),
        max_output_tokens=_limit(group, lambda listing: listing.max_output_tokens),
        has_vision=_fact(group, known, "has_vision"),
        has_tools=_fact(group, known, "has_tools"),
        has_json_schema=_fact(group, known, "has_json_schema"),
        has_reasoning=_fact(group, known, "has_reasoning"),
        is_open_weights=known.is_open_weights if known else None,
        released_on=known.released_on if known else None,
        sunset_on=first.sunset_on if is_home else None,
        source=f"{first.source}, models.dev" if known else first.source,
        sourced_on=on,
    )


def _shown_name(group: Group) -> str:
    """The best written name: capitals say more than a lower-case id."""
    names = [x.upstream_id.rpartition("/")[2] for x in group]
    plain = [name for name in names if name.lower() == group[0].name.name]
    return max(plain, key=lambda name: sum(map(str.isupper, name)), default="") or (
        group[0].name.name
    )


def _limit(group: Group, read: Callable[[Listing], int | None]) -> int | None:
    """The maker's own figure, else the most that anyone serves."""
    first = group[0]
    if first.provider == HOMES.get(first.name.author) and read(first):
        return read(first)
    return max((value for x in group if (value := read(x))), default=None)


def _fact(group: Group, known: Facts | None, name: str) -> bool | None:
    """The first source that says: the maker's listing, models.dev, other listings."""
    said = [getattr(x, name) for x in group]
    order = [said[0], getattr(known, name, None), *said[1:]]
    return next((value for value in order if value is not None), None)


def build_offers(groups: Mapping[str, Group], *, on: date) -> Iterator[SeedOffer]:
    """One offer for each place where a model is served; repeats are dropped."""
    for group in groups.values():
        seen = set()
        for listing in group:
            place = (listing.provider, listing.region, listing.name.variant)
            if place not in seen:
                seen.add(place)
                yield _offer(group[0].name.slug, listing, on=on)


def _offer(slug: str, listing: Listing, *, on: date) -> SeedOffer:
    return SeedOffer(
        model=slug,
        provider=listing.provider,
        upstream_id=listing.upstream_id,
        region=listing.region,
        variant=listing.name.variant,
        context_tokens=listing.context_tokens,
        max_output_tokens=listing.max_output_tokens,
        is_available=listing.is_chat or listing.kind != "chat",
        sunset_on=listing.sunset_on,
        prices=_unique(listing.prices),
        parameters=listing.parameters,
        is_headline=listing.provider == "openrouter",
        source=listing.source,
        sourced_on=on,
    )


def _unique(prices: Iterable[SeedPrice]) -> tuple[SeedPrice, ...]:
    """One price for a component and condition: the first that is stated."""
    rows: dict[object, SeedPrice] = {}
    for price in prices:
        key = (
            price.component,
            price.service_tier,
            price.above_prompt_tokens,
            str(price.utc_from),
            price.utc_weekdays,
        )
        rows.setdefault(key, price)
    return tuple(rows[key] for key in sorted(rows, key=str))


def stand_ins(*, on: date) -> list[tuple[SeedModel, SeedOffer]]:
    """What answers without any provider: the embedded model, and an echo."""
    smollm, echo = "huggingfacetb/smollm2-135m-instruct", "modeloptix/echo"
    return [
        (
            _free_model(smollm, "SmolLM2 135M Instruct", on=on),
            _free(smollm, "local", on),
        ),
        (_free_model(echo, "Echo", on=on), _free(echo, "echo", on)),
    ]


def _free_model(slug: str, name: str, *, on: date) -> SeedModel:
    return SeedModel(
        slug=slug,
        name=name,
        author=slug.partition("/")[0],
        context_tokens=8192,
        has_vision=False,
        has_tools=False,
        has_json_schema=False,
        has_reasoning=False,
        is_open_weights=True,
        source="runs on this machine",
        sourced_on=on,
    )


def _free(slug: str, provider: str, on: date) -> SeedOffer:
    return SeedOffer(
        model=slug,
        provider=provider,
        upstream_id=slug.partition("/")[2],
        context_tokens=8192,
        is_stand_in=True,
        prices=(SeedPrice("input", Decimal(0)), SeedPrice("output", Decimal(0))),
        source="runs on this machine",
        sourced_on=on,
    )
