"""The control plane of the router, below `/api/v1/`."""

from django.urls import path

from apps.router.alias_api import (
    AliasesView,
    AliasPreviewView,
    AliasView,
    PolicyPreviewView,
    PolicyView,
)
from apps.router.budget_api import BudgetsView, BudgetView, LimitsView
from apps.router.cache_views import CacheView
from apps.router.experiment_api import (
    ExperimentActView,
    ExperimentsView,
    ExperimentView,
)
from apps.router.invoice_api import InvoicesView, InvoiceView

urlpatterns = [
    path("budgets", BudgetsView.as_view(), name="api-budgets"),
    path("budgets/<uuid:budget_id>", BudgetView.as_view(), name="api-budget"),
    path("aliases", AliasesView.as_view(), name="api-aliases"),
    path("aliases/preview", AliasPreviewView.as_view(), name="api-alias-preview"),
    path("aliases/<uuid:alias_id>", AliasView.as_view(), name="api-alias"),
    path("policy", PolicyView.as_view(), name="api-policy"),
    path("policy/preview", PolicyPreviewView.as_view(), name="api-policy-preview"),
    path("invoices", InvoicesView.as_view(), name="api-invoices"),
    path("invoices/<uuid:invoice_id>", InvoiceView.as_view(), name="api-invoice"),
    path("cache", CacheView.as_view(), name="api-cache"),
    path("experiments", ExperimentsView.as_view(), name="api-experiments"),
    path(
        "experiments/<uuid:experiment_id>",
        ExperimentView.as_view(),
        name="api-experiment",
    ),
    path(
        "experiments/<uuid:experiment_id>/<slug:act>",
        ExperimentActView.as_view(),
        name="api-experiment-act",
    ),
    path("limits", LimitsView.as_view(), name="api-limits"),
]
