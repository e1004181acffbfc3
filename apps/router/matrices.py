"""The parameter matrix as the catalog has it, for the router's snapshot."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from apps.catalog.models import Offer, OfferParameter
from apps.kit.money import PriceRow
from apps.router.engine.parameters import Matrix, Parameter

OUTPUT = "output"


def read_matrices(using: str = "jobs") -> dict[UUID, Matrix]:
    """What is known of each offer's parameters; offers that know the same share it."""
    complete = set(
        Offer.objects.using(using)
        .filter(has_parameter_list=True)
        .values_list("id", flat=True)
    )
    known: dict[UUID, list[tuple[str, Parameter]]] = defaultdict(list)
    rows = OfferParameter.objects.using(using).order_by("offer_id", "name")
    for offer_id, name, *facts in rows.values_list(*_COLUMNS):
        known[offer_id].append((name, _parameter(facts)))
    shared: dict[tuple[object, ...], Matrix] = {}
    found: dict[UUID, Matrix] = {}
    for offer_id in complete | known.keys():
        own, is_complete = tuple(known.get(offer_id, ())), offer_id in complete
        key = (own, is_complete)
        if key not in shared:
            shared[key] = Matrix(dict(own), is_complete)
        found[offer_id] = shared[key]
    return found


_COLUMNS: Final = (
    *("offer_id", "name"),
    *("is_supported", "minimum", "maximum", "choices"),
)


def _parameter(facts: Sequence[Any]) -> Parameter:
    is_supported, minimum, maximum, choices = facts
    named = tuple(map(str, choices)) if isinstance(choices, list) else ()
    return Parameter(is_supported, minimum, maximum, named)


def priced_without_output(rows: Sequence[PriceRow]) -> list[PriceRow]:
    """The price of embeddings, which have no output that could cost anything.

    Some lists say so with a price of zero, and others by saying nothing.
    """
    if any(row.component == OUTPUT for row in rows):
        return list(rows)
    return [*rows, PriceRow(OUTPUT, Decimal(0))]
