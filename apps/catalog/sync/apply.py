"""Write a diff, in units that each leave the catalog whole.

A unit is one transaction: rows and their change log together. Between the comparison
and a unit an editor may have been at work, so each unit first looks whether its rows
are still those that were compared; what is not is left to the next run.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched
from typing import Final
from uuid import UUID

from django.db import models

from apps.catalog.folding import vendor_of
from apps.catalog.models import AIModel, ModelAlias, ModelChange, Provider
from apps.catalog.services import DATABASE, lock_catalog
from apps.catalog.sync.changes import Log
from apps.catalog.sync.entries import Diff, NewModel, OfferDiff, Patch
from apps.catalog.sync.write_offers import OfferWriter, current
from apps.catalog.sync.write_rows import update_rows

# Offers a unit: long enough to be quick, short enough to hold the lock for < 1 s.
UNIT: Final = 250
type Unit = Callable[[], AbstractContextManager[None]]


@dataclass(slots=True)
class Applied:
    """How much was written."""

    providers: int = 0
    models: int = 0
    offers: int = 0
    prices: int = 0
    held: int = 0
    changes: int = 0
    # Compared, but changed by somebody else before it could be written.
    skipped: int = 0


@dataclass(slots=True)
class Applier:
    """Writes one diff; `unit` opens a fenced transaction of the jobs' login."""

    diff: Diff
    now: datetime
    unit: Unit
    # The first load of an empty catalog is no news and gets no log.
    is_logged: bool = True
    applied: Applied = field(default_factory=Applied)
    _providers: dict[str, UUID] = field(default_factory=dict)
    _models: dict[str, UUID] = field(default_factory=dict)

    def run(self) -> Applied:
        if self.diff.new_providers or self.diff.providers:
            with self._unit():
                self._write_providers()
        for new_models in batched(self.diff.new_models, UNIT):
            with self._unit():
                self._add_models(new_models)
        for patches in batched(self.diff.models, UNIT):
            with self._unit():
                self._patch_models(patches)
        if self.diff.offers or self.diff.aliases:
            self._providers = dict(_ids(Provider))
            self._models = dict(_ids(AIModel))
        for offers in batched(self.diff.offers, UNIT):
            with self._unit():
                self._write_offers(offers)
        if self.diff.aliases:
            with self._unit():
                self._write_aliases()
        return self.applied

    @contextmanager
    def _unit(self) -> Iterator[None]:
        """A unit that lets one writer of the catalog in at a time."""
        with self.unit():
            lock_catalog()
            yield

    @property
    def _log(self) -> Log:
        return Log.of(self.diff, self.now)

    def _write_log(self, rows: Iterable[ModelChange]) -> None:
        if self.is_logged:
            made = ModelChange.objects.using(DATABASE).bulk_create(
                rows, batch_size=2000
            )
            self.applied.changes += len(made)

    # -- providers and models --------------------------------------------------

    def _write_providers(self) -> None:
        origin = self.diff.picture.origin
        rows = Provider.objects.using(DATABASE).bulk_create(
            Provider(slug=f.slug, name=f.name, origin=origin, **f.facts)
            for f in self.diff.new_providers
        )
        patches = self._unchanged(Provider, self.diff.providers)
        update_rows(Provider, patches, self.now)
        self.applied.providers += len(rows) + len(patches)
        log = self._log
        added = (
            log.row(ModelChange.What.PROVIDER_ADDED, provider_id=row.pk, new=row.slug)
            for row in rows
        )
        changed = (row for patch in patches for row in log.provider(patch))
        self._write_log([*added, *changed])

    def _add_models(self, new: Sequence[NewModel]) -> None:
        AIModel.objects.using(DATABASE).bulk_create(
            AIModel(
                id=model.id,
                slug=model.fact.slug,
                author=model.fact.author,
                vendor=vendor_of(model.fact.author),
                source=model.fact.source,
                sourced_on=model.fact.sourced_on,
                origin=self.diff.picture.origin,
                **model.values,
            )
            for model in new
        )
        self.applied.models += len(new)
        self._write_log(map(self._log.new_model, new))

    def _patch_models(self, patches: Sequence[Patch]) -> None:
        kept = self._unchanged(AIModel, patches)
        update_rows(AIModel, [_with_successor(patch) for patch in kept], self.now)
        self.applied.models += len(kept)
        log = self._log
        self._write_log(row for patch in kept for row in log.model(patch))

    def _unchanged(
        self, model: type[models.Model], patches: Sequence[Patch]
    ) -> list[Patch]:
        """Those whose provenance nobody touched since they were compared."""
        ids = [patch.row.id for patch in patches]
        rows = model._default_manager.using(DATABASE).filter(pk__in=ids)
        now = dict(rows.values_list("pk", "provenance"))
        kept = [p for p in patches if now.get(p.row.id) == p.row.provenance]
        self.applied.skipped += len(patches) - len(kept)
        return kept

    # -- offers and names ------------------------------------------------------

    def _write_offers(self, offers: Sequence[OfferDiff]) -> None:
        writer = OfferWriter(self.diff.picture, self.now, self._providers, self._models)
        kept = current(offers)
        writer.write(kept)
        self.applied.skipped += len(offers) - len(kept)
        self.applied.offers += len(kept)
        self.applied.prices += sum(len(change.prices.opens) for change in kept)
        self.applied.held += sum(change.prices.held is not None for change in kept)
        log = self._log
        self._write_log(
            row
            for change in kept
            for row in log.offer(change, self._models[change.model])
        )

    def _write_aliases(self) -> None:
        origin = self.diff.picture.origin
        ModelAlias.objects.using(DATABASE).bulk_create(
            (
                ModelAlias(
                    source=origin,
                    external_id=alias.fact.external_id,
                    ai_model_id=self._models[alias.model],
                    match=alias.fact.match,
                    rule=alias.fact.rule,
                    decided_at=self.now,
                )
                for alias in self.diff.aliases
                if alias.model in self._models
            ),
            update_conflicts=True,
            unique_fields=["source", "external_id"],
            update_fields=["ai_model", "match", "rule", "decided_at"],
        )


def _ids(model: type[models.Model]) -> Iterable[tuple[str, UUID]]:
    return model._default_manager.using(DATABASE).values_list("slug", "pk")


def _with_successor(patch: Patch) -> Patch:
    """The successor as a key; its slug was what could be compared."""
    if "successor" not in patch.values:
        return patch
    values = dict(patch.values)
    slug = values.pop("successor")
    found = (
        AIModel.objects.using(DATABASE).filter(slug=slug).values_list("pk", flat=True)
    )
    values["successor_id"] = found.first()
    return Patch(patch.row, patch.name, values, patch.old, patch.provenance)
