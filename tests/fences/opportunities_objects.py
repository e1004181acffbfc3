"""Opportunities that an address can name: see `objects.py`."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final
from uuid import UUID

from apps.accounts.models import Organization
from apps.opportunities.models import Opportunity
from apps.tenancy.scope import scope
from tests.portfolio.making import make_model, make_use_case


def _opportunity(org: Organization) -> UUID:
    """An open one, of a use case of its own."""
    use_case = make_use_case(org)
    candidate = make_model("candidate-house/candidate-model")
    with scope(org.id):
        return Opportunity.objects.create(
            use_case=use_case,
            current_model=use_case.current_model,
            candidate_model=candidate,
            kind="cost_saving",
            band="minor",
            fit_gain=0.2,
            confidence=30,
            risk=2,
            effort="low",
            savings_month_usd=Decimal(20),
        ).id


OPPORTUNITIES_OBJECTS: Final[dict[str, Callable[[Organization], UUID]]] = {
    "opportunity": _opportunity
}
