"""What changes in the customer's requests with a switch to one opportunity's model."""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.opportunities.cases import knowns
from apps.opportunities.engine.migration import Change, Snippet, changes, snippets
from apps.opportunities.market import market
from apps.opportunities.models import Opportunity


@dataclass(frozen=True, slots=True)
class Migration:
    changes: Sequence[Change]
    snippets: Sequence[Snippet]
    # Of the provider's own API, for who calls it without the router.
    provider: str = ""
    upstream_id: str = ""
    is_routed: bool = False


def migration_of(opportunity: Opportunity, *, base_url: str) -> Migration | None:
    """By what the catalog knows now; None where a side is no longer in it."""
    use_case, at = opportunity.use_case, market()
    current = at.current(use_case.current_model_id, use_case.current_provider_id)
    [known] = knowns([use_case])
    candidate = at.nearest(opportunity.candidate_model_id, known.need)
    if current is None or candidate is None:
        return None
    alias = use_case.alias.name if use_case.alias else ""
    return Migration(
        changes(current, candidate, known.need),
        snippets(candidate, base_url=base_url, alias=alias),
        candidate.provider_name,
        candidate.upstream_id,
        known.need.is_routed,
    )
