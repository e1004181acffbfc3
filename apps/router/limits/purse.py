"""One process's lease of one budget: whole nano-dollars in, never more out.

`leased` is what Postgres counts as held by this process. It covers, at every moment,
what is reserved for requests under way and what was spent but is not in the ledger
yet; the rest is free for the next request. So the sum over all processes and the
ledger stays within the budget, whoever stops at whatever moment.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from apps.router.limits.rules import BudgetRule


@dataclass(slots=True, eq=False)
class Purse:
    """A lease and what it is used for."""

    rule: BudgetRule
    org_id: UUID
    starts_on: date
    leased: int = 0
    reserved: int = 0
    unshipped: int = 0
    # What Postgres has on record of this lease; equal to `leased` when in step.
    stored: int = 0
    # How much the last lease brought at once.
    slice: int = 0
    # As Postgres said last: the ledger's sum, everybody's leases, and the limit.
    spent: int = 0
    held: int = 0
    limit: int = 0
    is_gone: bool = False
    used_at: float = 0.0
    denied_until: float = 0.0

    @property
    def free(self) -> int:
        return self.leased - self.reserved - self.unshipped

    @property
    def left(self) -> int:
        """What nobody had leased, when Postgres said last."""
        return max(0, self.limit - self.spent - self.held)

    @property
    def used_share(self) -> float:
        """How much of the budget is spent, 0 to 1 and beyond."""
        return (self.spent + self.unshipped) / self.limit if self.limit else 1.0

    def grant(self, amount: int) -> None:
        """Postgres has leased this much more."""
        self.leased += amount
        self.stored += amount

    def reserve(self, amount: int) -> None:
        self.reserved += amount

    def give_back(self, amount: int) -> None:
        """The request was not sent after all."""
        self.reserved -= amount

    def settle(self, amount: int, cost: int) -> None:
        """The request is over: it had `amount` reserved and cost `cost`."""
        self.reserved -= amount
        self.unshipped += cost

    def shipped(self, cost: int) -> None:
        """The ledger has it now, so this lease need not cover it any longer."""
        self.unshipped -= cost
        self.leased = max(0, self.leased - cost)

    def trim(self, keep: int) -> None:
        """Give up what is free beyond `keep`; take on what was spent beyond the lease,
        which only a provider that charges more than its own limits can bring about.
        """
        used = self.reserved + self.unshipped
        self.leased = max(used, min(self.leased, used + keep))

    @property
    def is_idle(self) -> bool:
        return not (self.leased or self.stored)
