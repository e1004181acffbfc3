"""A diff in words, for a dry run: what would be added, changed, held and missed."""

from collections.abc import Iterable, Iterator

from apps.catalog.sync.entries import Diff, OfferDiff, Patch
from apps.catalog.sync.prices import PriceMove, plain_usd

# Of a long list so many are shown, unless all are asked for.
SHOWN = 20


def report(diff: Diff, *, shows_all: bool = False) -> Iterator[str]:
    """Lines of text, section by section."""
    most = None if shows_all else SHOWN
    picture = diff.picture
    yield f"{picture.source}: {picture.row_count} rows, as of {picture.on}"
    yield from _section("New providers", (f.slug for f in diff.new_providers), most)
    yield from _section("Providers changed", _patches(diff.providers), most)
    yield from _section("New models", (m.fact.slug for m in diff.new_models), most)
    yield from _section("Models changed", _patches(diff.models), most)
    added = [change for change in diff.offers if change.row is None]
    known = [change for change in diff.offers if change.row is not None]
    yield from _section("New offers", map(_place, added), most)
    yield from _section("Offers changed", _fields(known), most)
    yield from _section("Prices", _moves(known, is_discount=False), most)
    yield from _section("Discounts", _moves(known, is_discount=True), most)
    yield from _section("Parameters", _parameters(known), most)
    yield from _section("Held for an editor", _held(known), most)
    returning = [change for change in known if change.row and change.row.delisted_at]
    yield from _section("Listed again", map(_place, returning), most)
    gone = (f"{offer.place[1]} {offer.place[4]}".strip() for offer in diff.missing)
    yield from _section("No longer listed", gone, most)
    yield from _section("Names", _names(diff), most)
    yield from _section("Left out", picture.notes, most)
    if diff.is_empty and not diff.missing:
        yield "Nothing to write."


def _section(title: str, lines: Iterable[str], most: int | None) -> Iterator[str]:
    rows = list(lines)
    if not rows:
        return
    yield f"\n{title} ({len(rows)})"
    yield from (f"  {row}" for row in rows[:most])
    if most is not None and len(rows) > most:
        yield f"  … and {len(rows) - most} more (--all shows them)"


def _patches(patches: Iterable[Patch]) -> Iterator[str]:
    for patch in patches:
        for name, new in patch.values.items():
            yield f"{patch.name}: {name} {_short(patch.old.get(name))} → {_short(new)}"
        kept = patch.provenance.keys() - patch.values.keys()
        for name in sorted(kept):
            yield f"{patch.name}: {name} stays as an editor set it"


def _fields(offers: Iterable[OfferDiff]) -> Iterator[str]:
    for change in offers:
        for name, new in change.values.items():
            old = change.old.get(name)
            yield f"{_place(change)}: {name} {_short(old)} → {_short(new)}"


def _moves(offers: Iterable[OfferDiff], *, is_discount: bool) -> Iterator[str]:
    for change in offers:
        for move in change.prices.moves:
            if move.is_discount == is_discount:
                yield f"{_place(change)}: {_move(move)}"


def _move(move: PriceMove) -> str:
    condition = f" ({move.condition})" if move.condition else ""
    share = f", {move.share:+.1%}" if move.share is not None else ""
    old, new = (plain_usd(usd) or "not stated" for usd in (move.old, move.new))
    return f"{move.component}{condition} {old} → {new}{share}"


def _parameters(offers: Iterable[OfferDiff]) -> Iterator[str]:
    for change in offers:
        moved = change.parameters
        if moved:
            words = [f"+{name}" for name in moved.added]
            words += [f"−{name}" for name in moved.removed]
            words += [f"{name} changed" for name in moved.changed]
            yield f"{_place(change)}: {' '.join(words)}"


def _held(offers: Iterable[OfferDiff]) -> Iterator[str]:
    for change in offers:
        for jump in change.prices.held.jumps if change.prices.held else ():
            condition = f" ({jump['condition']})" if jump["condition"] else ""
            yield (
                f"{_place(change)}: {jump['component']}{condition} "
                f"{jump['old']} → {jump['new'] or 'not stated'}, {jump['reason']}"
            )


def _names(diff: Diff) -> Iterator[str]:
    for alias in diff.aliases:
        yield f"{alias.fact.external_id} is {alias.model} ({alias.fact.match})"


def _place(change: OfferDiff) -> str:
    _, upstream_id, region, _, tag = change.place
    return f"{upstream_id} {tag or region}".strip()


def _short(value: object) -> str:
    text = "not known" if value is None or value == "" else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
