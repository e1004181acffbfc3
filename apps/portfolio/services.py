"""Writes of products, functions and use cases.

What counts towards the plan is counted under the organization's lock, so two requests
at once cannot pass a limit. Whatever the advisor reads is told to it in the same
transaction (`opportunities.rescore`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, models, transaction

from apps.accounts.member_services import lock_organization
from apps.audit.services import record
from apps.catalog.models import AIModel, Provider
from apps.jobs.outbox import post
from apps.kit.errors import ConflictError, NotFoundError, ValidationError
from apps.portfolio.going import going_with
from apps.portfolio.limits import require_place
from apps.portfolio.models import Function, Product, UseCase, VolumeOrigin
from apps.portfolio.queries import get_use_case
from apps.tenancy.scope import require_org_id

RESCORE: Final = "opportunities.rescore"
# More are no portfolio but a mistake of a program.
MOST_USE_CASES: Final = 10_000
# The function of a product whose owner does not care for functions.
USUAL_FUNCTION: Final = "General"
# What the advisor reads of a use case; a new name alone moves nothing.
SCORED: Final = frozenset(
    {
        *("task", "current_model", "current_provider", "needs", "required_context"),
        *("capabilities", "parameters", "calls_month", "input_tokens"),
        *("output_tokens", "cached_share", "alias"),
    }
)
VOLUME: Final = ("calls_month", "input_tokens", "output_tokens", "cached_share")


@dataclass(frozen=True)
class NewProduct:
    """What a new product shall be."""

    name: str
    description: str = ""
    category: str = Product.Category.OTHER
    status: str = Product.Status.ACTIVE
    is_demo: bool = False


@dataclass(frozen=True)
class NewFunction:
    """What a new function of a product shall be."""

    name: str
    priority: str = Function.Priority.MEDIUM
    latency_need_ms: int | None = None
    quality_need: str = Function.QualityNeed.GOOD


@dataclass(frozen=True)
class NewUseCase:
    """What a new use case shall be; what is left out of `fields` is as usual."""

    name: str
    task: str
    current_model: AIModel
    fields: Mapping[str, Any]


@transaction.atomic
def create_product(wanted: NewProduct) -> Product:
    """A product; raises QuotaExceededError when the plan has no room for it."""
    lock_organization()
    if not wanted.is_demo and wanted.status != Product.Status.ARCHIVED:
        require_place("products")
    product = Product(**vars(wanted))
    _insert(product, "product")
    return product


@transaction.atomic
def change_product(product_id: UUID, changes: Mapping[str, Any]) -> Product:
    """Set what `changes` names; to take up an archived product needs a place again."""
    lock_organization()
    product = _locked(Product, product_id)
    was = product.status
    status = changes.get("status", was)
    if was == Product.Status.ARCHIVED != status and not product.is_demo:
        require_place("products")
        require_place("functions", more=product.functions.count())
    _update(product, changes)
    if status != was:
        rescore(_use_cases_in(function__product_id=product_id))
    return product


@transaction.atomic
def create_function(product_id: UUID, wanted: NewFunction) -> Function:
    """A function of a product; raises QuotaExceededError without a place for it."""
    lock_organization()
    product = _locked(Product, product_id)
    _refuse_demo(product)
    return _add_function(product, wanted)


@transaction.atomic
def change_function(function_id: UUID, changes: Mapping[str, Any]) -> Function:
    """Set what `changes` names."""
    function = _locked(Function, function_id)
    _update(function, changes)
    if set(changes) - {"name"}:
        rescore(_use_cases_in(function_id=function_id))
    return function


@transaction.atomic
def create_use_case(
    wanted: NewUseCase,
    *,
    product_id: UUID | None = None,
    function_id: UUID | None = None,
) -> UseCase:
    """A use case of a function; of a product alone, its usual function is made."""
    lock_organization()
    if UseCase.objects.count() >= MOST_USE_CASES:
        raise ValidationError(f"There are {MOST_USE_CASES:,} use cases already.")
    if function_id is not None:
        function = _locked(Function, function_id)
        _refuse_demo(_locked(Product, function.product_id))
    elif product_id is not None:
        product = _locked(Product, product_id)
        _refuse_demo(product)
        function = _usual_function(product)
    else:
        raise ValidationError("Say which product it belongs to.", param="product_id")
    made = add_use_case(function, wanted)
    rescore([made.id])
    return made


@transaction.atomic
def create_in(product_id: UUID, function: str, wanted: NewUseCase) -> UseCase:
    """A use case of a product's function of this name, which is made where need be."""
    found = function_of(product_id, function)
    return create_use_case(wanted, function_id=found.id)


def add_use_case(function: Function, wanted: NewUseCase) -> UseCase:
    """A use case of a function of this transaction; limits were seen to.

    The caller tells the advisor (`rescore`), of many at once in one message.
    """
    use_case = UseCase(
        function=function,
        name=wanted.name,
        task=wanted.task,
        current_model=wanted.current_model,
        **wanted.fields,
    )
    _insert(use_case, "use_case")
    return use_case


@transaction.atomic
def function_of(product_id: UUID, name: str) -> Function:
    """A function of this name, with "" the usual one; made where there is none."""
    lock_organization()
    product = _locked(Product, product_id)
    _refuse_demo(product)
    if not name:
        return _usual_function(product)
    found = product.functions.filter(name__iexact=name).first()
    return found or _add_function(product, NewFunction(name))


