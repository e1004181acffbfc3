"""Pages."""

from django.urls import path

from apps.router import (
    alias_views,
    budget_views,
    cache_views,
    connect_views,
    experiment_views,
    health_views,
    invoice_views,
    playground,
    policy_views,
    run_views,
    usage_views,
    views,
)

app_name = "router"
urlpatterns = [
    path("requests/", views.requests, name="requests"),
    path("requests/<uuid:code>/", views.request_log, name="request"),
    path("budgets/", budget_views.budgets, name="budgets"),
    path("budgets/limits/", budget_views.set_limits, name="set-limits"),
    path("budgets/<uuid:budget_id>/", budget_views.change_budget, name="budget"),
    path(
        "budgets/<uuid:budget_id>/delete/",
        budget_views.delete_budget,
        name="delete-budget",
    ),
    path("router/aliases/", alias_views.aliases, name="aliases"),
    path("router/aliases/new/", alias_views.new_alias, name="new-alias"),
    path("router/aliases/preview/", alias_views.preview_rules, name="preview-alias"),
    path("router/aliases/restore/", alias_views.restore_alias, name="restore-alias"),
    path("router/aliases/<uuid:alias_id>/", alias_views.alias, name="alias"),
    path(
        "router/aliases/<uuid:alias_id>/pause/",
        alias_views.pause_alias,
        name="pause-alias",
    ),
    path(
        "router/aliases/<uuid:alias_id>/delete/",
        alias_views.delete_alias,
        name="delete-alias",
    ),
    path("router/cache/", cache_views.cache, name="cache"),
    path("router/cache/clear/", cache_views.clear_cache, name="clear-cache"),
    path("router/cache/keys/<uuid:key_id>/", cache_views.cache_key, name="cache-key"),
    path("router/experiments/", experiment_views.experiment_list, name="experiments"),
    path(
        "router/experiments/new/",
        experiment_views.new_experiment,
        name="new-experiment",
    ),
    path(
        "router/experiments/<uuid:experiment_id>/",
        experiment_views.experiment,
        name="experiment",
    ),
    path(
        "router/experiments/<uuid:experiment_id>/<slug:act>/",
        experiment_views.change_experiment,
        name="change-experiment",
    ),
    path("router/policy/", policy_views.policy, name="policy"),
    path("router/policy/preview/", policy_views.preview_change, name="preview-policy"),
    path("playground/", playground.playground, name="playground"),
    path("playground/run/", playground.run, name="playground-run"),
    path("router/usage/", usage_views.usage_page, name="usage"),
    path("router/usage.csv", usage_views.usage_download, name="usage-csv"),
    path("router/runs/", run_views.runs, name="runs"),
    path("router/runs/<str:run_id>/", run_views.run, name="run"),
    path("router/health/", health_views.health, name="health"),
    path("router/connect/", connect_views.connect, name="connect"),
    path("router/reconcile/", invoice_views.reconcile, name="reconcile"),
    path("router/reconcile/<uuid:invoice_id>/", invoice_views.invoice, name="invoice"),
    path(
        "router/reconcile/<uuid:invoice_id>/report.csv",
        invoice_views.invoice_download,
        name="invoice-csv",
    ),
    path(
        "router/reconcile/<uuid:invoice_id>/keep/",
        invoice_views.keep_invoice,
        name="keep-invoice",
    ),
    path(
        "router/reconcile/<uuid:invoice_id>/again/",
        invoice_views.compare_again,
        name="compare-invoice",
    ),
    path(
        "router/reconcile/<uuid:invoice_id>/delete/",
        invoice_views.delete_invoice,
        name="delete-invoice",
    ),
]
