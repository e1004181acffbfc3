"""Which models, families and providers an organization uses: portfolio and router."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

from apps.catalog.models import AIModel
from apps.kit.clock import utc_now
from apps.portfolio.models import Product, UseCase
from apps.router.models import UsageDay

# What was called within so many days is in use.
CALLED_WITHIN: Final = timedelta(days=30)


@dataclass(slots=True)
class InUse:
    """By model the providers it is used at; empty: nobody said at which."""

    models: dict[UUID, set[str]] = field(default_factory=lambda: defaultdict(set))
    families: set[tuple[str, str]] = field(default_factory=set)

    @property
    def providers(self) -> set[str]:
        return set().union(*self.models.values())

    def has(self, model_id: UUID | None, provider: str = "") -> bool:
        """Whether the model is in use, and at this provider as far as is known."""
        if model_id is None or model_id not in self.models:
            return False
        known = self.models[model_id]
        return not known or not provider or provider in known


def orgs_that_use() -> list[UUID]:
    """Organizations with a portfolio or with traffic; across all of them."""
    since = (utc_now() - CALLED_WITHIN).date()
    stacks = UseCase.objects.values_list("org_id", flat=True)
    callers = UsageDay.objects.filter(day__gte=since).values_list("org_id", flat=True)
    return sorted({*stacks.distinct(), *callers.distinct()})


def in_use() -> InUse:
    """What the organization in scope uses; a demo portfolio is nobody's stack."""
    use = InUse()
    active = UseCase.objects.filter(
        function__product__status=Product.Status.ACTIVE,
        function__product__is_demo=False,
    )
    for used_id, provider in active.values_list(
        "current_model_id", "current_provider__slug"
    ):
        use.models[used_id].update([provider] if provider else [])
    called = _called()
    slugs = {slug for slug, _ in called}
    ids = dict(AIModel.objects.filter(slug__in=slugs).values_list("slug", "id"))
    for slug, provider in called:
        if slug in ids:
            use.models[ids[slug]].add(provider)
    _add_families(use)
    return use


def _called() -> list[tuple[str, str]]:
    """Models and providers that answered the organization's own calls lately."""
    since = (utc_now() - CALLED_WITHIN).date()
    rows = UsageDay.objects.filter(day__gte=since, is_test=False, purpose="call")
    return list(rows.values_list("model", "provider").distinct())


def _add_families(use: InUse) -> None:
    rows = AIModel.objects.filter(id__in=list(use.models)).exclude(family="")
    use.families = set(rows.values_list("author", "family"))