@transaction.atomic
def change_use_case(
    use_case_id: UUID, changes: Mapping[str, Any], *, function: str | None = None
) -> UseCase:
    """Set what `changes` names; typed tokens are the customer's from then on.

    `function` moves it to the function of this name in its product.
    """
    if function is not None:
        product_id = get_use_case(use_case_id).function.product_id
        changes = {**changes, "function_id": function_of(product_id, function).id}
    use_case = _locked(UseCase, use_case_id)
    if "function_id" in changes and changes["function_id"] != use_case.function_id:
        for function_id in (use_case.function_id, changes["function_id"]):
            _refuse_demo(_locked(Product, _locked(Function, function_id).product_id))
    changed = {
        name: value
        for name, value in changes.items()
        if getattr(use_case, name) != value
    }
    if set(changed) & set(VOLUME) and "volume_origin" not in changed:
        changed |= _origin_after(use_case, changed)
    if changed:
        _update(use_case, changed)
    if set(changed) & SCORED or "function_id" in changed:
        rescore([use_case_id])
    return get_use_case(use_case_id)


def set_current_model(
    use_case: UseCase, model: AIModel, provider: Provider | None = None
) -> UseCase:
    """Note which model does the work from now on, and at whom."""
    changes = {"current_model": model, "current_provider": provider}
    return change_use_case(use_case.id, changes)


@transaction.atomic
def delete_product(product_id: UUID) -> None:
    """End a product with its functions and use cases; booked savings stay."""
    _delete(_locked(Product, product_id), "product")


@transaction.atomic
def delete_function(function_id: UUID) -> None:
    """End a function with its use cases; booked savings stay."""
    _delete(_locked(Function, function_id), "function")


@transaction.atomic
def delete_use_case(use_case_id: UUID) -> None:
    """End a use case; its alias answers on, and booked savings stay."""
    _delete(_locked(UseCase, use_case_id), "use_case")


def lock_use_case(use_case_id: UUID) -> None:
    """Wait for the lock of a use case's row; it ends with the transaction."""
    _locked(UseCase, use_case_id)


def rescore(use_case_ids: Iterable[UUID]) -> None:
    """Have the advisor look at these use cases again, after the commit."""
    ids = [str(one) for one in use_case_ids]
    if ids:
        post(RESCORE, {"use_cases": ids}, org_id=require_org_id())


def facts(row: models.Model) -> dict[str, Any]:
    """What the audit log keeps of a row: its own fields, models by their names."""
    kept: dict[str, Any] = {}
    for field in row._meta.concrete_fields:
        if field.name in {"id", "org", "created_at", "updated_at"}:
            continue
        value = getattr(row, field.attname)
        if field.name in {"current_model", "current_provider"}:
            named = getattr(row, field.name)
            value = named.slug if named else None
        kept[field.name] = str(value) if isinstance(value, UUID) else value
    return kept


def _add_function(product: Product, wanted: NewFunction) -> Function:
    if not product.is_demo and product.status != Product.Status.ARCHIVED:
        require_place("functions")
    function = Function(product=product, **vars(wanted))
    _insert(function, "function")
    return function


def _usual_function(product: Product) -> Function:
    """The product's only function, or the one that is made where nobody cares."""
    there = list(product.functions.order_by("created_at")[:2])
    if len(there) == 1:
        return there[0]
    found = product.functions.filter(name__iexact=USUAL_FUNCTION).first()
    return found or _add_function(product, NewFunction(USUAL_FUNCTION))


def _origin_after(use_case: UseCase, changed: Mapping[str, Any]) -> dict[str, Any]:
    """Whose the volume is now: a template's tokens stay its own until they change."""
    is_template = use_case.volume_origin == VolumeOrigin.TEMPLATE
    if is_template and set(changed) & set(VOLUME) <= {"calls_month"}:
        return {}
    return {"volume_origin": VolumeOrigin.PERSON, "volume_note": ""}


def _refuse_demo(product: Product) -> None:
    """The demo goes as it came; what is a customer's own must not go with it."""
    if product.is_demo:
        raise ConflictError(
            "This product belongs to the demo portfolio and goes with it. Create a "
            "product of your own."
        )


def _use_cases_in(**where: UUID) -> list[UUID]:
    return list(UseCase.objects.filter(**where).values_list("id", flat=True))


def _insert(row: models.Model, subject: str) -> None:
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as problem:
        raise _taken(problem) from problem
    record(f"{subject}.created", subject=subject, subject_id=row.pk, after=facts(row))


def _update(row: models.Model, changes: Mapping[str, Any]) -> None:
    subject = {"usecase": "use_case"}.get(
        str(row._meta.model_name), str(row._meta.model_name)
    )
    before = facts(row)
    for name, value in changes.items():
        setattr(row, name, value)
    try:
        with transaction.atomic():
            row.save(update_fields=[*changes, "updated_at"])
    except IntegrityError as problem:
        raise _taken(problem) from problem
    after = facts(row)
    if before != after:
        action = f"{subject}.changed"
        record(action, subject=subject, subject_id=row.pk, before=before, after=after)


def _taken(problem: IntegrityError) -> ValidationError:
    if "alias" in str(problem):
        return ValidationError("Another use case has this alias.", param="alias")
    return ValidationError("There is one of this name already.", param="name")


def _delete(row: models.Model, subject: str) -> None:
    before = {**facts(row), "with": [str(gone) for gone in going_with(row).gone]}
    record(f"{subject}.deleted", subject=subject, subject_id=row.pk, before=before)
    row.delete()


def _locked[M: (Product, Function, UseCase)](table: type[M], row_id: UUID) -> M:
    rows = table.objects.select_for_update(of=("self",))
    if table is UseCase:
        rows = rows.select_related("current_model", "current_provider")
    found = rows.filter(pk=row_id).first()
    if found is None:
        name = {"usecase": "use case"}.get(
            str(table._meta.model_name), str(table._meta.model_name)
        )
        raise NotFoundError(f"There is no such {name}.")
    return found
