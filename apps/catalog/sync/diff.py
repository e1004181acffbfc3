"""A source's picture against the stored catalog: everything that is to be written.

Pure: no clock, no database. The same picture twice gives an empty diff, because what is
equal is not written and what another hand holds is not touched (`sources.precedence`).
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

from apps.catalog.folding import match_key
from apps.catalog.provenance import EDITED, stamp
from apps.catalog.seed_format import HealthFact, SeedModel, SeedOffer
from apps.catalog.sources.base import AliasFact, Coverage, Picture, ProviderFact
from apps.catalog.sources.precedence import may_own, may_write
from apps.catalog.sync.entries import (
    AliasDiff,
    Diff,
    NewModel,
    OfferDiff,
    ParameterDiff,
    Patch,
)
from apps.catalog.sync.parameters import diff_parameters
from apps.catalog.sync.prices import diff_prices
from apps.catalog.sync.stored import (
    HEALTH_FIELDS,
    MODEL_FIELDS,
    OFFER_FIELDS,
    Place,
    Stored,
    StoredOffer,
    StoredRow,
    Values,
)
from apps.kit.ids import uuid7

# Of these a source also says "none any more": it had said a day before.
_WITHDRAWN: Final = {"sunset_on", "deprecated_on", "successor"}
_SEED: Final = "seed"
_BROKERS: Final = {"openrouter"}


def diff(
    picture: Picture, stored: Stored, *, today: date, is_first_look: bool = False
) -> Diff:
    """Compare; what is past its last day is unavailable, whatever its source says."""
    found = _Comparison(picture, stored, today).result()
    found.is_first_look = is_first_look
    return found


class _Comparison:
    """One picture against one stored catalog."""

    def __init__(self, picture: Picture, stored: Stored, today: date) -> None:
        self.picture = picture
        self.stored = stored
        self.today = today
        self.diff = Diff(picture)
        self.stated_by = {fact.model: fact for fact in picture.aliases}
        # The picture's slug to ours; the models it adds are in it too.
        self.slugs: dict[str, str] = {}

    def result(self) -> Diff:
        for fact in self.picture.providers:
            self._provider(fact)
        self._name_models()
        for model in self.picture.models:
            self._model(model)
        seen = {place for offer in self.picture.offers if (place := self._offer(offer))}
        self.diff.missing = [
            offer
            for place, offer in self.stored.offers.items()
            if place not in seen and is_covered(offer, self.picture.covers)
        ]
        for alias in self.picture.aliases:
            self._alias(alias)
        self._add_named_providers()
        return self.diff

    # -- names -----------------------------------------------------------------

    def _name_models(self) -> None:
        """Ours for each slug of the picture: an editor's alias, the slug, the rules."""
        decided = {
            fact.model: alias.model
            for fact in self.picture.aliases
            if (alias := self.stored.aliases.get(fact.external_id))
            and alias.match in {"editor", "refused"}
        }
        wanted = [model.slug for model in self.picture.models]
        for slug in dict.fromkeys([*wanted, *(o.model for o in self.picture.offers)]):
            known = self._known(slug, decided)
            if known:
                self.slugs[slug] = known

    def _known(self, slug: str, decided: Mapping[str, str | None]) -> str:
        if slug in decided:
            return decided[slug] or ""
        if slug in self.stored.models:
            return slug
        return self.stored.by_key.get(match_key(slug), "")

    def _alias(self, fact: AliasFact) -> None:
        held = self.stored.aliases.get(fact.external_id)
        model = self.slugs.get(fact.model)
        if model is None or (held and held.match in {"editor", "refused"}):
            return
        match = fact.match
        if match == "exact" and model != fact.model:
            match = "rule"
        if held and (held.model, held.match, held.rule) == (model, match, fact.rule):
            return
        named = AliasFact(fact.external_id, model, match, fact.rule)
        self.diff.aliases.append(AliasDiff(held.id if held else None, named, model))

    # -- providers and models ----------------------------------------------------

    def _provider(self, fact: ProviderFact) -> None:
        row = self.stored.providers.get(fact.slug)
        if row is None:
            self.diff.new_providers.append(fact)
            return
        patch = self._patch(row, fact.slug, dict(fact.facts))
        if not patch.is_empty:
            self.diff.providers.append(patch)

    def _add_named_providers(self) -> None:
        """An offer may name a provider of which its source says nothing else."""
        named = {c.place[0] for c in self.diff.offers}
        named |= {c.fact.served_by for c in self.diff.offers if c.fact.served_by}
        known = self.stored.providers.keys() | {
            fact.slug for fact in self.diff.new_providers
        }
        for slug in sorted(named - known):
            self.diff.new_providers.append(ProviderFact(slug, slug))

    def _model(self, fact: SeedModel) -> None:
        slug = self.slugs.get(fact.slug)
        values = _model_values(fact)
        if slug is None:
            if not self.picture.is_about_known_models:
                self.slugs[fact.slug] = fact.slug
                self.diff.new_models.append(NewModel(uuid7(), fact, values))
            return
        self._successor(fact, values)
        if slug in self.stored.direct and self.picture.origin in _BROKERS:
            # A broker's last day is not the model's where others go on serving it.
            values.pop("sunset_on", None)
        row = self.stored.models.get(slug)
        if row:
            patch = self._patch(row, slug, values, source=fact.source)
            if row.origin == self.picture.origin and self._redates(row, fact):
                patch.values |= {"source": fact.source, "sourced_on": fact.sourced_on}
            if not patch.is_empty:
                self.diff.models.append(patch)

    def _successor(self, fact: SeedModel, values: Values) -> None:
        """Only a successor that the catalog has can be pointed at."""
        known = self._known(fact.successor, {}) if fact.successor else ""
        values["successor"] = known if known in self.stored.models else ""

    def _patch(
        self, row: StoredRow, name: str, values: Values, *, source: str = ""
    ) -> Patch:
        """What of `values` this source may write, and what it would say elsewhere."""
        patch = Patch(row, name)
        mark = stamp(
            self.picture.origin, source or self.picture.source, self.picture.on
        )
        for name_, new in values.items():
            old = row.values[name_]
            entry = row.provenance.get(name_)
            if entry and entry["origin"] == EDITED:
                if _is_said(new) and entry.get("stated") != _plain(new):
                    patch.provenance[name_] = {**entry, "stated": _plain(new)}
            elif old != new and self._may(name_, old, new, row):
                patch.values[name_], patch.old[name_] = new, old
                patch.provenance[name_] = mark
        return patch

    def _may(self, name: str, old: object, new: object, row: StoredRow) -> bool:
        held_by = row.provenance.get(name, {}).get("origin", row.origin)
        if not _is_said(new):
            return (
                name in _WITHDRAWN
                and _is_said(old)
                and (held_by == self.picture.origin)
            )
        if not _is_said(old):
            return True
        return may_write(
            name,
            self.picture.origin,
            self.picture.on,
            held_by=held_by,
            confirmed_on=self._confirmed(held_by),
        )

    def _redates(self, row: StoredRow, fact: SeedModel | SeedOffer) -> bool:
        said = (row.source, row.sourced_on)
        return self.picture.restates and said != (fact.source, fact.sourced_on)

    def _confirmed(self, origin: str) -> date | None:
        return self.stored.confirmed.get(origin)

    # -- offers ----------------------------------------------------------------

    def _offer(self, fact: SeedOffer) -> Place | None:
        """Compare one offer; its place, so that it does not count as missing."""
        model = self.slugs.get(fact.model)
        if model is None:
            return None
        place = (
            fact.provider,
            fact.upstream_id,
            fact.region,
            fact.variant,
            fact.endpoint_tag,
        )
        row = self.stored.offers.get(place)
        if row is None:
            self.diff.offers.append(self._new_offer(fact, place, model))
        elif self._owns(row):
            change = self._known_offer(fact, row)
            if not change.is_empty:
                self.diff.offers.append(change)
        return place

    def _owns(self, row: StoredOffer) -> bool:
        return may_own(
            self.picture.origin,
            self.picture.on,
            held_by=row.origin,
            confirmed_on=self._confirmed(row.origin),
        )

    def _new_offer(self, fact: SeedOffer, place: Place, model: str) -> OfferDiff:
        listed = diff_prices(
            fact.prices, fact.discounts, stored=(), origin=self.picture.origin
        )
        facts = fact.parameters or ()
        added = tuple(sorted(one.name for one in facts if one.is_supported))
        return OfferDiff(
            id=uuid7(),
            place=place,
            model=model,
            row=None,
            fact=fact,
            values=self._offer_values(fact),
            prices=listed,
            parameters=ParameterDiff(
                puts=tuple((uuid7(), one) for one in facts), added=added
            )
            if facts
            else None,
            health=fact.health,
        )

    def _offer_values(self, fact: SeedOffer) -> Values:
        values = {name: getattr(fact, name) for name in OFFER_FIELDS}
        if fact.parameters is None:
            del values["has_parameter_list"]  # it says nothing of parameters at all
        if fact.sunset_on and fact.sunset_on <= self.today:
            values["is_available"] = False
        return values

    def _known_offer(self, fact: SeedOffer, row: StoredOffer) -> OfferDiff:
        patch = self._patch_offer(row, self._offer_values(fact))
        change = OfferDiff(row.id, row.place, row.model, row, fact)
        change.values, change.old = patch.values, patch.old
        change.provenance = patch.provenance
        change.is_taken_over = row.origin != self.picture.origin or self._redates(
            row, fact
        )
        change.returns = bool(row.missing_since or row.delisted_at)
        change.is_first_price = row.id not in self.stored.priced_before
        change.prices = diff_prices(
            fact.prices,
            fact.discounts,
            stored=self.stored.prices.get(row.id, []),
            waiting=self.stored.waiting.get(row.id, []),
            origin=self.picture.origin,
            is_trusted=self.picture.origin == _SEED,
        )
        change.parameters = diff_parameters(
            fact.parameters, self.stored.parameters.get(row.id, {}), self.picture.origin
        )
        if fact.health and _health(fact.health) != self.stored.health.get(row.id):
            change.health = fact.health
        return change

    def _patch_offer(self, row: StoredOffer, values: Values) -> Patch:
        """An offer has one owner, so its fields all are its owner's but the edited."""
        patch = Patch(row, row.place[1])
        for name, new in values.items():
            old, entry = row.values[name], row.provenance.get(name)
            is_open = name in _WITHDRAWN or _is_said(new)
            if entry and entry["origin"] == EDITED:
                if _is_said(new) and entry.get("stated") != _plain(new):
                    patch.provenance[name] = {**entry, "stated": _plain(new)}
            elif old != new and is_open:
                patch.values[name], patch.old[name] = new, old
        return patch


def _health(fact: HealthFact) -> tuple[object, ...]:
    return tuple(getattr(fact, name) for name in HEALTH_FIELDS)


def _model_values(fact: SeedModel) -> Values:
    values = {name: getattr(fact, name) for name in MODEL_FIELDS}
    for name in ("input_modalities", "output_modalities"):
        values[name] = None if values[name] is None else list(values[name])
    return values


def _is_said(value: object) -> bool:
    return value is not None and value != ""


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def is_covered(offer: StoredOffer, covers: Coverage) -> bool:
    """Whether a picture with this coverage would have to hold the offer."""
    provider, upstream_id, *_, tag = offer.place
    return (
        provider in covers.providers
        and offer.origin in covers.origins
        and bool(tag) == covers.is_endpoints
        and (covers.upstream_ids is None or upstream_id in covers.upstream_ids)
        and offer.delisted_at is None
        and not offer.values["is_stand_in"]
    )
