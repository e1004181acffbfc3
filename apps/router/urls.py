"""Pages."""

from django.urls import path

from apps.router import budget_views, playground, views

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
    path("playground/", playground.playground, name="playground"),
    path("playground/run/", playground.run, name="playground-run"),
]
