"""Which price is in force, and what a call costs by it: the reference arithmetic."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Final, Protocol, Self

from apps.kit.money.units import EXACT, MILLION

STANDARD: Final = "standard"


class UsageLike(Protocol):
    """Token counts in disjoint buckets, and units.

    `reasoning`, `audio_output` and `image_output` are disjoint parts of `output`.
    """

    @property
    def fresh(self) -> int: ...
    @property
    def cache_read(self) -> int: ...
    @property
    def cache_write_5m(self) -> int: ...
    @property
    def cache_write_1h(self) -> int: ...
    @property
    def output(self) -> int: ...
    @property
    def reasoning(self) -> int: ...
    @property
    def audio_input(self) -> int: ...
    @property
    def audio_cache_read(self) -> int: ...
    @property
    def image(self) -> int: ...
    @property
    def audio_output(self) -> int: ...
    @property
    def image_output(self) -> int: ...
    @property
    def searches(self) -> int: ...
    @property
    def pictures(self) -> int: ...
    @property
    def prompt(self) -> int: ...


class PriceLike(Protocol):
    """A stored price; the catalog's `Price` is one."""

    @property
    def component(self) -> str: ...
    @property
    def usd(self) -> Decimal: ...
    @property
    def service_tier(self) -> str: ...
    @property
    def above_prompt_tokens(self) -> int: ...
    @property
    def utc_from(self) -> time | None: ...
    @property
    def utc_until(self) -> time | None: ...
    @property
    def utc_weekdays(self) -> str: ...
    @property
    def is_discount(self) -> bool: ...
    @property
    def valid_from(self) -> datetime: ...
    @property
    def valid_until(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class PriceRow:
    """What one component costs under which condition, from a moment on."""

    component: str
    usd: Decimal
    service_tier: str = STANDARD
    above_prompt_tokens: int = 0  # applies to prompts strictly larger
    utc_from: time | None = None
    utc_until: time | None = None  # at or before `utc_from`: the window wraps midnight
    utc_weekdays: str = ""  # "01234" is Monday to Friday; empty is every day
    is_discount: bool = False
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    @classmethod
    def of(cls, price: PriceLike) -> Self:
        """The same price without its table."""
        return cls(
            component=price.component,
            usd=price.usd,
            service_tier=price.service_tier,
            above_prompt_tokens=price.above_prompt_tokens,
            utc_from=price.utc_from,
            utc_until=price.utc_until,
            utc_weekdays=price.utc_weekdays,
            is_discount=price.is_discount,
            valid_from=price.valid_from,
            valid_until=price.valid_until,
        )

    @property
    def is_windowed(self) -> bool:
        return self.utc_from is not None or bool(self.utc_weekdays)

    def applies(self, at: datetime, prompt_tokens: int) -> bool:
        """Whether the row's dates, hours and size hold for this prompt now."""
        if self.above_prompt_tokens and prompt_tokens <= self.above_prompt_tokens:
            return False
        if self.valid_from and at < self.valid_from:
            return False
        if self.valid_until and at >= self.valid_until:
            return False
        return not self.is_windowed or self._is_inside(at.astimezone(UTC))

    def _is_inside(self, at: datetime) -> bool:
        start = self.utc_from or time.min
        end = self.utc_until or time.min
        day, now = at.weekday(), at.time()
        if start < end:
            is_open = start <= now < end
        else:
            # After midnight the window still belongs to the day it began on.
            is_open = now >= start or now < end
            day = day if now >= start else (day - 1) % 7
        return is_open and (not self.utc_weekdays or str(day) in self.utc_weekdays)

    def rank(self) -> tuple[int, bool, bool, float]:
        """Of the rows that apply, the largest rank is charged: size, then hours."""
        since = self.valid_from.timestamp() if self.valid_from else 0.0
        return self.above_prompt_tokens, self.is_windowed, self.is_discount, since


@dataclass(frozen=True, slots=True)
class PriceCard:
    """The prices in force for one prompt size at one moment; None is unknown."""

    input: Decimal | None = None
    cache_read: Decimal | None = None
    cache_write_5m: Decimal | None = None
    cache_write_1h: Decimal | None = None
    output: Decimal | None = None
    reasoning: Decimal | None = None
    request: Decimal | None = None
    audio_input: Decimal | None = None
    audio_cache_read: Decimal | None = None
    image: Decimal | None = None
    audio_output: Decimal | None = None
    image_output: Decimal | None = None
    search: Decimal | None = None
    picture: Decimal | None = None

    def with_fallbacks(self) -> Self:
        """Price what has no price of its own by the rules at the top of the module."""
        write_5m = _first(self.cache_write_5m, self.input)
        cache_read = _first(self.cache_read, self.input)
        return type(self)(
            input=self.input,
            cache_read=cache_read,
            cache_write_5m=write_5m,
            cache_write_1h=_first(self.cache_write_1h, write_5m),
            output=self.output,
            reasoning=_first(self.reasoning, self.output),
            request=_first(self.request, Decimal(0)),
            audio_input=_first(self.audio_input, self.input),
            audio_cache_read=_first(self.audio_cache_read, cache_read),
            image=_first(self.image, self.input),
            audio_output=_first(self.audio_output, self.output),
            image_output=_first(self.image_output, self.output),
            search=self.search,
            picture=self.picture,
        )


COMPONENTS: Final = tuple(field.name for field in fields(PriceCard))


def _first(own: Decimal | None, other: Decimal | None) -> Decimal | None:
    return other if own is None else own


def price_card(
    rows: Iterable[PriceRow],
    at: datetime,
    *,
    prompt_tokens: int = 0,
    service_tier: str = STANDARD,
    with_discounts: bool = False,
) -> PriceCard:
    """Choose the price of each component; a tier never borrows another tier's."""
    best: dict[str, PriceRow] = {}
    for row in rows:
        is_wanted = row.service_tier == service_tier and row.component in COMPONENTS
        if not is_wanted or (row.is_discount and not with_discounts):
            continue
        rival = best.get(row.component)
        if row.applies(at, prompt_tokens) and (not rival or row.rank() > rival.rank()):
            best[row.component] = row
    return PriceCard(**{name: row.usd for name, row in best.items()}).with_fallbacks()


def cost(
    usage: UsageLike,
    prices: Iterable[PriceRow],
    at: datetime,
    *,
    service_tier: str = STANDARD,
    with_discounts: bool = False,
) -> Decimal | None:
    """Price one call exactly; None when a component it used has no known price."""
    card = price_card(
        prices,
        at,
        prompt_tokens=usage.prompt,
        service_tier=service_tier,
        with_discounts=with_discounts,
    )
    return cost_on(card, usage)


def cost_on(card: PriceCard, usage: UsageLike) -> Decimal | None:
    """Price one call by the prices in force for its prompt."""
    by_tokens = _sum(_token_charges(usage, card))
    by_units = _sum(_unit_charges(usage, card))
    if by_tokens is None or by_units is None:
        return None
    return EXACT.add(EXACT.divide(by_tokens, Decimal(MILLION)), by_units)


type Charges = Iterator[tuple[int, Decimal | None]]


def _sum(charges: Charges) -> Decimal | None:
    total = Decimal(0)
    for count, usd in charges:
        if count and usd is None:
            return None
        total = EXACT.add(total, EXACT.multiply(Decimal(count), usd or Decimal(0)))
    return total


def _token_charges(usage: UsageLike, card: PriceCard) -> Charges:
    yield usage.fresh, card.input
    yield usage.cache_read, card.cache_read
    yield usage.cache_write_5m, card.cache_write_5m
    yield usage.cache_write_1h, card.cache_write_1h
    yield usage.audio_input, card.audio_input
    yield usage.audio_cache_read, card.audio_cache_read
    yield usage.image, card.image
    # A provider that reports parts larger than the output is charged for the parts.
    parts = usage.reasoning + usage.audio_output + usage.image_output
    yield max(usage.output - parts, 0), card.output
    yield usage.reasoning, card.reasoning
    yield usage.audio_output, card.audio_output
    yield usage.image_output, card.image_output


def _unit_charges(usage: UsageLike, card: PriceCard) -> Charges:
    yield 1, card.request
    yield usage.searches, card.search
    yield usage.pictures, card.picture


@dataclass(frozen=True, slots=True)
class Saving:
    """What was saved against a baseline; negative when it was a loss."""

    usd: Decimal
    share: Decimal | None  # of the baseline; None when that was free


def saving(baseline: Decimal | None, actual: Decimal | None) -> Saving | None:
    """Compare two costs; None while either is unknown."""
    if baseline is None or actual is None:
        return None
    usd = baseline - actual
    return Saving(usd, usd / baseline if baseline else None)


def monthly(
    calls: int, each: UsageLike, prices: Iterable[PriceRow], at: datetime
) -> Decimal | None:
    """what so many calls of one size cost; size tiers look at one call, not the sum."""
    one = cost(each, prices, at)
    return None if one is None else one * calls
