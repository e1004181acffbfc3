"""Look at use cases of many organizations at once, for a change that touches them all.

Read of everybody, scored in one go, and then written one organization at a time, each
in a transaction of its own. Nothing is locked in between: where something is no longer
as it was read, that organization is looked at again by itself.
"""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Final
from uuid import UUID

from django.db import transaction

from apps.checks.models import Check
from apps.jobs.lock import Held
from apps.kit.clock import utc_now
from apps.opportunities.cases import Known, knowns, looked_at
from apps.opportunities.engine.finding import Option
from apps.opportunities.engine.fit import Case
from apps.opportunities.finder import Look, options_of, rescore
from apps.opportunities.keeping import MovedError, kept_across
from apps.opportunities.market import Market
from apps.opportunities.states import Kept
from apps.portfolio.models import UseCase
from apps.router.engine.rules import NO_RULES, Rules, read_rules
from apps.router.models import Policy
from apps.tenancy.scope import scope, unscoped

# Use cases that are in memory at once with all that is found for them.
TOGETHER: Final = 1_000
type Wanted = tuple[UUID, list[UUID]]  # an organization, and use cases of it


@dataclass(frozen=True, slots=True)
class Across:
    """What is read of all organizations in a statement each."""

    kept: Mapping[UUID, dict[UUID, Kept]]
    policies: Mapping[UUID, Rules]
    # Organizations that have checks.
    checked: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Part:
    """One organization's share of the work."""

    org_id: UUID
    ids: list[UUID]
    known: list[Known]
    look: Look
    cases: list[Case]


def look_together(
    held: Held, wanted: Sequence[Wanted], at: Market, *, only: frozenset[UUID] | None
) -> int:
    """Re-score these use cases; how many that were."""
    count = 0
    for batch in _batches(wanted):
        with _no_collecting():
            _look(held, batch, at, only)
        count += sum(len(ids) for _, ids in batch)
    return count


def _look(
    held: Held, batch: Sequence[Wanted], at: Market, only: frozenset[UUID] | None
) -> None:
    now = utc_now()
    parts = list(_parts(batch, at, now, only))
    cases = chain.from_iterable(part.cases for part in parts)
    found = dict(options_of(cases, at, now=now, only=only))
    for part in parts:
        with scope(part.org_id):
            _write(held, part, found)


@contextmanager
def _no_collecting() -> Iterator[None]:
    """A batch is many small objects and no cycles: looking for these takes a third of
    the time, and finds nothing.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _batches(wanted: Sequence[Wanted]) -> Iterator[list[Wanted]]:
    batch: list[Wanted] = []
    for org_id, ids in wanted:
        if batch and sum(len(some) for _, some in batch) + len(ids) > TOGETHER:
            yield batch
            batch = []
        batch.append((org_id, ids))
    if batch:
        yield batch


def _parts(
    batch: Sequence[Wanted], at: Market, now: datetime, only: frozenset[UUID] | None
) -> Iterator[Part]:
    across = _across(batch)
    for org_id, ids in batch:
        policy = across.policies.get(org_id, NO_RULES)
        with scope(org_id), transaction.atomic():
            known = knowns(looked_at(ids), policy=policy)
            kept = {
                use_case_id: across.kept.get(use_case_id, {}) for use_case_id in ids
            }
            look = Look(at, now, only, kept)
            cases = look.cases(known, is_checked=org_id in across.checked)
        yield Part(org_id, ids, known, look, cases)


def _across(batch: Sequence[Wanted]) -> Across:
    org_ids = [org_id for org_id, _ in batch]
    ids = [use_case_id for _, some in batch for use_case_id in some]
    with unscoped("a change of the catalog touches use cases of every organization"):
        policies = Policy.objects.filter(org_id__in=org_ids)
        checks = Check.objects.filter(org_id__in=org_ids, use_case__isnull=False)
        return Across(
            kept_across(org_ids, ids),
            {row.org_id: read_rules(row.rules) for row in policies},
            frozenset(checks.values_list("org_id", flat=True).distinct()),
        )


def _write(held: Held, part: Part, found: Mapping[UUID, list[Option]]) -> None:
    """What was found for one organization; looked for anew if it is out of date."""
    look = part.look
    look.take(part.known, found)
    try:
        with held.unit():
            if look.book.new and not _is_as_read(part):
                raise MovedError
            look.write()
    except MovedError:
        with held.unit():
            rescore(part.ids, only=look.only, at=look.market)


def _is_as_read(part: Part) -> bool:
    """Whether the use cases still need and run on the same; what is new has no row yet
    that would tell of a look in between.
    """
    rows = UseCase.objects.filter(id__in=[one.use_case.id for one in part.known])
    stamps = set(rows.values_list("id", "updated_at", "function__updated_at"))
    read = ((one.use_case, one.use_case.function) for one in part.known)
    return stamps == {
        (use_case.id, use_case.updated_at, function.updated_at)
        for use_case, function in read
    }
