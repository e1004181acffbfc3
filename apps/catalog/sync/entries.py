"""What a diff consists of: `diff` makes it, `apply` writes it, `report` shows it."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from apps.catalog.seed_format import HealthFact, ParameterFact, SeedModel, SeedOffer
from apps.catalog.sources.base import AliasFact, Picture, ProviderFact
from apps.catalog.sync.prices import ListDiff
from apps.catalog.sync.stored import Place, StoredOffer, StoredRow, Values


@dataclass(slots=True)
class Patch:
    """New values of one stored row, with what they were."""

    row: StoredRow
    name: str  # its slug, or its place in words
    values: Values = field(default_factory=dict)
    old: Values = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not self.values and not self.provenance


@dataclass(frozen=True, slots=True)
class NewModel:
    id: UUID
    fact: SeedModel
    values: Values


@dataclass(slots=True)
class OfferDiff:
    """All that happens to one offer; `row` is None where it is new."""

    id: UUID
    place: Place
    model: str
    row: StoredOffer | None
    fact: SeedOffer
    values: Values = field(default_factory=dict)
    old: Values = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    prices: ListDiff = field(default_factory=ListDiff)
    is_first_price: bool = True
    parameters: "ParameterDiff | None" = None
    health: HealthFact | None = None
    # It gets another owner or another date, whatever else stays.
    is_taken_over: bool = False
    returns: bool = False

    @property
    def is_empty(self) -> bool:
        plain = self.prices == ListDiff() and not self.parameters and not self.health
        kept = not self.values and not self.provenance and not self.returns
        return bool(self.row) and plain and kept and not self.is_taken_over


@dataclass(frozen=True, slots=True)
class ParameterDiff:
    """Rows of the matrix to write or to remove."""

    puts: tuple[tuple[UUID, ParameterFact], ...] = ()
    removes: tuple[UUID, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AliasDiff:
    """A name to write; `id` is None where it is new."""

    id: UUID | None
    fact: AliasFact
    model: str


@dataclass(slots=True)
class Diff:
    """Everything one picture changes."""

    picture: Picture
    is_first_look: bool = False
    new_providers: list[ProviderFact] = field(default_factory=list)
    providers: list[Patch] = field(default_factory=list)
    new_models: list[NewModel] = field(default_factory=list)
    models: list[Patch] = field(default_factory=list)
    offers: list[OfferDiff] = field(default_factory=list)
    aliases: list[AliasDiff] = field(default_factory=list)
    # Covered by the picture and not in it, whether for the first time or again.
    missing: list[StoredOffer] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write; what is missing may still be delisted."""
        return not (
            self.new_providers
            or self.providers
            or self.new_models
            or self.models
            or self.offers
            or self.aliases
            or any(offer.missing_since is None for offer in self.missing)
        )
