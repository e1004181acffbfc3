"""The API of opportunities, below `/api/v1/`."""

from django.urls import path

from apps.opportunities.api import (
    DismissView,
    OpportunitiesView,
    OpportunityView,
    RestoreView,
    SnoozeView,
)

ONE = "opportunities/<uuid:opportunity_id>"
urlpatterns = [
    path("opportunities", OpportunitiesView.as_view(), name="api-opportunities"),
    path(ONE, OpportunityView.as_view(), name="api-opportunity"),
    path(f"{ONE}/dismiss", DismissView.as_view(), name="api-opportunity-dismiss"),
    path(f"{ONE}/snooze", SnoozeView.as_view(), name="api-opportunity-snooze"),
    path(f"{ONE}/restore", RestoreView.as_view(), name="api-opportunity-restore"),
]
