"""Places for products and functions: what the plan allows, and what is taken."""

from dataclasses import dataclass
from typing import Final

from apps.accounts import entitlements
from apps.kit.errors import QuotaExceededError
from apps.portfolio.queries import counts
from apps.tenancy.scope import require_org_id

# A warning is shown from this share of a limit on, and on the last place.
WARN_FROM: Final = 0.8


@dataclass(frozen=True, slots=True)
class Places:
    """How many of one thing there are; `limit` is None where the plan has none."""

    what: str
    used: int
    limit: int | None

    @property
    def is_full(self) -> bool:
        return self.limit is not None and self.used >= self.limit

    @property
    def is_near(self) -> bool:
        if self.limit is None or self.is_full:
            return False
        return self.used >= self.limit * WARN_FROM or self.used + 1 == self.limit


def places() -> dict[str, Places]:
    """The places of the organization in scope, by "products" and "functions"."""
    org_id, used = require_org_id(), counts()
    return {
        what: Places(what, used[what], entitlements.limit(org_id, what))
        for what in ("products", "functions")
    }


def require_place(what: str, *, more: int = 1) -> None:
    """Refuse when the plan has no room; under the organization's lock."""
    found = places()[what]
    if found.limit is not None and found.used + more > found.limit:
        name = what if found.limit != 1 else what.removesuffix("s")
        raise QuotaExceededError(
            f"The plan has room for {found.limit} {name}, and {found.used} "
            f"{'is' if found.used == 1 else 'are'} there. Archive or delete what you "
            "no longer need, or choose a larger plan."
        )
