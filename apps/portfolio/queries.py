"""Reads of the customer's stack, of how much it is used, and of what went through."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Prefetch, Q, QuerySet

from apps.kit.clock import utc_now
from apps.kit.errors import NotFoundError
from apps.portfolio.models import Function, Product, UseCase
from apps.portfolio.volume import MEASURED_OVER, Traffic, Typed, Volume, volume
from apps.router.usage import UsageFilter, grouped_usage

# A customer's own calls: no test keys, no shadows, judges or checks of ours.
OWN_CALLS: Final = UsageFilter(mode="live", purpose="call")


def get_use_case(use_case_id: UUID) -> UseCase:
    """A use case with all that it stands in; raises NotFoundError."""
    found = _use_cases().filter(id=use_case_id).first()
    if found is None:
        raise NotFoundError("There is no such use case.")
    return found


def use_cases(
    *, all_products: bool = False, ids: Iterable[UUID] | None = None
) -> list[UseCase]:
    """The use cases of active products, or of all; by product, function and name."""
    found = _use_cases()
    if not all_products:
        found = found.filter(function__product__status=Product.Status.ACTIVE)
    if ids is not None:
        found = found.filter(id__in=list(ids))
    return list(found.order_by("function__product__name", "function__name", "name"))


def get_product(product_id: UUID) -> Product:
    """A product with its functions and their use cases; raises NotFoundError."""
    found = _trees().filter(id=product_id).first()
    if found is None:
        raise NotFoundError("There is no such product.")
    return found


def products() -> list[Product]:
    """Every product with its functions and their use cases; the archived last."""
    order = {Product.Status.ACTIVE: 0, Product.Status.DRAFT: 1}
    return sorted(_trees(), key=lambda p: order.get(Product.Status(p.status), 2))


def get_function(function_id: UUID) -> Function:
    """A function with its product; raises NotFoundError."""
    found = Function.objects.select_related("product").filter(id=function_id).first()
    if found is None:
        raise NotFoundError("There is no such function.")
    return found


def functions(product_id: UUID | None = None) -> list[Function]:
    """Every function with its product and how many use cases it has."""
    found = Function.objects.select_related("product")
    if product_id is not None:
        found = found.filter(product_id=product_id)
    counted = found.annotate(use_case_count=Count("use_cases"))
    return list(counted.order_by("product__name", "name", "id"))


def use_cases_of_models(model_ids: Iterable[UUID]) -> QuerySet[UseCase]:
    """Which use cases run on these models today."""
    return UseCase.objects.filter(current_model_id__in=list(model_ids))


def volume_of(use_case: UseCase) -> Volume:
    """How much one use case is used; it was read by one of the functions above."""
    return volumes([use_case])[use_case.id]


def volumes(
    use_cases: Sequence[UseCase], *, now: datetime | None = None
) -> dict[UUID, Volume]:
    """How much each use case is used: two statements at the most, however many."""
    now = now or utc_now()
    names = {one.id: one.alias.name for one in use_cases if one.alias}
    traffic = traffic_by_alias(now) if names else {}
    return {
        one.id: volume(typed_of(one), traffic.get(names.get(one.id, "")), now=now)
        for one in use_cases
    }


def typed_of(use_case: UseCase) -> Typed:
    """What was typed for a use case, or said for it by a template or a file."""
    return Typed(
        use_case.calls_month,
        use_case.input_tokens,
        use_case.output_tokens,
        use_case.cached_share,
        origin=use_case.volume_origin,
        note=use_case.volume_note,
    )


def traffic_by_alias(now: datetime) -> dict[str, Traffic]:
    """What went through each alias in the last 30 days, by the router's roll-ups."""
    start = now - MEASURED_OVER
    rows = grouped_usage(start, now, ("alias",), wanted=OWN_CALLS)
    return {row["alias"]: traffic_of(row) for row in rows if row["alias"]}


def traffic_of(row: dict[str, Any]) -> Traffic:
    """Calls that a provider answered: not what failed, nor what the cache gave."""
    return Traffic(
        requests=row["requests"] - row["failed"] - row["cache_hits"],
        input_tokens=row["input_tokens"],
        cached_tokens=row["cached_tokens"],
        output_tokens=row["output_tokens"],
        first_day=row["first_day"],
    )


def has_demo() -> bool:
    """Whether the demo portfolio is loaded."""
    return Product.objects.filter(is_demo=True).exists()


def counts() -> dict[str, int]:
    """How many products and functions count towards the plan.

    The demo's do not, and neither does what is archived.
    """
    counted = ~Q(status=Product.Status.ARCHIVED) & Q(is_demo=False)
    live = Product.objects.filter(counted)
    return {
        "products": live.count(),
        "functions": Function.objects.filter(product__in=live).count(),
    }


def _use_cases() -> QuerySet[UseCase]:
    return UseCase.objects.select_related(
        "function__product", "current_model", "current_provider", "alias"
    )


def _trees() -> QuerySet[Product]:
    inner = _use_cases().order_by("name", "id")
    functions = Function.objects.order_by("name", "id").prefetch_related(
        Prefetch("use_cases", queryset=inner)
    )
    trees = Product.objects.prefetch_related(Prefetch("functions", queryset=functions))
    return trees.order_by("is_demo", "name", "id")
