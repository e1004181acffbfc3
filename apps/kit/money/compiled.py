"""The same arithmetic in whole nano-dollars, for the router's hot path."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Final

from apps.kit.money.prices import (
    STANDARD,
    PriceCard,
    PriceRow,
    UsageLike,
    cost_on,
    price_card,
)
from apps.kit.money.units import MILLION, to_nano

type Rates = tuple[int, int, int, int, int, int, int]
type MaybeRates = tuple[int | None, ...]


# What every call has, in the order of `Rates`; the rest of a card is rare.
_USUAL: Final = (
    "input",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "output",
    "reasoning",
    "request",
)


class CompiledPrice:
    """One offer's prices as whole nano-dollars per million tokens, for the hot path.

    It holds until `valid_until` (None: for ever); after that it must be compiled anew.
    """

    __slots__ = (
        "_base",
        "_cards",
        "_dearest_output",
        "_partial",
        "_tiers",
        "is_complete",
        "valid_until",
    )

    def __init__(
        self, cards: Sequence[tuple[int, PriceCard]], valid_until: datetime | None
    ) -> None:
        self.valid_until = valid_until
        self._cards = tuple(reversed(cards))
        # Descending, so that the first threshold below the prompt is the right one.
        rates = [(above, _rates(card)) for above, card in reversed(cards)]
        self.is_complete = all(None not in each for _, each in rates)
        self._partial = tuple(rates)
        known = [(above, _known(each)) for above, each in rates]
        self._base: Rates = known[-1][1]
        self._tiers: tuple[tuple[int, Rates], ...] = tuple(known[:-1])
        self._dearest_output = max(max(rate[4], rate[5]) for _, rate in known)

    def cost_nano(
        self,
        fresh: int,
        cache_read: int,
        cache_write_5m: int,
        cache_write_1h: int,
        output: int,
        reasoning: int,
    ) -> int | None:
        """Nano-dollars, rounded half to even; None where `cost` says None."""
        rates = self._base
        prompt = fresh + cache_read + cache_write_5m + cache_write_1h
        for above, larger in self._tiers:
            if prompt > above:
                rates = larger
                break
        said = output - reasoning if output > reasoning else 0
        if not self.is_complete:
            tokens = (fresh, cache_read, cache_write_5m, cache_write_1h)
            if self._lacks(prompt, (*tokens, said, reasoning)):
                return None
        input_, read, write_5m, write_1h, out, thought, request = rates
        whole, rest = divmod(
            fresh * input_
            + cache_read * read
            + cache_write_5m * write_5m
            + cache_write_1h * write_1h
            + said * out
            + reasoning * thought,
            MILLION,
        )
        if rest > 500_000 or (rest == 500_000 and whole & 1):
            whole += 1
        return whole + request

    def cost_of(self, usage: UsageLike) -> int | None:
        """The same for a usage object, with sound, pictures and searches in it."""
        if (
            usage.audio_input
            or usage.audio_cache_read
            or usage.image
            or usage.audio_output
            or usage.image_output
            or usage.searches
            or usage.pictures
        ):
            return self._exact(usage)
        return self.cost_nano(
            usage.fresh,
            usage.cache_read,
            usage.cache_write_5m,
            usage.cache_write_1h,
            usage.output,
            usage.reasoning,
        )

    @property
    def input_nano(self) -> int:
        """Nano-dollars of a million fresh tokens of a short prompt."""
        return self._base[0]

    @property
    def output_nano(self) -> int:
        """Nano-dollars of a million output tokens after a short prompt."""
        return self._base[4]

    def dearest_output_nano(self) -> int:
        """Nano-dollars of a million output tokens, written or thought, whichever
        costs more, at the prompt size where they cost the most.
        """
        return self._dearest_output

    def _exact(self, usage: UsageLike) -> int | None:
        """The rare call by the reference arithmetic; it takes some microseconds."""
        prompt = usage.prompt
        card = next(card for above, card in self._cards if prompt > above or not above)
        usd = cost_on(card, usage)
        return None if usd is None else to_nano(usd)

    def _lacks(self, prompt: int, tokens: tuple[int, ...]) -> bool:
        rates = next(
            each for above, each in self._partial if prompt > above or not above
        )
        used = zip(tokens, rates, strict=False)  # the request fee has no tokens
        return any(count and rate is None for count, rate in used)


def compile_price(
    rows: Iterable[PriceRow],
    at: datetime,
    *,
    service_tier: str = STANDARD,
    with_discounts: bool = False,
) -> CompiledPrice | None:
    """Fix what is in force at `at`, for every prompt size; None when nothing is."""
    rows = [row for row in rows if row.service_tier == service_tier]
    thresholds = sorted({0, *(row.above_prompt_tokens for row in rows)})
    cards = [
        (
            above,
            price_card(
                rows,
                at,
                prompt_tokens=above + 1,
                service_tier=service_tier,
                with_discounts=with_discounts,
            ),
        )
        for above in thresholds
    ]
    if all(card.input is None and card.output is None for _, card in cards):
        return None
    moments = (moment for row in rows for moment in _changes(row, at))
    return CompiledPrice(cards, min(moments, default=None))


def _rates(card: PriceCard) -> MaybeRates:
    prices = (getattr(card, name) for name in _USUAL)
    return tuple(None if usd is None else to_nano(usd) for usd in prices)


def _known(rates: MaybeRates) -> Rates:
    input_, read, write_5m, write_1h, out, thought, request = (r or 0 for r in rates)
    return input_, read, write_5m, write_1h, out, thought, request


def _changes(row: PriceRow, at: datetime) -> Iterator[datetime]:
    """The moments after `at` at which the row may begin or cease to apply."""
    for moment in (row.valid_from, row.valid_until):
        if moment and moment > at:
            yield moment
    if row.is_windowed:
        today = at.astimezone(UTC).date()
        for edge in {row.utc_from or time.min, row.utc_until or time.min}:
            moment = datetime.combine(today, edge, tzinfo=UTC)
            yield moment if moment > at else moment + timedelta(days=1)
