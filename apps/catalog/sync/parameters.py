"""The parameter matrix of one offer against the stored one. Pure."""

from collections.abc import Mapping
from uuid import UUID

from apps.catalog.provenance import EDITED
from apps.catalog.seed_format import ParameterFact
from apps.catalog.sync.entries import ParameterDiff
from apps.catalog.sync.stored import StoredParameter
from apps.kit.ids import uuid7


def diff_parameters(
    facts: tuple[ParameterFact, ...] | None,
    stored: Mapping[str, StoredParameter],
    origin: str,
) -> ParameterDiff | None:
    """The matrix of one offer; rows of an editor's stay, whatever a source says."""
    if facts is None:
        return None
    wanted = {fact.name: fact for fact in facts}
    puts: list[tuple[UUID, ParameterFact]] = []
    added: list[str] = []
    changed: list[str] = []
    for name, fact in wanted.items():
        held = stored.get(name)
        if held and (held.origin == EDITED or held.values == _parameter(fact)):
            continue
        puts.append((held.id if held else uuid7(), fact))
        (changed if held else added).append(name)
    gone = {
        name: held
        for name, held in stored.items()
        if name not in wanted and held.origin == origin
    }
    if not puts and not gone:
        return None
    return ParameterDiff(
        puts=tuple(puts),
        removes=tuple(held.id for held in gone.values()),
        added=tuple(sorted(added)),
        removed=tuple(sorted(gone)),
        changed=tuple(sorted(changed)),
    )


def _parameter(fact: ParameterFact) -> tuple[object, ...]:
    choices = list(fact.choices) if fact.choices else None
    return fact.is_supported, fact.default, choices
