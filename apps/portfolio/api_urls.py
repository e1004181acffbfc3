"""The API of the portfolio, below `/api/v1/`."""

from django.urls import path

from apps.portfolio.api import (
    DemoView,
    FunctionsView,
    FunctionView,
    ProductsView,
    ProductView,
    UseCaseAliasView,
    UseCasesView,
    UseCaseView,
)
from apps.portfolio.import_api import ImportConfirmView, ImportsView, ImportView

urlpatterns = [
    path("portfolio/products", ProductsView.as_view(), name="api-products"),
    path(
        "portfolio/products/<uuid:product_id>",
        ProductView.as_view(),
        name="api-product",
    ),
    path("portfolio/functions", FunctionsView.as_view(), name="api-functions"),
    path(
        "portfolio/functions/<uuid:function_id>",
        FunctionView.as_view(),
        name="api-function",
    ),
    path("portfolio/use-cases", UseCasesView.as_view(), name="api-use-cases"),
    path(
        "portfolio/use-cases/<uuid:use_case_id>",
        UseCaseView.as_view(),
        name="api-use-case",
    ),
    path(
        "portfolio/use-cases/<uuid:use_case_id>/alias",
        UseCaseAliasView.as_view(),
        name="api-use-case-alias",
    ),
    path("portfolio/demo", DemoView.as_view(), name="api-demo"),
    path("portfolio/imports", ImportsView.as_view(), name="api-imports"),
    path("portfolio/imports/<uuid:import_id>", ImportView.as_view(), name="api-import"),
    path(
        "portfolio/imports/<uuid:import_id>/confirm",
        ImportConfirmView.as_view(),
        name="api-import-confirm",
    ),
]
