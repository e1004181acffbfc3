"""Look for opportunities of the organization in scope, and keep what is found.

Everything of one look is one transaction: killed half way it leaves nothing, and run
again it finds the same rows.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from apps.kit.clock import utc_now
from apps.opportunities.cases import Known, cases_of, knowns, looked_at
from apps.opportunities.engine.filters import refusals
from apps.opportunities.engine.finding import Option, find_all
from apps.opportunities.engine.fit import Case
from apps.opportunities.engine.need import USUAL, Thresholds
from apps.opportunities.keeping import Book, kept_of
from apps.opportunities.market import Market, market
from apps.opportunities.states import Kept, basis_of, when_found, when_gone
from apps.opportunities.stored import columns_of, details_of, in_json
from apps.opportunities.telling import New, tell

# States in which somebody, or a switch, has decided: spoken of whatever the rank.
DECIDED: Final = frozenset(("dismissed", "accepted"))
# What stays as it is until it is found again.
OVER: Final = frozenset(("accepted", "expired", "invalidated"))


@dataclass(slots=True)
class Looked:
    """What a look came to."""

    use_cases: int = 0
    open: int = 0
    new: int = 0
    gone: int = 0


def rescore(
    use_case_ids: Iterable[UUID] | None = None,
    *,
    only: frozenset[UUID] | None = None,
    at: Market | None = None,
    now: datetime | None = None,
) -> Looked:
    """Look again at these use cases, or at all of active products.

    With `only`, candidates alone that are among these models: for a change that
    touched nothing else.
    """
    now = now or utc_now()
    ids = None if use_case_ids is None else list(use_case_ids)
    with transaction.atomic():
        known = knowns(looked_at(ids))
        kept = kept_of(one.use_case.id for one in known)
        look = Look(at or market(), now, only, kept)
        cases = look.cases(known)
        look.take(known, dict(options_of(cases, look.market, now=now, only=only)))
        look.write()
    return look.looked


def options_of(
    cases: Iterable[Case], at: Market, *, now: datetime, only: frozenset[UUID] | None
) -> Iterator[tuple[UUID, list[Option]]]:
    """What is found for each, whosever they are."""
    return find_all(cases, at.table, now=now, thresholds=thresholds(), only=only)


def thresholds() -> Thresholds:
    """From where on a difference is told: settings, with the documented defaults."""
    given = settings.OPPORTUNITY_THRESHOLDS
    return replace(USUAL, **given) if given else USUAL


class Look:
    """One look at some use cases of the organization in scope."""

    def __init__(
        self,
        at: Market,
        now: datetime,
        only: frozenset[UUID] | None,
        kept: Mapping[UUID, dict[UUID, Kept]],
    ) -> None:
        self.market, self.now, self.only, self.kept = at, now, only, kept
        self.book = Book(now)
        self.new: list[New] = []
        self.looked = Looked()
        self._cases: dict[UUID, Case] = {}

    def cases(self, known: Sequence[Known], *, is_checked: bool = True) -> list[Case]:
        """What is to be scored."""
        found = cases_of(
            known,
            self.market,
            held=self._models(lambda state: state in DECIDED),
            open_=self._models(lambda state: state == "active"),
            is_checked=is_checked,
        )
        self._cases = {case.key: case for case in found}
        return found

    def take(
        self, known: Sequence[Known], found: Mapping[UUID, Sequence[Option]]
    ) -> None:
        """Note what was found of each, and what was not."""
        for one in known:
            self.looked.use_cases += 1
            case = self._cases.get(one.use_case.id)
            if case is None:
                self._unknown(one)
            else:
                self._one(case, one.use_case.name, found[case.key])

    def write(self) -> None:
        """All of it, in the caller's transaction."""
        self.book.write()
        tell(self.new)

    def _models(self, wanted: Callable[[str], bool]) -> dict[UUID, frozenset[UUID]]:
        return {
            use_case_id: frozenset(
                model_id for model_id, kept in rows.items() if wanted(kept.state)
            )
            for use_case_id, rows in self.kept.items()
        }

    def _one(self, case: Case, name: str, options: Sequence[Option]) -> None:
        rows = self.kept.get(case.key, {})
        for option in options:
            model_id = option.candidate.model_id
            kept = rows.get(model_id)
            basis = basis_of(option.current, option.candidate, case.need.task)
            step = when_found(kept, option, basis, self.now)
            evidence = case.evidence.get(model_id)
            details = details_of(option, case.need, evidence)
            details["decision_basis"] = basis
            row = {
                "candidate_model_id": model_id,
                **columns_of(option),
                "details": in_json(details),
            }
            row_id = self.book.put(case.key, kept, step, row)
            self.looked.open += step.state == "active"
            if step.what in {"found", "returned"}:
                self.new.append(New(row_id, case.key, name, option))
                self.looked.new += 1
        self._rest(case, rows, {option.candidate.model_id for option in options})

    def _rest(self, case: Case, rows: dict[UUID, Kept], found: set[UUID]) -> None:
        """What was kept, and was not found again."""
        for model_id, kept in rows.items():
            is_asked = self.only is None or model_id in self.only
            if model_id in found or not is_asked or kept.state in OVER:
                continue
            step = when_gone(kept, case.current.model_id, self._refusal(case, model_id))
            self.looked.gone += step.state != kept.state
            self.book.leave(kept, step)

    def _refusal(self, case: Case, model_id: UUID) -> str:
        candidate = self.market.nearest(model_id, case.need)
        if candidate is None:
            return "It is no longer in the catalog."
        reasons = refusals(
            candidate,
            case.need,
            today=self.now.date(),
            current=case.current,
            evidence=case.evidence.get(model_id),
        )
        return "; ".join(reasons)

    def _unknown(self, one: Known) -> None:
        """The current model is not in the catalog: nothing can be said."""
        for kept in self.kept.get(one.use_case.id, {}).values():
            step = when_gone(
                kept,
                one.use_case.current_model_id,
                "The current model is not in the catalog.",
            )
            self.book.leave(kept, step)
