"""Rows of the portfolio that an address can name: see `objects.py`."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from apps.accounts.models import Organization
from apps.portfolio.import_services import Upload, upload_export
from apps.tenancy.scope import scope
from tests.fences.portfolio_addresses import EXPORT
from tests.portfolio.making import make_function, make_product, make_use_case


def _import(org: Organization) -> UUID:
    with scope(org.id):
        return upload_export(Upload(EXPORT.encode(), "usage.csv"), by=None).id


PORTFOLIO_OBJECTS: Final[dict[str, Callable[[Organization], UUID]]] = {
    "product": lambda org: make_product(org).id,
    "function": lambda org: make_function(org).id,
    "use_case": lambda org: make_use_case(org).id,
    "import": _import,
}
