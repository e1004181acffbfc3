"""The API of switches and savings, below `/api/v1/`."""

from django.urls import path

from apps.savings.api import SavingsView, SwitchActView, SwitchesView, SwitchView

urlpatterns = [
    path("savings", SavingsView.as_view(), name="api-savings"),
    path("switches", SwitchesView.as_view(), name="api-switches"),
    path("switches/<uuid:switch_id>", SwitchView.as_view(), name="api-switch"),
    path(
        "switches/<uuid:switch_id>/<slug:act>",
        SwitchActView.as_view(),
        name="api-switch-act",
    ),
]
