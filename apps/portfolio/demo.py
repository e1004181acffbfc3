"""The demo portfolio: six use cases of a firm that does not exist, in and out as one.

Its rows are known by their product (`is_demo`), to which nothing else can be added, so
that removing it takes nothing of the customer's along. Its figures are made up and say
so; its prices are the catalog's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import transaction

from apps.accounts.member_services import lock_organization
from apps.audit.services import record
from apps.catalog.models import AIModel
from apps.kit.errors import ConflictError
from apps.portfolio.blueprints import BY_SLUG
from apps.portfolio.models import Function, Product, UseCase, VolumeOrigin
from apps.portfolio.services import (
    NewProduct,
    NewUseCase,
    add_use_case,
    create_product,
    rescore,
)

NAME: Final = "Harbor Goods (demo)"
NOTE: Final = "demo portfolio, made up"


@dataclass(frozen=True, slots=True)
class DemoUseCase:
    """One use case of the demo: a template, how often it is called, and its model."""

    function: str
    name: str
    template: str
    calls_month: int
    # The first of these that is on sale; models come and go.
    models: tuple[str, ...]
    cached_share: float | None = None


_GPT: Final = ("openai/gpt-4o", "openai/gpt-4.1", "openai/gpt-5")
_CLAUDE: Final = ("anthropic/claude-sonnet-4", "anthropic/claude-sonnet-4-5")
_GEMINI: Final = ("google/gemini-2.5-pro", "google/gemini-3-pro-preview")
DEMO: Final = (
    DemoUseCase("Support", "Answer customers", "support-chatbot", 100_000, _GPT, 0.4),
    DemoUseCase("Support", "Sort tickets", "classifier", 240_000, _GPT),
    DemoUseCase("Shop", "Search the handbook", "rag-search", 45_000, _CLAUDE),
    DemoUseCase("Shop", "Summarize reviews", "summarizer", 18_000, _GEMINI),
    DemoUseCase("Engineering", "Help developers", "code-assistant", 12_000, _CLAUDE),
    DemoUseCase("Operations", "Reorder stock", "agent", 30_000, _GPT, 0.6),
)


@transaction.atomic
def load_demo() -> Product:
    """Make the demo portfolio; the one that is there already, where there is one."""
    lock_organization()
    there = Product.objects.filter(is_demo=True).first()
    if there:
        return there
    models = _models()
    wanted = NewProduct(
        name=_free_name(),
        description="A made-up shop, to look around with. Remove it whenever you like.",
        category=Product.Category.CHATBOT,
        is_demo=True,
    )
    product = create_product(wanted)
    functions: dict[str, Function] = {}
    made = [_add(product, functions, one, models[one.models]) for one in DEMO]
    rescore(use_case.id for use_case in made)
    record(
        "demo.loaded", subject="product", subject_id=product.id, after={"name": NAME}
    )
    return product


@transaction.atomic
def remove_demo() -> int:
    """Take the demo portfolio out again; returns how many use cases went."""
    lock_organization()
    products = list(Product.objects.filter(is_demo=True))
    count = UseCase.objects.filter(function__product__in=products).count()
    for product in products:
        before = {"name": product.name}
        record("demo.removed", subject="product", subject_id=product.id, before=before)
        product.delete()
    return count


def _add(
    product: Product, functions: dict[str, Function], one: DemoUseCase, model: AIModel
) -> UseCase:
    template = BY_SLUG[one.template]
    function = functions.get(one.function)
    if function is None:
        function = Function.objects.create(
            product=product,
            name=one.function,
            quality_need=template.quality_need,
            latency_need_ms=template.latency_need_ms,
        )
        functions[one.function] = function
    fields = {
        **template.fields(),
        "calls_month": one.calls_month,
        "input_tokens": template.input_tokens,
        "output_tokens": template.output_tokens,
        "cached_share": one.cached_share,
        "volume_origin": VolumeOrigin.DEMO,
        "volume_note": NOTE,
    }
    return add_use_case(function, NewUseCase(one.name, template.task, model, fields))


def _models() -> dict[Sequence[str], AIModel]:
    """A model on sale for each list of wishes; any other where none of them is."""
    wishes = {one.models for one in DEMO}
    on_sale = AIModel.objects.filter(
        kind=AIModel.Kind.CHAT,
        status=AIModel.Status.ACTIVE,
        headline__input_usd__gt=0,
        headline__output_usd__gt=0,
    )
    slugs = [slug for wish in wishes for slug in wish]
    known = {model.slug: model for model in on_sale.filter(slug__in=slugs)}
    spare = None
    if not all(any(slug in known for slug in wish) for wish in wishes):
        spare = on_sale.order_by("-headline__output_usd", "slug").first()
        if spare is None:
            raise ConflictError("The catalog has no model with a price yet.")
    found: dict[Sequence[str], AIModel] = {}
    for wish in wishes:
        model = next((known[slug] for slug in wish if slug in known), spare)
        if model:
            found[wish] = model
    return found


def _free_name() -> str:
    names = [NAME, *(f"{NAME} {number}" for number in range(2, 20))]
    taken = {name.lower() for name in Product.objects.values_list("name", flat=True)}
    return next(name for name in names if name.lower() not in taken)
