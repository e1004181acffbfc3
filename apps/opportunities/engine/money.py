"""What a month costs on either model, and what would be saved, with its range.

The figure is by list prices, at the use case's own tokens and cache share. The range
is between the best and the worst of what could differ: no cache hits at the candidate
or anywhere, answers of another length where a check measured it, today's discounts.
"""

from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import Final

from apps.opportunities.engine.candidates import Candidate, Prices
from apps.opportunities.engine.need import Need
from apps.portfolio.volume import Volume

MILLION: Final = Decimal(1_000_000)
ONE: Final = Decimal(1)
# Books keep so much of a dollar.
STEP: Final = Decimal("1e-6")


@dataclass(frozen=True, slots=True)
class Savings:
    """US dollars a month; every figure None where the volume or a price is unknown."""

    current_usd: Decimal | None = None
    candidate_usd: Decimal | None = None
    usd: Decimal | None = None
    low_usd: Decimal | None = None
    high_usd: Decimal | None = None
    # Of what is spent now; known without the number of calls too.
    share: float | None = None
    is_estimate: bool = True
    # What the range covers, in words.
    range_of: tuple[str, ...] = ()


NOT_ASSESSED: Final = Savings()


def cost_of_call(
    prices: Prices,
    volume: Volume,
    *,
    cached_share: Decimal = Decimal(0),
    output_ratio: Decimal = ONE,
) -> Decimal | None:
    """One call of the use case's size; None where a price or the size is unknown."""
    prompt, output = volume.input_tokens, volume.output_tokens
    if prompt is None or output is None or prices.input is None:
        return None
    if prices.output is None:
        return None
    cached = prompt * cached_share
    tokens = (
        (prompt - cached) * prices.input
        + cached * (prices.input if prices.cached is None else prices.cached)
        + output * output_ratio * prices.output
    )
    return tokens / MILLION + prices.request


def cost_of_month(candidate: Candidate, need: Need) -> Decimal | None:
    """A month of the use case on this offer, by its list price."""
    if candidate.is_price_variable or not need.volume.calls_month:
        return None
    each = cost_of_call(
        candidate.price_at(need.prompt_tokens),
        need.volume,
        cached_share=need.volume.cached_share or Decimal(0),
    )
    return None if each is None else (each * need.volume.calls_month).quantize(STEP)


def savings(
    current: Candidate,
    candidate: Candidate,
    need: Need,
    *,
    output_ratio: float | None = None,
) -> Savings:
    """What the candidate would save a month, negative where it costs more."""
    if current.is_price_variable or candidate.is_price_variable:
        return NOT_ASSESSED
    scene = _Scene(current, candidate, need, _ratio(output_ratio))
    central = scene.costs(cache=0, ratio=scene.ratio)
    if central is None:
        return NOT_ASSESSED
    now, then = central
    share = float((now - then) / now) if now else None
    calls = need.volume.calls_month
    if not calls:
        return Savings(share=share)
    spread = [(a - b) * calls for a, b in scene.every(central)]
    return Savings(
        current_usd=(now * calls).quantize(STEP),
        candidate_usd=(then * calls).quantize(STEP),
        usd=((now - then) * calls).quantize(STEP),
        low_usd=min(spread).quantize(STEP),
        high_usd=max(spread).quantize(STEP),
        share=share,
        is_estimate=need.volume.basis != "measured",
        range_of=scene.words(),
    )


def _ratio(output_ratio: float | None) -> Decimal:
    return ONE if output_ratio is None else Decimal(str(round(output_ratio, 4)))


@dataclass(frozen=True, slots=True)
class _Scene:
    """Two offers and one use case, under several assumptions."""

    current: Candidate
    candidate: Candidate
    need: Need
    ratio: Decimal

    def costs(
        self, *, cache: int, ratio: Decimal, discounts: tuple[bool, bool] = (False,) * 2
    ) -> tuple[Decimal, Decimal] | None:
        """A call now and then. `cache` 0: the share as it is on both sides, 1: lost at
        the candidate, 2: none on either side."""
        share = self.need.volume.cached_share or Decimal(0)
        shares = ((share, share), (share, Decimal(0)), (Decimal(0), Decimal(0)))[cache]
        size = self.need.prompt_tokens
        volume = self.need.volume
        now = cost_of_call(
            self.current.price_at(size, discounted=discounts[0]),
            volume,
            cached_share=shares[0],
        )
        then = cost_of_call(
            self.candidate.price_at(size, discounted=discounts[1]),
            volume,
            cached_share=shares[1],
            output_ratio=ratio,
        )
        return None if now is None or then is None else (now, then)

    def every(self, central: tuple[Decimal, Decimal]) -> list[tuple[Decimal, Decimal]]:
        """Both costs of a call under every assumption that could differ."""
        if self.is_certain:
            return [central]
        caches = (0, 1, 2) if self.need.volume.cached_share else (0,)
        ratios = (ONE, self.ratio) if self.ratio != ONE else (ONE,)
        discounts = [
            (mine, theirs)
            for mine in ((False, True) if self.current.discounted else (False,))
            for theirs in ((False, True) if self.candidate.discounted else (False,))
        ]
        cases = product(caches, ratios, discounts)
        found = (self.costs(cache=c, ratio=r, discounts=d) for c, r, d in cases)
        return [pair for pair in found if pair is not None]

    @property
    def is_certain(self) -> bool:
        is_plain = not (self.current.discounted or self.candidate.discounted)
        return is_plain and self.ratio == ONE and not self.need.volume.cached_share

    def words(self) -> tuple[str, ...]:
        share = self.need.volume.cached_share
        said = []
        if share:
            said.append(
                f"cache hits: {share * 100:.0f} % of the prompt as now, lost at the "
                "new model, or none at all"
            )
        if self.ratio != ONE:
            said.append(
                f"length of answers: the same, or {float(self.ratio):.2f} times as "
                "long, as a check on your prompts measured"
            )
        if self.current.discounted:
            said.append("the current model's list price, or its discount of today")
        if self.candidate.discounted:
            said.append("the new model's list price, or its discount of today")
        return tuple(said)
