"""The addresses of products, functions, use cases and imports: see `addresses.py`."""

from typing import Final

from apps.portfolio.forms import FunctionForm, ProductForm, UseCaseForm
from apps.portfolio.serializers import (
    FunctionChangeSerializer,
    NewUseCaseSerializer,
    UseCaseChangeSerializer,
)
from tests.fences.rules import LEADERS, MEMBERS, WORKERS, Rule

KEY: Final = frozenset({"portfolio:manage"})
ALIAS_KEY: Final = frozenset({"aliases:manage"})
PRODUCT_FIELDS: Final = frozenset(ProductForm.base_fields)
FUNCTION_FIELDS: Final = frozenset(FunctionForm.base_fields)
USE_CASE_FIELDS: Final = frozenset(UseCaseForm.base_fields)
NEW_PRODUCT: Final = {"name": "Shop", "category": "agent", "status": "active"}
NEW_FUNCTION: Final = {"name": "Search", "priority": "low", "quality_need": "good"}
NEW_USE_CASE: Final = {
    "name": "Answer",
    "task": "chat",
    "current_model": "portfolio-house/portfolio-model",
}
USE_CASE_FORM: Final = {**NEW_USE_CASE, "required_context": "4096"}
EXPORT: Final = (
    "date,model_permaslug,requests,prompt_tokens,completion_tokens,usage\n"
    "2026-11-01,portfolio-house/portfolio-model,10,1000,500,0.5\n"
)
START: Final = {
    "product": "Shop",
    "template": "agent",
    "current_model": NEW_USE_CASE["current_model"],
}
CHOICE: Final = {"number": 0, "action": "skip"}


def _page(route: str, names: str = "") -> dict[str, list[Rule]]:
    """A page that says what goes, and takes the name of it."""
    body = {"confirm": "Named"}
    return {
        route: [
            Rule(WORKERS, names=names),
            Rule(WORKERS, "post", body, names=names),
        ]
    }


