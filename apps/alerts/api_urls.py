"""The API of alerts, below `/api/v1/`."""

from django.urls import path

from apps.alerts.api import AlertsReadView, AlertsView
from apps.alerts.rule_api import RulePreviewView, RulesView, RuleView
from apps.alerts.webhook_api import (
    DeliveriesView,
    ResendView,
    WebhookSecretView,
    WebhooksView,
    WebhookTestView,
    WebhookView,
)

urlpatterns = [
    path("alerts", AlertsView.as_view(), name="api-alerts"),
    path("alerts/read", AlertsReadView.as_view(), name="api-alerts-read"),
    path("alerts/rules", RulesView.as_view(), name="api-alert-rules"),
    path(
        "alerts/rules/preview", RulePreviewView.as_view(), name="api-alert-rule-preview"
    ),
    path("alerts/rules/<uuid:rule_id>", RuleView.as_view(), name="api-alert-rule"),
    path("webhooks", WebhooksView.as_view(), name="api-webhooks"),
    path("webhooks/<uuid:channel_id>", WebhookView.as_view(), name="api-webhook"),
    path(
        "webhooks/<uuid:channel_id>/secret",
        WebhookSecretView.as_view(),
        name="api-webhook-secret",
    ),
    path(
        "webhooks/<uuid:channel_id>/test",
        WebhookTestView.as_view(),
        name="api-webhook-test",
    ),
    path(
        "webhooks/<uuid:channel_id>/deliveries",
        DeliveriesView.as_view(),
        name="api-webhook-deliveries",
    ),
    path(
        "webhooks/deliveries/<uuid:delivery_id>/resend",
        ResendView.as_view(),
        name="api-webhook-resend",
    ),
]
