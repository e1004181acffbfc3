"""The API of sanity checks, below `/api/v1/`."""

from django.urls import path

from apps.checks.api import (
    CheckAnswersView,
    CheckCancelView,
    CheckStartView,
    ChecksView,
    CheckView,
    CheckVotesView,
)
from apps.checks.set_api import PromptSetsView, PromptSetView

urlpatterns = [
    path("checks", ChecksView.as_view(), name="api-checks"),
    path("checks/<uuid:check_id>", CheckView.as_view(), name="api-check"),
    path(
        "checks/<uuid:check_id>/start",
        CheckStartView.as_view(),
        name="api-check-start",
    ),
    path(
        "checks/<uuid:check_id>/cancel",
        CheckCancelView.as_view(),
        name="api-check-cancel",
    ),
    path(
        "checks/<uuid:check_id>/answers",
        CheckAnswersView.as_view(),
        name="api-check-answers",
    ),
    path(
        "checks/<uuid:check_id>/votes",
        CheckVotesView.as_view(),
        name="api-check-votes",
    ),
    path("prompt-sets", PromptSetsView.as_view(), name="api-prompt-sets"),
    path("prompt-sets/<uuid:set_id>", PromptSetView.as_view(), name="api-prompt-set"),
]
