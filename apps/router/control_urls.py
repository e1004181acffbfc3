"""The control plane of the router, below `/api/v1/`."""

from django.urls import path

from apps.router.budget_api import BudgetsView, BudgetView, LimitsView

urlpatterns = [
    path("budgets", BudgetsView.as_view(), name="api-budgets"),
    path("budgets/<uuid:budget_id>", BudgetView.as_view(), name="api-budget"),
    path("limits", LimitsView.as_view(), name="api-limits"),
]
