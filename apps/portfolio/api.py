"""The control plane of products, functions and use cases, below `/api/v1/`."""

from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.authentication import (
    Allowed,
    APIKeyAuthentication,
    MemberAuthentication,
)
from apps.portfolio import aliasing, demo, services
from apps.portfolio.fields import model_named, provider_named
from apps.portfolio.lines import Tree, UseCaseLine, lines_of, trees
from apps.portfolio.models import UseCase
from apps.portfolio.queries import functions, get_product, get_use_case, use_cases
from apps.portfolio.serializers import (
    AliasAnswerSerializer,
    AliasOfSerializer,
    FunctionChangeSerializer,
    FunctionListSerializer,
    FunctionSerializer,
    NewFunctionSerializer,
    NewProductSerializer,
    NewUseCaseSerializer,
    ProductChangeSerializer,
    ProductListSerializer,
    ProductSerializer,
    UseCaseChangeSerializer,
    UseCaseListSerializer,
    UseCaseSerializer,
)

CONTROL_PLANE = (APIKeyAuthentication, MemberAuthentication)
SCOPE = "portfolio:manage"
READ, MANAGE = "portfolio.read", "portfolio.manage"


class ProductsView(APIView):
    """`/api/v1/portfolio/products`: list and create."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"GET": READ, "POST": MANAGE}

    @extend_schema(operation_id="list_products", responses=ProductListSerializer)
    def get(self, request: Request) -> Response:
        """Every product, with what its use cases cost a month."""
        shown = [_product(tree) for tree in trees()]
        return Response({"data": ProductSerializer(shown, many=True).data})

    @extend_schema(
        operation_id="create_product",
        request=NewProductSerializer,
        responses={201: ProductSerializer},
    )
    def post(self, request: Request) -> Response:
        """Make a product; 402 when the plan has no room for it."""
        asked = NewProductSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        made = services.create_product(services.NewProduct(**asked.validated_data))
        return _product_answer(made.id, status=status.HTTP_201_CREATED)


class ProductView(APIView):
    """`/api/v1/portfolio/products/{id}`: read, change, delete."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"GET": READ, "PATCH": MANAGE, "DELETE": MANAGE}

    @extend_schema(operation_id="read_product", responses=ProductSerializer)
    def get(self, request: Request, product_id: UUID) -> Response:
        return _product_answer(product_id)

    @extend_schema(
        operation_id="change_product",
        request=ProductChangeSerializer,
        responses=ProductSerializer,
    )
    def patch(self, request: Request, product_id: UUID) -> Response:
        """Change what is given; `status: archived` takes it out of the advisor's
        sight and of the plan's count.
        """
        asked = ProductChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        services.change_product(product_id, asked.validated_data)
        return _product_answer(product_id)

    @extend_schema(operation_id="delete_product", responses={204: None})
    def delete(self, request: Request, product_id: UUID) -> Response:
        """End it with its functions and use cases; booked savings stay."""
        services.delete_product(product_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class FunctionsView(APIView):
    """`/api/v1/portfolio/functions`: list and create."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"GET": READ, "POST": MANAGE}

    @extend_schema(operation_id="list_functions", responses=FunctionListSerializer)
    def get(self, request: Request) -> Response:
        return Response({"data": FunctionSerializer(functions(), many=True).data})

    @extend_schema(
        operation_id="create_function",
        request=NewFunctionSerializer,
        responses={201: FunctionSerializer},
    )
    def post(self, request: Request) -> Response:
        """Make a function of a product; 402 when the plan has no room for it."""
        asked = NewFunctionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        data = dict(asked.validated_data)
        product_id = data.pop("product_id")
        made = services.create_function(product_id, services.NewFunction(**data))
        return _function_answer(made.id, product_id, status=status.HTTP_201_CREATED)


class FunctionView(APIView):
    """`/api/v1/portfolio/functions/{id}`: change and delete."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"PATCH": MANAGE, "DELETE": MANAGE}

    @extend_schema(
        operation_id="change_function",
        request=FunctionChangeSerializer,
        responses=FunctionSerializer,
    )
    def patch(self, request: Request, function_id: UUID) -> Response:
        """Change what is given."""
        asked = FunctionChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        changed = services.change_function(function_id, asked.validated_data)
        return _function_answer(function_id, changed.product_id)

    @extend_schema(operation_id="delete_function", responses={204: None})
    def delete(self, request: Request, function_id: UUID) -> Response:
        """End it with its use cases; booked savings stay."""
        services.delete_function(function_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class UseCasesView(APIView):
    """`/api/v1/portfolio/use-cases`: list and create."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"GET": READ, "POST": MANAGE}

    @extend_schema(operation_id="list_use_cases", responses=UseCaseListSerializer)
    def get(self, request: Request) -> Response:
        """Every use case, with its volume and its cost a month."""
        shown = [use_case_body(line) for line in lines_of(use_cases(all_products=True))]
        return Response({"data": UseCaseSerializer(shown, many=True).data})

    @extend_schema(
        operation_id="create_use_case",
        request=NewUseCaseSerializer,
        responses={201: UseCaseSerializer},
    )
    def post(self, request: Request) -> Response:
        """Make a use case of a function, or of a product's usual function."""
        asked = NewUseCaseSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        data = _named(asked.validated_data)
        place = {name: data.pop(name, None) for name in ("product_id", "function_id")}
        first = {name: data.pop(name) for name in ("name", "task", "current_model")}
        wanted = services.NewUseCase(**first, fields=data)
        made = services.create_use_case(wanted, **place)
        return _use_case_answer(made.id, status=status.HTTP_201_CREATED)


class UseCaseView(APIView):
    """`/api/v1/portfolio/use-cases/{id}`: read, change, delete."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"GET": READ, "PATCH": MANAGE, "DELETE": MANAGE}

    @extend_schema(operation_id="read_use_case", responses=UseCaseSerializer)
    def get(self, request: Request, use_case_id: UUID) -> Response:
        return _use_case_answer(use_case_id)

    @extend_schema(
        operation_id="change_use_case",
        request=UseCaseChangeSerializer,
        responses=UseCaseSerializer,
    )
    def patch(self, request: Request, use_case_id: UUID) -> Response:
        """Change what is given; typed tokens take the place of a template's."""
        asked = UseCaseChangeSerializer(data=request.data, partial=True)
        asked.is_valid(raise_exception=True)
        services.change_use_case(use_case_id, _named(asked.validated_data))
        return _use_case_answer(use_case_id)

    @extend_schema(operation_id="delete_use_case", responses={204: None})
    def delete(self, request: Request, use_case_id: UUID) -> Response:
        """End it; its alias answers on, and booked savings stay."""
        services.delete_use_case(use_case_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class UseCaseAliasView(APIView):
    """`/api/v1/portfolio/use-cases/{id}/alias`: give it one, take it away.

    An alias decides where prompts go, so this needs what aliases need.
    """

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = "aliases:manage"
    actions = {"POST": "policy.manage", "DELETE": "policy.manage"}

    @extend_schema(
        operation_id="give_use_case_alias",
        request=AliasOfSerializer,
        responses={201: AliasAnswerSerializer},
    )
    def post(self, request: Request, use_case_id: UUID) -> Response:
        """Make `uc/<name>` for it, or attach the alias that is named."""
        asked = AliasOfSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        alias_id = asked.validated_data.get("alias_id")
        if alias_id:
            alias = aliasing.attach_alias(use_case_id, alias_id)
        else:
            alias = aliasing.create_alias_for(use_case_id)
        body = AliasAnswerSerializer(alias).data
        return Response(body, status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="take_use_case_alias", responses={204: None})
    def delete(self, request: Request, use_case_id: UUID) -> Response:
        """Detach it; the alias itself stays and answers on."""
        aliasing.detach_alias(use_case_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class DemoView(APIView):
    """`/api/v1/portfolio/demo`: load and remove the demo portfolio."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"POST": MANAGE, "DELETE": MANAGE}

    @extend_schema(
        operation_id="load_demo", request=None, responses={200: ProductSerializer}
    )
    def post(self, request: Request) -> Response:
        """Load it; the one that is there already, where there is one."""
        return _product_answer(demo.load_demo().id)

    @extend_schema(operation_id="remove_demo", responses={204: None})
    def delete(self, request: Request) -> Response:
        """Remove it, and nothing else."""
        demo.remove_demo()
        return Response(status=status.HTTP_204_NO_CONTENT)


def use_case_body(line: UseCaseLine) -> dict[str, Any]:
    """A use case as the API tells it."""
    one: UseCase = line.use_case
    own = ("id", "function_id", "name", "description", "task", "needs")
    more = ("required_context", "capabilities", "parameters")
    provider = one.current_provider
    return {
        **{name: getattr(one, name) for name in (*own, *more)},
        "product_id": one.function.product_id,
        "current_model": one.current_model.slug,
        "current_provider": provider.slug if provider else None,
        "alias": one.alias.name if one.alias else None,
        "volume": line.volume,
        "cost_month": line.cost.usd,
        "price": line.cost.price,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
    }


def _named(data: Any) -> dict[str, Any]:
    """A body's fields with models and providers in place of their ids."""
    fields = dict(data)
    if "current_model" in fields:
        fields["current_model"] = model_named(fields["current_model"])
    if "current_provider" in fields:
        fields["current_provider"] = provider_named(fields["current_provider"] or "")
    return fields


def _product(tree: Tree) -> dict[str, Any]:
    names = ("id", "name", "description", "category", "status", "is_demo")
    moments = ("created_at", "updated_at")
    return {
        **{name: getattr(tree.product, name) for name in (*names, *moments)},
        "functions": len(tree.branches),
        "use_cases": len(tree.lines),
        "cost_month": tree.month_usd,
        "not_assessed": tree.unknown,
    }


def _product_answer(product_id: UUID, *, status: int = status.HTTP_200_OK) -> Response:
    [tree] = trees([get_product(product_id)])
    body = cast("Any", ProductSerializer(_product(tree)).data)
    return Response(body, status=status)


def _function_answer(
    function_id: UUID, product_id: UUID, *, status: int = status.HTTP_200_OK
) -> Response:
    found = next(one for one in functions(product_id) if one.id == function_id)
    return Response(cast("Any", FunctionSerializer(found).data), status=status)


def _use_case_answer(
    use_case_id: UUID, *, status: int = status.HTTP_200_OK
) -> Response:
    [line] = lines_of([get_use_case(use_case_id)])
    body = cast("Any", UseCaseSerializer(use_case_body(line)).data)
    return Response(body, status=status)