PORTFOLIO_RULES: Final[dict[str, list[Rule]]] = {
    "portfolio/": [Rule(MEMBERS)],
    "portfolio/demo/": [Rule(WORKERS, "post", {"action": "remove"})],
    "portfolio/start/": [
        Rule(WORKERS),
        Rule(
            WORKERS,
            "post",
            START,
            accepts=frozenset({"calls_month", "input_tokens", "output_tokens"}),
        ),
    ],
    "portfolio/start/<uuid:use_case_id>/": [Rule(MEMBERS, names="use_case")],
    "portfolio/products/new/": [
        Rule(WORKERS),
        Rule(WORKERS, "post", NEW_PRODUCT, accepts=PRODUCT_FIELDS),
    ],
    "portfolio/products/<uuid:product_id>/": [Rule(MEMBERS, names="product")],
    "portfolio/products/<uuid:product_id>/edit/": [
        Rule(WORKERS, names="product"),
        Rule(WORKERS, "post", NEW_PRODUCT, names="product", accepts=PRODUCT_FIELDS),
    ],
    "portfolio/products/<uuid:product_id>/status/": [
        Rule(WORKERS, "post", {"status": "archived"}, names="product")
    ],
    **_page("portfolio/products/<uuid:product_id>/delete/", "product"),
    "portfolio/products/<uuid:product_id>/functions/new/": [
        Rule(WORKERS, names="product"),
        Rule(WORKERS, "post", NEW_FUNCTION, names="product", accepts=FUNCTION_FIELDS),
    ],
    "portfolio/functions/<uuid:function_id>/": [
        Rule(WORKERS, names="function"),
        Rule(WORKERS, "post", NEW_FUNCTION, names="function", accepts=FUNCTION_FIELDS),
    ],
    **_page("portfolio/functions/<uuid:function_id>/delete/", "function"),
    "portfolio/use-cases/new/": [
        Rule(WORKERS),
        Rule(WORKERS, "post", USE_CASE_FORM, accepts=USE_CASE_FIELDS),
    ],
    "portfolio/use-cases/<uuid:use_case_id>/": [Rule(MEMBERS, names="use_case")],
    "portfolio/use-cases/<uuid:use_case_id>/edit/": [
        Rule(WORKERS, names="use_case"),
        Rule(WORKERS, "post", USE_CASE_FORM, names="use_case", accepts=USE_CASE_FIELDS),
    ],
    **_page("portfolio/use-cases/<uuid:use_case_id>/delete/", "use_case"),
    "portfolio/use-cases/<uuid:use_case_id>/alias/": [
        Rule(
            LEADERS,
            "post",
            {"action": "create"},
            names="use_case",
            accepts=frozenset({"alias"}),
        )
    ],
    "portfolio/import/": [Rule(WORKERS), Rule(WORKERS, "post", {})],
    "portfolio/import/traffic/": [Rule(WORKERS, "post", {})],
    "portfolio/import/<uuid:import_id>/": [
        Rule(WORKERS, names="import"),
        Rule(
            WORKERS,
            "post",
            {"product": "new", "new_product": "Imported", "row-0-action": "skip"},
            names="import",
            accepts=frozenset({"function"}),
        ),
    ],
    "portfolio/import/<uuid:import_id>/discard/": [
        Rule(WORKERS, "post", {}, names="import")
    ],
}
PORTFOLIO_API_RULES: Final[dict[str, list[Rule]]] = {
    "api/v1/portfolio/products": [
        Rule(MEMBERS | KEY),
        Rule(WORKERS | KEY, "post", NEW_PRODUCT, accepts=PRODUCT_FIELDS),
    ],
    "api/v1/portfolio/products/<uuid:product_id>": [
        Rule(MEMBERS | KEY, names="product"),
        Rule(
            WORKERS | KEY,
            "patch",
            {"name": "Shop"},
            names="product",
            accepts=PRODUCT_FIELDS,
        ),
        Rule(WORKERS | KEY, "delete", names="product"),
    ],
    "api/v1/portfolio/functions": [
        Rule(MEMBERS | KEY),
        Rule(
            WORKERS | KEY,
            "post",
            {**NEW_FUNCTION, "product_id": "01993f00-0000-7000-8000-000000000000"},
            accepts=frozenset(FunctionChangeSerializer().fields),
        ),
    ],
    "api/v1/portfolio/functions/<uuid:function_id>": [
        Rule(
            WORKERS | KEY,
            "patch",
            {"name": "Search"},
            names="function",
            accepts=frozenset(FunctionChangeSerializer().fields),
        ),
        Rule(WORKERS | KEY, "delete", names="function"),
    ],
    "api/v1/portfolio/use-cases": [
        Rule(MEMBERS | KEY),
        Rule(
            WORKERS | KEY,
            "post",
            NEW_USE_CASE,
            accepts=frozenset(NewUseCaseSerializer().fields),
        ),
    ],
    "api/v1/portfolio/use-cases/<uuid:use_case_id>": [
        Rule(MEMBERS | KEY, names="use_case"),
        Rule(
            WORKERS | KEY,
            "patch",
            {"calls_month": 5},
            names="use_case",
            accepts=frozenset(UseCaseChangeSerializer().fields),
        ),
        Rule(WORKERS | KEY, "delete", names="use_case"),
    ],
    "api/v1/portfolio/use-cases/<uuid:use_case_id>/alias": [
        Rule(
            LEADERS | ALIAS_KEY,
            "post",
            {},
            names="use_case",
            accepts=frozenset({"alias_id"}),
        ),
        Rule(LEADERS | ALIAS_KEY, "delete", names="use_case"),
    ],
    "api/v1/portfolio/demo": [
        Rule(WORKERS | KEY, "post", {}),
        Rule(WORKERS | KEY, "delete"),
    ],
    "api/v1/portfolio/imports": [
        Rule(MEMBERS | KEY),
        Rule(
            WORKERS | KEY,
            "post",
            {"content": EXPORT},
            accepts=frozenset({"file_name", "leave_out_bad", "traffic"}),
        ),
    ],
    "api/v1/portfolio/imports/<uuid:import_id>": [
        Rule(MEMBERS | KEY, names="import"),
        Rule(WORKERS | KEY, "delete", names="import"),
    ],
    "api/v1/portfolio/imports/<uuid:import_id>/confirm": [
        Rule(
            WORKERS | KEY,
            "post",
            {"new_product": "Imported", "choices": [CHOICE]},
            names="import",
            accepts=frozenset({"product_id", "function"}),
        )
    ],
}
