"""A check and a set of prompts that an address can name: see `objects.py`."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from apps.accounts.models import Organization
from apps.tenancy.scope import scope
from tests.checks.making import make_done, make_set


def _check(org: Organization) -> UUID:
    """Done, with answers and without a verdict."""
    with scope(org.id):
        return make_done(1).id


def _prompt_set(org: Organization) -> UUID:
    with scope(org.id):
        return make_set(1).id


CHECKS_OBJECTS: Final[dict[str, Callable[[Organization], UUID]]] = {
    "check": _check,
    "prompt_set": _prompt_set,
}
