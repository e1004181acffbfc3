"""Reads of imports: drafts, what was confirmed, and what of it came before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from apps.kit.errors import NotFoundError
from apps.portfolio.imports.formats import LABELS, TRAFFIC
from apps.portfolio.imports.propose import Averages, Proposal, averages
from apps.portfolio.models import Import, UseCase

MOST_LISTED: Final = 50


@dataclass(frozen=True, slots=True)
class ProposalLine:
    """One proposal with a month of it, and the use case it is about, if any."""

    number: int
    proposal: Proposal
    month: Averages
    use_case: UseCase | None


@dataclass(frozen=True, slots=True)
class Preview:
    """An import as its page shows it."""

    stored: Import
    label: str
    lines: list[ProposalLine]
    # The same file, confirmed before.
    earlier: Import | None

    @property
    def is_traffic(self) -> bool:
        return self.stored.format == TRAFFIC


def get_import(import_id: UUID) -> Import:
    """An import of the organization; raises NotFoundError."""
    found = Import.objects.filter(id=import_id).first()
    if found is None:
        raise NotFoundError("There is no such import.")
    return found


def imports() -> list[Import]:
    """The newest imports, drafts included."""
    return list(Import.objects.order_by("-created_at", "-id")[:MOST_LISTED])


def preview(import_id: UUID) -> Preview:
    """Everything its page shows; raises NotFoundError."""
    stored = get_import(import_id)
    proposals = [Proposal.from_json(one) for one in stored.proposals]
    known = _use_cases(proposals)
    lines = [
        ProposalLine(number, one, averages(one), known.get(one.use_case_id))
        for number, one in enumerate(proposals)
    ]
    label = LABELS.get(stored.format, stored.format)
    return Preview(stored, label, lines, _earlier(stored))


def _use_cases(proposals: Sequence[Proposal]) -> dict[str, UseCase]:
    ids = {one.use_case_id for one in proposals if one.use_case_id}
    found = UseCase.objects.filter(id__in=ids).select_related("function__product")
    return {str(one.id): one for one in found}


def _earlier(stored: Import) -> Import | None:
    if not stored.digest or stored.confirmed_at:
        return None
    same = Import.objects.filter(digest=stored.digest).exclude(confirmed_at=None)
    return same.order_by("-confirmed_at").first()
