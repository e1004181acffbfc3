"""Pages of the customer's stack: products, functions, use cases, imports."""

from django.urls import path

from apps.portfolio import import_views, start_views, use_case_views, views

app_name = "portfolio"
urlpatterns = [
    path("portfolio/", views.home, name="home"),
    path("portfolio/demo/", views.demo_portfolio, name="demo"),
    path("portfolio/start/", start_views.quick_start, name="quick-start"),
    path(
        "portfolio/start/<uuid:use_case_id>/", start_views.insight, name="first-insight"
    ),
    path("portfolio/products/new/", views.new_product, name="new-product"),
    path("portfolio/products/<uuid:product_id>/", views.product, name="product"),
    path(
        "portfolio/products/<uuid:product_id>/edit/",
        views.edit_product,
        name="edit-product",
    ),
    path(
        "portfolio/products/<uuid:product_id>/status/",
        views.set_status,
        name="product-status",
    ),
    path(
        "portfolio/products/<uuid:product_id>/delete/",
        views.delete_product,
        name="delete-product",
    ),
    path(
        "portfolio/products/<uuid:product_id>/functions/new/",
        views.new_function,
        name="new-function",
    ),
    path(
        "portfolio/functions/<uuid:function_id>/", views.edit_function, name="function"
    ),
    path(
        "portfolio/functions/<uuid:function_id>/delete/",
        views.delete_function,
        name="delete-function",
    ),
    path("portfolio/use-cases/new/", use_case_views.new_use_case, name="new-use-case"),
    path(
        "portfolio/use-cases/<uuid:use_case_id>/",
        use_case_views.use_case,
        name="use-case",
    ),
    path(
        "portfolio/use-cases/<uuid:use_case_id>/edit/",
        use_case_views.edit_use_case,
        name="edit-use-case",
    ),
    path(
        "portfolio/use-cases/<uuid:use_case_id>/delete/",
        use_case_views.delete_use_case,
        name="delete-use-case",
    ),
    path(
        "portfolio/use-cases/<uuid:use_case_id>/alias/",
        use_case_views.set_alias,
        name="use-case-alias",
    ),
    path("portfolio/import/", import_views.import_page, name="import"),
    path("portfolio/import/traffic/", import_views.from_traffic, name="import-traffic"),
    path(
        "portfolio/import/<uuid:import_id>/",
        import_views.import_preview,
        name="import-preview",
    ),
    path(
        "portfolio/import/<uuid:import_id>/discard/",
        import_views.discard,
        name="discard-import",
    ),
]
