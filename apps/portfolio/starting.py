"""The quick start: a product, what it does and its model of today, in one step."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from apps.catalog.models import AIModel
from apps.portfolio.blueprints import Template
from apps.portfolio.models import UseCase, VolumeOrigin
from apps.portfolio.services import (
    NewFunction,
    NewProduct,
    NewUseCase,
    create_function,
    create_product,
    create_use_case,
)


@dataclass(frozen=True)
class Start:
    """What somebody says in the quick start; tokens left out are the template's."""

    product: str
    template: Template
    model: AIModel
    calls_month: int | None
    input_tokens: int | None = None
    output_tokens: int | None = None


@transaction.atomic
def start(said: Start) -> UseCase:
    """Make product, function and use case, all of it or nothing."""
    template = said.template
    product = create_product(NewProduct(said.product, category=template.category))
    function = create_function(
        product.id,
        NewFunction(
            template.function,
            quality_need=template.quality_need,
            latency_need_ms=template.latency_need_ms,
        ),
    )
    wanted = NewUseCase(
        template.use_case,
        template.task,
        said.model,
        {**template.fields(), **_volume(said)},
    )
    return create_use_case(wanted, function_id=function.id)


def _volume(said: Start) -> dict[str, Any]:
    template = said.template
    inputs = said.input_tokens or template.input_tokens
    outputs = said.output_tokens or template.output_tokens
    is_own = (inputs, outputs) != (template.input_tokens, template.output_tokens)
    origin = VolumeOrigin.PERSON if is_own else VolumeOrigin.TEMPLATE
    return {
        "calls_month": said.calls_month,
        "input_tokens": inputs,
        "output_tokens": outputs,
        "volume_origin": origin,
        "volume_note": "" if is_own else template.note,
    }
