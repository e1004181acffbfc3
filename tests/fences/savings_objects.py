"""Switches that an address can name: see `objects.py`."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from apps.accounts.models import Organization
from apps.kit.clock import utc_now
from apps.opportunities.models import Opportunity
from apps.savings.models import Switch
from apps.tenancy.scope import scope
from tests.portfolio.making import make_model, make_use_case

OTHER: Final = "other-house/other-model"


def _switch(org: Organization) -> UUID:
    """A decision that is recorded, with nothing of the router behind it."""
    use_case = make_use_case(org)
    with scope(org.id):
        return Switch.objects.create(
            use_case_id=use_case.id,
            use_case_name=use_case.name,
            product_id=use_case.function.product_id,
            product_name="Named",
            from_model=make_model(),
            to_model=make_model(OTHER),
            mode=Switch.Mode.RECORDED,
            state=Switch.State.RECORDED,
            live_at=utc_now(),
        ).id


def _switchable(org: Organization) -> UUID:
    """An opportunity that somebody could switch to."""
    use_case = make_use_case(org)
    with scope(org.id):
        return Opportunity.objects.create(
            use_case=use_case,
            current_model=use_case.current_model,
            candidate_model=make_model(OTHER),
            kind="quality_upgrade",
            band=Opportunity.Band.MINOR,
            fit_gain=0.2,
            confidence=50,
            risk=0,
            effort=Opportunity.Effort.LOW,
        ).id


SAVINGS_OBJECTS: Final[dict[str, Callable[[Organization], UUID]]] = {
    "switch": _switch,
    "switchable": _switchable,
}
