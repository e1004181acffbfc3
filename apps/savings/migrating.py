"""What a switch asks of the customer's own code, as it is kept with the record."""

from dataclasses import asdict
from typing import Any

from django.conf import settings

from apps.opportunities.cases import knowns
from apps.opportunities.engine.migration import changes, snippets
from apps.savings.proposing import Proposal


def migration_of(proposal: Proposal) -> dict[str, Any]:
    """Each parameter to keep, adjust, drop or add, and code to copy; empty where the
    catalog does not know both models.
    """
    before, after = proposal.before, proposal.after
    if before is None or after is None:
        return {}
    use_case = proposal.use_case
    [known] = knowns([use_case])
    alias = use_case.alias.name if use_case.alias else ""
    found = snippets(after, base_url=settings.SITE_URL, alias=alias)
    return {
        "changes": [asdict(one) for one in changes(before, after, known.need)],
        "snippets": [asdict(one) for one in found],
    }
