"""The stack as pages and the API show it: use cases with volume, price and cost."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from apps.kit.clock import utc_now
from apps.portfolio.costs import MonthlyCost, monthly_costs
from apps.portfolio.models import Function, Product, UseCase
from apps.portfolio.queries import products, volumes
from apps.portfolio.volume import Volume
from apps.router.engine.rules import read_rules


@dataclass(frozen=True, slots=True)
class UseCaseLine:
    """A use case with how much it is used and what that costs a month."""

    use_case: UseCase
    volume: Volume
    cost: MonthlyCost

    @property
    def is_ending(self) -> bool:
        """Whether an end of its model was announced, or has come."""
        model = self.use_case.current_model
        return bool(model.sunset_on or model.deprecated_on) or model.status != "active"

    @property
    def routed_to(self) -> str:
        """The model that its alias always takes, where that is another one."""
        alias = self.use_case.alias
        forced = read_rules(alias.rules).forced if alias else ""
        return forced if forced != self.use_case.current_model.slug else ""


@dataclass(frozen=True, slots=True)
class Branch:
    """A function with its use cases."""

    function: Function
    lines: list[UseCaseLine]


@dataclass(frozen=True, slots=True)
class Tree:
    """A product with all that is in it; `month_usd` sums up what is known."""

    product: Product
    branches: list[Branch] = field(default_factory=list)

    @property
    def lines(self) -> list[UseCaseLine]:
        return [line for branch in self.branches for line in branch.lines]

    @property
    def month_usd(self) -> Decimal | None:
        return total(self.lines)

    @property
    def unknown(self) -> int:
        return sum(line.cost.usd is None for line in self.lines)

    @property
    def is_measured(self) -> bool:
        """Whether every use case with a cost is measured."""
        return are_measured(self.lines)


def total(lines: Sequence[UseCaseLine]) -> Decimal | None:
    """The sum of the known costs; None where not one is known."""
    known = [line.cost.usd for line in lines if line.cost.usd is not None]
    return sum(known, Decimal(0)) if known else None


def are_measured(lines: Sequence[UseCaseLine]) -> bool:
    """Whether a sum of these costs rests on measured volume alone."""
    return all(line.volume.is_measured for line in lines if line.cost.usd is not None)


def lines_of(
    use_cases: Sequence[UseCase], *, now: datetime | None = None
) -> list[UseCaseLine]:
    """Volume, price and cost of use cases, in a handful of statements for all."""
    now = now or utc_now()
    used = volumes(use_cases, now=now)
    costs = monthly_costs(use_cases, used, now=now)
    return [UseCaseLine(one, used[one.id], costs[one.id]) for one in use_cases]


def trees(found: Sequence[Product] | None = None) -> list[Tree]:
    """Every product with its functions and use cases."""
    shown = products() if found is None else found
    inner = [
        use_case
        for product in shown
        for function in product.functions.all()
        for use_case in function.use_cases.all()
    ]
    by_id = {line.use_case.id: line for line in lines_of(inner)}
    return [
        Tree(
            product,
            [
                Branch(function, [by_id[one.id] for one in function.use_cases.all()])
                for function in product.functions.all()
            ],
        )
        for product in shown
    ]
