"""A diff's entries as rows of the change log."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from apps.catalog.models import ModelChange
from apps.catalog.sync.entries import Diff, NewModel, OfferDiff, Patch
from apps.catalog.sync.prices import PriceMove, plain_usd

What = ModelChange.What
_ENDS = {"sunset_on", "deprecated_on", "successor"}
_DATING = {"source", "sourced_on"}


@dataclass(frozen=True, slots=True)
class Log:
    """Makes the rows of one run: the same moment, origin and source in all of them."""

    at: datetime
    origin: str
    source: str
    is_first_look: bool = False
    by: str = ""

    @classmethod
    def of(cls, diff: Diff, at: datetime) -> "Log":
        picture = diff.picture
        return cls(at, picture.origin, picture.source, diff.is_first_look)

    def row(self, what: str, **fields: object) -> ModelChange:
        values: dict[str, object] = {
            "at": self.at,
            "what": what,
            "origin": self.origin,
            "source": self.source,
            "is_first_look": self.is_first_look,
            "by": self.by,
        }
        return ModelChange(**{**values, **fields})

    def new_model(self, model: NewModel) -> ModelChange:
        return self.row(
            What.MODEL_ADDED,
            ai_model_id=model.id,
            new=model.fact.slug,
            source=model.fact.source,
        )

    def model(self, patch: Patch) -> Iterator[ModelChange]:
        for name, new in patch.values.items():
            if name in _DATING:
                continue
            yield self.row(
                What.DEPRECATION if name in _ENDS else What.MODEL_CHANGED,
                ai_model_id=patch.row.id,
                field=name,
                old=_plain(patch.old[name]),
                new=_plain(new),
                change_share=_share(patch.old[name], new),
                source=patch.provenance[name]["source"],
            )

    def provider(self, patch: Patch) -> Iterator[ModelChange]:
        for name, new in patch.values.items():
            yield self.row(
                What.PROVIDER_CHANGED,
                provider_id=patch.row.id,
                field=name,
                old=_plain(patch.old[name]),
                new=_plain(new),
            )

    def offer(self, change: OfferDiff, model_id: UUID) -> Iterator[ModelChange]:
        """Everything that happened to one offer."""
        subject = {
            "ai_model_id": model_id,
            "offer_id": change.id,
            "source": change.fact.source,
        }
        if change.row is None:
            # A new offer's prices are part of it, and no change.
            yield self.row(What.OFFER_ADDED, new=_place(change), **subject)
            return
        if change.row.delisted_at:
            yield self.row(What.OFFER_RETURNED, new=_place(change), **subject)
        for name, new in change.values.items():
            yield self.row(
                What.DEPRECATION if name in _ENDS else What.OFFER_CHANGED,
                field=name,
                old=_plain(change.old[name]),
                new=_plain(new),
                change_share=_share(change.old[name], new),
                **subject,
            )
        yield from self._parameters(change, subject)
        for move in change.prices.moves:
            yield self.price(move, subject)
        if change.prices.held:
            yield self._held(change, subject)

    def price(self, move: PriceMove, subject: dict[str, object]) -> ModelChange:
        return self.row(
            _what(move),
            field=move.component,
            condition=move.condition,
            old=plain_usd(move.old),
            new=plain_usd(move.new),
            change_share=move.share,
            **subject,
        )

    def _parameters(
        self, change: OfferDiff, subject: dict[str, object]
    ) -> Iterator[ModelChange]:
        moved = change.parameters
        if moved and (moved.added or moved.removed or moved.changed):
            yield self.row(
                What.PARAMETERS,
                old=[*moved.removed],
                new=[*moved.added, *(f"{name} (changed)" for name in moved.changed)],
                **subject,
            )

    def _held(self, change: OfferDiff, subject: dict[str, object]) -> ModelChange:
        held = change.prices.held
        assert held is not None  # noqa: S101  # asked by the caller
        first = held.jumps[0]
        return self.row(
            What.PRICE_HELD,
            field=first["component"],
            condition=first["condition"],
            old=first["old"],
            new=first["new"],
            **subject,
        )


def _what(move: PriceMove) -> str:
    if move.is_discount:
        return What.DISCOUNT
    if move.old is None:
        return What.PRICE_ADDED
    return What.PRICE_REMOVED if move.new is None else What.PRICE


def _place(change: OfferDiff) -> str:
    provider, upstream_id, region, _, tag = change.place
    return " ".join(filter(None, [upstream_id, "at", provider, tag or region]))


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _share(old: object, new: object) -> float | None:
    """How far a number moved; a flag is no number."""
    are_numbers = type(old) is int and type(new) is int
    return (new - old) / old if are_numbers and old else None  # type: ignore[operator]  # two integers
