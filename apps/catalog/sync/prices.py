"""One offer's price list against the stored one: what opens, what closes, what waits.

Pure. A price that moves more than five-fold, becomes free or stops being free is held
for an editor, and with it the whole list of its offer: half an old and half a new list
would be a mixture that nobody charges. Discounts come and go and are never held.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from apps.catalog.seed_format import SeedPrice
from apps.catalog.sync.stored import StoredPrice, Waiting, plain_list

MOST_FACTOR: Final = 5
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
type Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class PriceMove:
    """One price that is another; None where there was or is none."""

    component: str
    condition: str
    old: Decimal | None
    new: Decimal | None
    is_discount: bool = False

    @property
    def share(self) -> float | None:
        if not self.old or self.new is None:
            return None
        return float((self.new - self.old) / self.old)


@dataclass(frozen=True, slots=True)
class ListDiff:
    """What to do with one price list."""

    opens: tuple[tuple[SeedPrice, bool], ...] = ()
    closes: tuple[UUID, ...] = ()
    moves: tuple[PriceMove, ...] = ()
    # Rows that stay as they are, but came from another origin until now.
    adopts: tuple[UUID, ...] = ()
    # Set where the list must wait.
    held: "HeldList | None" = None
    # What waited and is no longer stated.
    withdraws: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class HeldList:
    """A list that jumped."""

    old: list[Any] = field(default_factory=list)
    new: list[Any] = field(default_factory=list)
    jumps: tuple[dict[str, Any], ...] = ()


def diff_prices(
    listed: Sequence[SeedPrice],
    discounted: Sequence[SeedPrice],
    *,
    stored: Sequence[StoredPrice],
    waiting: Sequence[Waiting] = (),
    origin: str,
    is_trusted: bool = False,
) -> ListDiff:
    """Compare; a trusted list (the shipped seed's, an approved one) is not held."""
    old = _by_key(row for row in stored if not row.is_discount)
    new = {_key(price): price for price in listed}
    jumps = () if is_trusted else tuple(_jumps(old, new))
    plain = plain_list(new.values())
    if jumps:
        return _held(old, plain, jumps, waiting)
    opens, closes, moves, adopts = _moves(old, new, origin, is_discount=False)
    old_discounts = _by_key(row for row in stored if row.is_discount)
    new_discounts = {_key(price): price for price in discounted}
    more = _moves(old_discounts, new_discounts, origin, is_discount=True)
    return ListDiff(
        opens=(*opens, *more[0]),
        closes=(*closes, *more[1]),
        moves=(*moves, *more[2]),
        adopts=(*adopts, *more[3]),
        withdraws=tuple(one.id for one in waiting if not one.is_refused),
    )


def _held(
    old: Mapping[Key, StoredPrice],
    plain: list[Any],
    jumps: tuple[dict[str, Any], ...],
    waiting: Sequence[Waiting],
) -> ListDiff:
    """Hold a list once: not again while it waits, nor after it was refused."""
    others = tuple(
        one.id for one in waiting if not one.is_refused and one.prices != plain
    )
    last = waiting[-1] if waiting else None
    if last and last.prices == plain:
        return ListDiff(withdraws=others)
    before = plain_list(row.price for row in old.values())
    return ListDiff(held=HeldList(before, plain, jumps), withdraws=others)


def _by_key(rows: Iterable[StoredPrice]) -> dict[Key, StoredPrice]:
    return {_key(row.price): row for row in rows}


def _key(price: SeedPrice) -> Key:
    return (
        price.component,
        price.service_tier,
        price.above_prompt_tokens,
        price.utc_from,
        price.utc_until,
        price.utc_weekdays,
    )


def _jumps(
    old: Mapping[Key, StoredPrice], new: Mapping[Key, SeedPrice]
) -> Iterable[dict[str, Any]]:
    for key in old.keys() & new.keys():
        before, after = old[key].price.usd, new[key].usd
        reason = _jump(before, after)
        if reason:
            yield {
                "component": new[key].component,
                "condition": condition_of(new[key]),
                "old": plain_usd(before),
                "new": plain_usd(after),
                "reason": reason,
            }
    for key in old.keys() - new.keys():
        price = old[key].price
        # Without it no call can be priced at all; a lost condition is just a move.
        if price.component in {"input", "output"} and not condition_of(price):
            yield {
                "component": price.component,
                "condition": "",
                "old": plain_usd(price.usd),
                "new": None,
                "reason": "is no longer stated",
            }


def _jump(before: Decimal, after: Decimal) -> str:
    if before == after:
        return ""
    if not after:
        return "becomes free"
    if not before:
        return "was free"
    factor = max(before, after) / min(before, after)
    moves = "rises" if after > before else "falls"
    return f"{moves} {factor:.1f}-fold" if factor > MOST_FACTOR else ""


def _moves(
    old: Mapping[Key, StoredPrice],
    new: Mapping[Key, SeedPrice],
    origin: str,
    *,
    is_discount: bool,
) -> tuple[list[tuple[SeedPrice, bool]], list[UUID], list[PriceMove], list[UUID]]:
    opens, closes, moves, adopts = [], [], [], []
    for key in sorted(old.keys() | new.keys(), key=str):
        before, after = old.get(key), new.get(key)
        if before and after and before.price.usd == after.usd:
            if before.origin != origin:
                adopts.append(before.id)
            continue
        if before:
            closes.append(before.id)
        if after:
            opens.append((after, is_discount))
        shown = after or (before.price if before else None)
        assert shown is not None  # noqa: S101  # the key comes from one of the two
        moves.append(
            PriceMove(
                shown.component,
                condition_of(shown),
                before.price.usd if before else None,
                after.usd if after else None,
                is_discount,
            )
        )
    return opens, closes, moves, adopts


def plain_usd(usd: Decimal | None) -> str | None:
    return None if usd is None else f"{usd.normalize():f}"


def condition_of(price: SeedPrice) -> str:
    """When a price applies, in words; empty means always."""
    words = []
    if price.service_tier != "standard":
        words.append(f"{price.service_tier} tier")
    if price.above_prompt_tokens:
        words.append(f"prompts above {price.above_prompt_tokens:,} tokens")
    if price.utc_weekdays:
        words.append(" ".join(_DAYS[int(day)] for day in price.utc_weekdays))
    if price.utc_from and price.utc_until:
        words.append(f"{price.utc_from:%H:%M}–{price.utc_until:%H:%M} UTC")
    return ", ".join(words)
