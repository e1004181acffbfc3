"""All that could be recommended, as of now: every offer of every chat model.

The picture is shared by all organizations and kept in this process until the catalog
changes. What one organization allows is asked of it by rules: `Market.allowed`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from threading import Lock
from typing import Any, Final
from uuid import UUID

from apps.kit.clock import utc_now
from apps.opportunities import market_rows
from apps.opportunities.engine.candidates import Candidate
from apps.opportunities.engine.filters import barred, gone, refusals
from apps.opportunities.engine.need import Need
from apps.opportunities.engine.table import Table
from apps.router.alias_queries import get_policy
from apps.router.engine.rules import NO_RULES, Rules, read_rules
from apps.tenancy.scope import current_org_id

# Speeds that our own router measures come in by and by.
KEPT_FOR: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """The offers of one moment; `rules` are those of the organization it is for."""

    taken_at: datetime
    picture: "Picture"
    rules: Rules = NO_RULES

    @property
    def offers(self) -> Sequence[Candidate]:
        return self.picture.table.offers

    @property
    def table(self) -> Table:
        return self.picture.table

    def of(self, model_id: UUID) -> Candidate | None:
        """The cheapest offer that is allowed; None where there is none with a price."""
        today = self.taken_at.date()
        for offer in self.picture.by_model.get(model_id, ()):
            is_there = offer.has_price and not any(gone(offer, today))
            if is_there and not any(barred(offer, self.rules)):
                return offer
        return None

    def current(
        self, model_id: UUID, provider_id: UUID | None = None
    ) -> Candidate | None:
        """The offer a use case runs on: at its provider, else the maker's own, else
        the cheapest; also one that is no longer offered. None: not in the catalog.
        """
        offers = self.picture.by_model.get(model_id, ())
        at_provider = [one for one in offers if one.provider_id == provider_id]
        makers = [one for one in offers if one.provider in (one.author, one.vendor)]
        for some in (at_provider, makers, offers):
            priced = [one for one in some if one.has_price]
            if priced:
                return priced[0]
        return offers[0] if offers else None

    def nearest(self, model_id: UUID, need: Need) -> Candidate | None:
        """The offer of a model that comes closest to a need: with the fewest reasons
        against it, and of these the cheapest.
        """
        today = self.taken_at.date()
        offers = self.picture.by_model.get(model_id, ())
        return min(
            offers, key=lambda one: len(refusals(one, need, today=today)), default=None
        )

    def candidates(self) -> list[Candidate]:
        """One a model: what `of` says of each, by slug."""
        found = (self.of(model_id) for model_id in self.picture.by_model)
        return sorted(
            (one for one in found if one is not None), key=lambda one: one.model
        )


@dataclass(frozen=True, eq=False)
class Picture:
    """What is kept: the offers, and until when they hold by themselves."""

    table: Table
    version: tuple[Any, ...] = ()
    holds_until: datetime | None = None
    # What it was made of; None: not of the catalog.
    read: market_rows.Read | None = None

    @cached_property
    def names(self) -> Mapping[str, UUID]:
        """Models by their slugs."""
        return {offer.model: offer.model_id for offer in self.table.offers}

    @cached_property
    def by_model(self) -> Mapping[UUID, tuple[Candidate, ...]]:
        """A model's offers, the cheapest first and those without a price last."""
        found: dict[UUID, list[Candidate]] = {}
        for offer in self.table.offers:
            found.setdefault(offer.model_id, []).append(offer)
        return {model_id: tuple(offers) for model_id, offers in found.items()}


def picture_of(
    offers: Iterable[Candidate],
    *,
    version: tuple[Any, ...] = (),
    holds_until: datetime | None = None,
) -> Picture:
    """The picture of these offers; tests and benches make theirs with it."""
    return Picture(Table(offers), version, holds_until)


_lock = Lock()
_kept: dict[str, Picture] = {}


def market(*, org_id: UUID | None = None) -> Market:
    """The market of now; with `org_id`, under the policy of the organization in scope.

    Costs one small statement while the catalog stands still.
    """
    now = utc_now()
    with _lock:
        kept = _kept.get("picture")
        version = market_rows.version()
        is_over = kept is not None and kept.holds_until and kept.holds_until <= now
        if kept is None or is_over or kept.version != version:
            before = None if is_over else kept
            kept = _kept["picture"] = _read(now, version, before)
    return Market(now, kept, policy_rules() if org_id else NO_RULES)


def forget() -> None:
    """Read the catalog anew the next time: for tests, which empty it under our feet."""
    with _lock:
        _kept.clear()


def policy_rules() -> Rules:
    """What the organization in scope allows for every request."""
    if current_org_id() is None:
        return NO_RULES
    return read_rules(get_policy().rules)


def _read(now: datetime, version: tuple[Any, ...], before: Picture | None) -> Picture:
    """Anew, or as `before` but for the prices where nothing else changed."""
    latest = now + KEPT_FOR
    if before and before.read and market_rows.is_of_prices(before.version, version):
        read = market_rows.read_prices(before.read, now)
        latest = before.holds_until or latest
    else:
        read = market_rows.read(now)
    return Picture(Table(read.offers), version, min([latest, *read.ends_at]), read)
